"""A front end from outside, held to what every front end promises."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import AudioError, IntonaError, PlugInError


class Plugged:
    """A front end that an installed package registers, or that a recipe names as a path.

    What it raises becomes the error of one recording, and what it returns is checked.

    Args:
        name: as registered, or ``module:Class``.
        make: the class, or a function that returns the front end.
        parameters: its keyword arguments.

    Attributes:
        name: the same; where the class has another name of its own, that is not used.
        version: the front end's own, 1 where it has none.
        rate: the sample rate it needs in Hz, ``None`` for the recording's own.
        parameters: JSON-able keyword arguments that rebuild it.
        names: one column name per feature.
        origin: digest of its source; features of another source are not taken from the cache.

    Raises:
        TypeError: ``make`` does not take the parameters.
        ValueError: it refuses their values.
        PlugInError: what it makes is no front end.
    """

    def __init__(self, name: str, make: Any, parameters: Mapping[str, Any]) -> None:
        if not callable(make):
            raise PlugInError(f"the front end {name} is neither a class nor a function")
        try:
            self._inner = make(**parameters)
            own = getattr(self._inner, "parameters", parameters)
            self.names = _names(getattr(self._inner, "names", None))
        except (IntonaError, TypeError, ValueError):
            raise
        except Exception as error:  # whatever its own code raises
            raise PlugInError(f"the front end {name}: {_words(error)}") from None
        self.name = name
        self.version: int = getattr(self._inner, "version", 1)
        self.rate: int | None = getattr(self._inner, "rate", None)
        self.parameters: Mapping[str, Any] = {**parameters, **own}
        self.origin = _origin(make)
        self._check()

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the feature vector, shape ``(len(names),)``.

        Args:
            samples: mono float32 in [-1, 1], shape ``(n,)``.
            rate: sample rate in Hz.

        Raises:
            AudioError: whatever the front end raises, or values that are not as promised.
        """
        try:
            values = np.asarray(self._inner(samples, rate), dtype=np.float32)
        except AudioError:
            raise
        except Exception as error:  # whatever its own code raises
            raise AudioError(f"the front end {self.name} failed ({_words(error)})") from None
        if values.shape != (len(self.names),):
            raise AudioError(
                f"the front end {self.name} gave numbers of shape {values.shape}, and it has "
                f"{len(self.names)} names: they must be one vector of that length"
            )
        if not np.isfinite(values).all():
            raise AudioError(f"the front end {self.name} gave numbers that are not finite")
        return values

    def _check(self) -> None:
        lacking = None
        if not callable(self._inner):
            lacking = "cannot be called with (samples, rate)"
        elif not self.names:
            lacking = "has no names, one for each feature"
        elif len(set(self.names)) < len(self.names):
            lacking = "has a name twice"
        elif not isinstance(self.version, int):
            lacking = "has a version that is no whole number"
        elif self.rate is not None and not (isinstance(self.rate, int) and self.rate > 0):
            lacking = "has a rate that is neither None nor a number of Hz"
        if lacking:
            raise PlugInError(f"the front end {self.name} {lacking}: see docs/extending.md")


def _names(found: Any) -> tuple[str, ...]:
    several = found is not None and not isinstance(found, str) and not callable(found)
    return tuple(map(str, found)) if several else ()


def _origin(make: Callable[..., Any]) -> str:
    try:
        with open(inspect.getsourcefile(make) or "", "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except (OSError, TypeError):
        return ""


def _words(error: Exception) -> str:
    words = " ".join(str(error).split())  # a sentence has one line
    return f"{type(error).__name__}: {words}".strip(": ")
