"""The registry: transforms by name, with parameters fixed or drawn anew at each call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intona import registry
from intona.audio.transforms import codec, edits, filters, noise, room, sounds, tempo
from intona.errors import UsageError, meant

Samples = NDArray[np.float32]


class Transform(Protocol):
    """Anything that changes a signal, and draws all its chance from ``rng``."""

    def __call__(self, samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
        """Return the changed signal.

        Args:
            samples: mono float32, shape ``(n,)``.
            rate: sample rate in Hz.
            rng: the only source of chance.
        """
        ...


_FUNCTIONS: dict[str, Callable[..., Samples]] = {
    each.__name__: each
    for each in (
        edits.append_zeros,
        edits.clip,
        edits.crop_end,
        edits.crop_start,
        edits.dc_offset,
        edits.fit_length,
        edits.gain,
        edits.pad,
        edits.prepend_zeros,
        edits.quantise,
        edits.stereo,
        filters.high_pass,
        filters.low_pass,
        filters.spectral_tilt,
        noise.babble,
        noise.environment,
        noise.pink_noise,
        noise.recorded,
        noise.tone,
        noise.white_noise,
        sounds.cough,
        sounds.music,
        sounds.sneeze,
        codec.codec,
        codec.compress,
        codec.phone,
        room.recorded_room,
        room.room,
        tempo.pitch,
        tempo.speed,
        tempo.stretch,
        tempo.via_rate,
    )
}


def names() -> tuple[str, ...]:
    """Return the names :func:`transform` knows, sorted: built in, and of installed packages."""
    return tuple(sorted({*_FUNCTIONS, *registry.installed("transforms")}))


def function(name: str) -> Callable[..., Samples]:
    """Return the function of a name.

    Raises:
        UsageError: no such name.
        PlugInError: an installed package registers it, and it cannot be loaded.
    """
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    try:
        found: Callable[..., Samples] = registry.plug_in("transforms", name)
    except KeyError:
        known = names()
        raise UsageError(
            f"no transform named {name!r}{meant(name, known)}: there are {', '.join(known)}"
        ) from None
    return found


@dataclass(frozen=True)
class Named:
    """A transform of the registry with its parameters.

    Attributes:
        name: its name in the registry.
        parameters: keyword arguments of the function. A list stands for its elements, one
            of which is drawn at each call; ``{"low": a, "high": b}`` for the numbers between.
        probability: how often it is applied at all.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    probability: float = 1.0

    def __call__(self, samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
        """Draw the parameters and apply the function."""
        if self.probability < 1.0 and rng.random() >= self.probability:
            return samples
        drawn = {key: _draw(value, rng) for key, value in self.parameters.items()}
        return function(self.name)(samples, rate, rng, **drawn)


@dataclass(frozen=True)
class Chain:
    """Transforms one after the other.

    Attributes:
        steps: applied in order; none leaves the signal alone.
    """

    steps: Sequence[Transform] = ()

    def __call__(self, samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
        """Apply the steps in order."""
        for step in self.steps:
            samples = step(samples, rate, rng)
        return samples


def transform(name: str, /, *, probability: float = 1.0, **parameters: Any) -> Named:
    """Return a transform by name.

    Args:
        name: one of :func:`names`.
        probability: how often it is applied; else the signal passes unchanged.
        **parameters: of the function; a list means "one of", ``{"low": a, "high": b}``
            means "uniformly between".

    Raises:
        UsageError: when the name or a parameter is unknown, or a needed one is missing.

    Examples:
        >>> louder = transform("gain", db=[-2, 2])
        >>> signal = np.ones(3, dtype=np.float32)
        >>> float(louder(signal, 16_000, np.random.default_rng(0))[0]) in (
        ...     float(np.float32(10 ** (-2 / 20))), float(np.float32(10 ** (2 / 20))))
        True
    """
    called = function(name)
    if not 0.0 <= probability <= 1.0:
        raise UsageError(f"transform {name}: probability {probability} is not between 0 and 1")
    known = {
        key: value
        for key, value in inspect.signature(called).parameters.items()
        if value.kind is inspect.Parameter.KEYWORD_ONLY
    }
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise UsageError(
            f"transform {name} has no parameter {', '.join(unknown)}"
            f"{meant(unknown[0], known)}: it takes "
            f"{', '.join(known) or 'none'}"
        )
    missing = [
        key
        for key, value in known.items()
        if value.default is inspect.Parameter.empty and key not in parameters
    ]
    if missing:
        raise UsageError(f"transform {name} needs {', '.join(missing)}")
    return Named(name, parameters, probability)


def _draw(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, list):
        return value[int(rng.integers(len(value)))]
    if isinstance(value, Mapping):
        return float(rng.uniform(value["low"], value["high"]))
    return value
