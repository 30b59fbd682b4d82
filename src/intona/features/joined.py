"""Several front ends as one: their features one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import ModelError, UsageError
from intona.features.base import FrontEnd
from intona.features.transformer import Transformer


class Joined(Transformer):
    """The features of other front ends, concatenated.

    Args:
        parts: the front ends, or per front end its ``name`` and parameters, as a recipe's
            ``[front_end]`` has them; ``version`` where another one is to be refused.

    Attributes:
        parts: the front ends, in order.

    Raises:
        ModelError: another version of a part than asked for.
        UsageError: no parts, one without a name, or parts that want different sample rates.
        RecipeError: unknown names or parameters.

    Examples:
        >>> halves = [{"name": "classic", "mel": False}, {"name": "classic", "mfcc": False}]
        >>> front_end = Joined(halves)
        >>> len(front_end.names), front_end.names[0], front_end.names[-1]
        (192, '1_classic_mfcc_0', '2_classic_mel_127')
    """

    name = "joined"
    version = 1

    def __init__(self, parts: Sequence[Mapping[str, Any] | FrontEnd]) -> None:
        from intona.features import front_end

        if isinstance(parts, Mapping | str) or not parts:
            raise UsageError("the joined front end needs a list of parts")
        found: list[FrontEnd] = []
        for part in parts:
            if callable(part):
                found.append(part)
                continue
            rest = dict(part) if isinstance(part, Mapping) else {}
            name, version = rest.pop("name", ""), rest.pop("version", None)
            if not name:
                raise UsageError(f"a part of the joined front end has no name: {part}")
            one = front_end(str(name), **rest)
            if version not in (None, one.version):
                raise ModelError(f"this intona has version {one.version} of {name}, not {version}")
            found.append(one)
        rates = {one.rate for one in found}
        if len(rates) > 1:
            raise UsageError(
                "the parts of a joined front end need one sample rate, "
                f"got {' and '.join(sorted(map(str, rates)))}"
            )
        self.parts = tuple(found)
        self.rate: int | None = found[0].rate

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the keyword arguments of the constructor, before any network is loaded."""

        def given(one: FrontEnd) -> Mapping[str, Any]:
            return one.get_params() if isinstance(one, Transformer) else one.parameters

        return {"parts": [{"name": one.name, **given(one)} for one in self.parts]}

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON-able keyword arguments, with the version of each part."""
        return {
            "parts": [
                {"name": one.name, "version": one.version, **one.parameters} for one in self.parts
            ]
        }

    @property
    def recorded(self) -> Mapping[str, Any]:
        """The same for a model file, which holds no paths."""
        return {
            "parts": [
                {
                    "name": one.name,
                    "version": one.version,
                    **getattr(one, "recorded", one.parameters),
                }
                for one in self.parts
            ]
        }

    @cached_property
    def names(self) -> tuple[str, ...]:
        """``1_encoder_layer1_mean_0``: number of the part, its front end, its own name."""
        return tuple(
            f"{number}_{one.name}_{name}"
            for number, one in enumerate(self.parts, 1)
            for name in one.names
        )

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the features of all parts, shape ``(len(names),)``.

        Args:
            samples: mono float32 in [-1, 1], shape ``(n,)``.
            rate: sample rate in Hz.

        Raises:
            AudioError: what any of the parts raises.
        """
        return np.concatenate([one(samples, rate) for one in self.parts]).astype(np.float32)
