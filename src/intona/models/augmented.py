"""Features of changed recordings: training augmentation by the transforms of the audit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from intona.audio.transforms import Bank, Chain, transform
from intona.errors import RecipeError, UsageError
from intona.features.base import FrontEnd
from intona.models.crowd import crowd


@dataclass(eq=False)
class Augmented:
    """A front end that hears every recording changed, always in the same way.

    The chance of a recording follows from its samples, the seed and the copy, so that
    features can be cached.

    Attributes:
        front_end: what is computed.
        steps: name, ``probability`` and parameters of each transform, in order.
        seed: of everything random.
        copy: which copy this is; each is changed differently.
        voices: who babbles, where a step wants it.
        name: the front end's, marked.
        rate: the front end's sample rate.
    """

    front_end: FrontEnd
    steps: tuple[Mapping[str, Any], ...]
    seed: int = 0
    copy: int = 0
    voices: Bank | None = None
    version: int = 1
    name: str = field(init=False)
    rate: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"{self.front_end.name}-augmented"
        self.rate = self.front_end.rate
        self.chain()

    @property
    def parts(self) -> tuple[Augmented, ...]:
        """Of a joined front end, a changed hearing of each part: each is cached for itself."""
        return tuple(replace(self, front_end=part) for part in getattr(self.front_end, "parts", ()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return self.front_end.names

    @property
    def origin(self) -> str:
        """Digest of the source of a front end from outside, for the cache's key."""
        return str(getattr(self.front_end, "origin", ""))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Everything the features depend on, for the cache's key."""
        digest = None
        if self.voices is not None:
            content = b"".join(signal.tobytes() for signal in self.voices.signals)
            digest = hashlib.sha256(content).hexdigest()
        return {
            "front_end": self.front_end.name,
            "version": self.front_end.version,
            "parameters": dict(self.front_end.parameters),
            "steps": [dict(step) for step in self.steps],
            "seed": self.seed,
            "copy": self.copy,
            "voices": digest,
        }

    def chain(self) -> Chain:
        """Return the transforms.

        Raises:
            RecipeError: an unknown transform or parameter.
        """
        steps = []
        for step in self.steps:
            rest = {key: value for key, value in step.items() if key != "name"}
            if step.get("name") == "babble":
                rest.setdefault("bank", self.voices)
            try:
                steps.append(transform(str(step.get("name")), **rest))
            except UsageError as error:
                raise RecipeError(f"augmentation: {error}") from None
        return Chain(tuple(steps))

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the features of the changed samples."""
        entropy = [self.seed, self.copy, crc32(np.ascontiguousarray(samples).tobytes())]
        changed = self.chain()(samples, rate, np.random.default_rng(entropy))
        return self.front_end(changed, rate)


def augmented(
    front_end: FrontEnd, steps: Sequence[Mapping[str, Any]], *, copies: int, seed: int = 0
) -> Iterator[Augmented]:
    """Yield a front end per copy; babble is of :func:`intona.models.crowd.crowd`.

    Args:
        front_end: what is computed.
        steps: the recipe's augmentation.
        copies: how many.
        seed: of everything random.

    Raises:
        RecipeError: an unknown transform or parameter.
    """
    babbled = copies and any(step.get("name") == "babble" for step in steps)
    for copy in range(copies):
        yield Augmented(front_end, tuple(steps), seed, copy, crowd() if babbled else None)
