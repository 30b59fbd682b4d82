"""A Python function as a recogniser: ``package.module:function`` on the command line.

``function(signal, rate)`` gets mono float32 samples in [-1, 1], shape ``(n,)``, and their rate in
Hz, and returns ``{label: probability}``, or ``None`` where it has no answer. One whose first
parameter is called ``signals`` or ``batch`` gets a list of signals and returns a list of answers. A
class is called once, without arguments, and what it makes is the function: a place to load weights.

The function may have the attributes ``labels`` (all it may answer with; otherwise those it answers
a synthetic voice with) and ``rate`` (in Hz, to which signals are then resampled).
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import read, resample
from intona.errors import ModelError, UsageError
from intona.inference.foreign.base import Foreign, described
from intona.models.artefact import bundled

_FORM = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_MEANT = re.compile(r"(?P<path>.+)\.py:(?P<name>\w+)")


def names_function(text: str) -> bool:
    """Tell whether a text is written like a function's place.

    Examples:
        >>> names_function("mine.models:judge"), names_function("RAVDESS"), names_function("m.py:f")
        (True, False, True)
    """
    return bool(_FORM.fullmatch(text) or _MEANT.fullmatch(text))


class Function(Foreign):
    """A Python function under judgement.

    Args:
        text: its place, ``package.module:function``; looked for from the current folder on.

    Raises:
        UsageError: there is no such module or function.
        ModelError: it cannot be imported, or does not answer as it should.
    """

    def __init__(self, text: str) -> None:
        self._function = _found(text)
        self._together = _first_parameter(self._function) in ("signals", "batch")
        self.name = text
        rate = getattr(self._function, "rate", None)
        if rate is not None and (type(rate) is not int or not 0 < rate <= 384_000):
            raise ModelError(f"{text}: its attribute rate must be a number of Hz, not {rate!r}")
        super().__init__(text, self._words(rate), rate)

    def again(self) -> Callable[[], Function]:
        """Return what makes the same recogniser, also in another process."""
        return partial(Function, self.name)

    def answers(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Sequence[object]:
        """Return what it says of each signal; see :meth:`Foreign.answers`."""
        try:
            if not self._together:
                return [self._function(signal, rate) for signal in signals]
            found = self._function(list(signals), rate)
        except (Exception, SystemExit) as error:
            raise ModelError(f"{self.name} failed with {_words_of(error)}") from None
        if not isinstance(found, list | tuple):
            raise ModelError(
                f"{self.name} takes {_first_parameter(self._function)} and must return a list with "
                f"an answer for each, not {described(found)}"
            )
        return found

    def _words(self, rate: int | None) -> list[str]:
        """Return its labels: those it names, or those it answers a voice with."""
        named = getattr(self._function, "labels", None)
        if named is not None:
            if isinstance(named, str) or not all(isinstance(word, str) for word in named):
                raise ModelError(f"{self.name}: its attribute labels must be a list of words")
            return list(named)
        voice = read(bundled().with_name("voice-1.flac"))
        wanted = rate or voice.rate
        samples = resample(voice.samples, voice.rate, wanted)
        answer, *_ = (*self.answers([samples], wanted), None)
        if not isinstance(answer, Mapping) or len(answer) < 2:
            hint = ", or have an attribute labels"
            if isinstance(answer, list | tuple):
                hint = "; one that takes many signals at once calls its first parameter signals"
            raise ModelError(
                f"{self.name} must answer a signal with a probability for each of its labels, "
                f"not with {described(answer)}{hint}"
            )
        return list(answer)


def _found(text: str) -> Callable[..., Any]:
    if meant := _MEANT.fullmatch(text):
        module = re.sub(r"[/\\]+", ".", meant["path"].removeprefix("./"))
        raise UsageError(
            f"{text}: name a function as package.module:function, here {module}:{meant['name']}"
        )
    place, _, name = text.partition(":")
    here = os.getcwd()
    if here not in sys.path:  # as `python -m` does
        sys.path.insert(0, here)
    try:
        found: Any = import_module(place)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{place}.".startswith(f"{error.name}."):
            raise UsageError(
                f"{text}: there is no module {error.name}, neither in {here} nor installed"
            ) from None
        raise ModelError(f"{text}: importing {place} failed with {_words_of(error)}") from None
    except (Exception, SystemExit) as error:
        raise ModelError(f"{text}: importing {place} failed with {_words_of(error)}") from None
    for part in name.split("."):
        if not hasattr(found, part):
            inside = getattr(found, "__dict__", {})
            there = [key for key, one in inside.items() if callable(one) and key[:1] != "_"]
            raise UsageError(
                f"{text}: {place} has no {name}; it has {', '.join(sorted(there)[:12]) or 'none'}"
            )
        found = getattr(found, part)
    if isinstance(found, type):
        try:
            found = found()
        except (Exception, SystemExit) as error:
            raise ModelError(f"{text}: making it failed with {_words_of(error)}") from None
    if not callable(found):
        raise UsageError(f"{text} is no function but {described(found)}")
    return found


def _first_parameter(function: Callable[..., Any]) -> str:
    try:
        return next(iter(inspect.signature(function).parameters), "")
    except (TypeError, ValueError):
        return ""


def _words_of(error: BaseException) -> str:
    """Return an error in one line, and where it was raised."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}{': ' if lines else ''}{lines[0] if lines else ''}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})"
    return text if isinstance(error, SyntaxError) or not frames else text + where
