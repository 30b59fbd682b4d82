"""Sound as Python programs hold it: paths, bytes, file objects, arrays of any layout and type."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from intona.audio.core import Audio, check
from intona.audio.decode import Source
from intona.errors import AudioError, UsageError

MOST_CHANNELS = 64

Given: TypeAlias = Source | os.PathLike[str] | bytes | Audio | tuple[Any, Any]
"""One recording, see :func:`source_of`."""

# The value of full scale, and what stands for silence, by type of samples.
_INTEGERS: Mapping[str, tuple[float, float]] = {
    "int8": (2.0**7, 0.0),
    "uint8": (2.0**7, 2.0**7),
    "int16": (2.0**15, 0.0),
    "int32": (2.0**31, 0.0),
}
_FORMS = "a path, the bytes of a file, a binary file object, intona.Audio or (samples, rate)"


def source_of(given: Any, *, whole: bool = False) -> Source | Audio:
    """Return one recording, however a program holds it, as the decoder or as samples.

    Args:
        given: a path, the bytes of a file, a binary file object, :class:`~intona.audio.core.Audio`
            or ``(samples, rate)``; see :func:`audio_of`.
        whole: return samples as a file in memory, with all of their channels.

    Raises:
        UsageError: something else.
        AudioError: samples that are no usable sound.

    Examples:
        >>> source_of((np.ones((2, 8000), np.int16), 8000)).duration
        1.0
    """
    if isinstance(given, Audio):
        given = (given.samples, given.rate)
    if isinstance(given, str | Path):
        return given
    if isinstance(given, bytes | bytearray | memoryview):
        return io.BytesIO(given)
    if isinstance(given, os.PathLike):
        return Path(os.fsdecode(given))
    if is_sound(given):
        return _file_of(*given) if whole else audio_of(*given)
    if callable(getattr(given, "read", None)):
        if isinstance(given, io.TextIOBase):
            raise UsageError("a recording is read as bytes: open the file with mode 'rb'")
        return given
    if hasattr(given, "__array__"):
        raise UsageError(
            "samples alone do not say how fast they were taken: give (samples, rate), rate in Hz"
        )
    raise UsageError(f"a recording is {_FORMS}, not {_words(given)}")


def is_sound(given: Any) -> bool:
    """Tell whether this is ``(samples, rate)``, and not a pair of recordings.

    Examples:
        >>> is_sound(([0.1, 0.2], 8000)), is_sound(("one.wav", "two.wav"))
        (True, False)
    """
    if not isinstance(given, tuple) or len(given) != 2:
        return False
    return any(map(_is_number, given))


def is_many(given: Any) -> bool:
    """Tell whether something holds recordings, and is not one itself.

    Examples:
        >>> is_many(["a.wav"]), is_many("a.wav"), is_many(([0.1, 0.2], 8000))
        (True, False, False)
    """
    if isinstance(given, str | bytes | bytearray | memoryview | os.PathLike | Mapping | Audio):
        return False
    if is_sound(given) or hasattr(given, "read"):
        return False
    if hasattr(given, "columns") or hasattr(given, "table"):  # a data frame, a corpus
        return True
    if hasattr(given, "__array__"):  # of names; one of numbers is a sound without its rate
        return getattr(getattr(given, "dtype", None), "kind", "f") in "OUST"
    return isinstance(given, Iterable)


def audio_of(samples: ArrayLike, rate: Any) -> Audio:
    """Return samples as mono float32, or say what is wrong with them.

    Args:
        samples: shape ``(n,)``, ``(n, channels)`` or ``(channels, n)``, channels being averaged;
            floats in [-1, 1], or integers of 8, 16 or 32 bits whose range is full scale.
        rate: sample rate in Hz, a whole number.

    Raises:
        UsageError: another shape, type or rate.
        AudioError: no usable sound, as :func:`intona.audio.core.check`.

    Examples:
        >>> audio_of(np.full((100, 2), 16384, np.int16), 8000).samples[:2]
        array([0.5, 0.5], dtype=float32)
    """
    hertz = _rate(rate)
    mono = floats(samples)
    if mono.ndim == 2:
        mono = mono.mean(axis=_channel_axis(mono.shape))
    elif mono.ndim != 1:
        raise UsageError(
            f"samples have the shape (n,), (n, channels) or (channels, n), not {mono.shape}"
        )
    mono = np.ascontiguousarray(mono, dtype=np.float32)
    check(mono, hertz, "the sound")
    return Audio(mono, hertz)


def floats(samples: ArrayLike) -> NDArray[Any]:
    """Return samples of any type as floats, full scale being 1; the shape stays.

    Raises:
        UsageError: a type whose full scale is not known, or no numbers at all.

    Examples:
        >>> floats(np.array([0, 128, 255], np.uint8))
        array([-1.       ,  0.       ,  0.9921875], dtype=float32)
    """
    try:
        array = np.asarray(samples)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"these samples are no array of numbers: {error}") from None
    if array.dtype.kind == "f":
        return array
    if array.dtype.name in _INTEGERS:
        full, middle = _INTEGERS[array.dtype.name]
        return ((array - np.float64(middle)) / full).astype(np.float32)
    if array.dtype.kind in "iu":
        raise UsageError(
            f"samples of type {array.dtype} do not say what full scale is: give them as int16 or "
            "int32, or divide them by it"
        )
    raise UsageError(f"samples are floats in [-1, 1] or integers, not of type {array.dtype}")


def one_channel(samples: ArrayLike) -> NDArray[np.float32]:
    """Return what a front end is given as float32 of shape ``(n,)``.

    Args:
        samples: shape ``(n,)``, or ``(1, n)`` and ``(n, 1)`` as other libraries hold one channel.

    Raises:
        AudioError: no samples, several channels, or NaN and infinite values.
        UsageError: samples of a type whose full scale is not known.

    Examples:
        >>> one_channel(np.zeros((1, 5))).shape
        (5,)
    """
    array = floats(samples)
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise AudioError(
            f"a front end takes one channel, shape (n,) or (1, n), but got {array.shape}: "
            "average the channels first"
        )
    if array.size == 0:
        raise AudioError("a front end got no samples: the recording is empty")
    signal = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(signal.sum(dtype=np.float64)):
        raise AudioError("the samples hold NaN or infinite values: repair the recording")
    return signal


def _file_of(samples: ArrayLike, rate: Any) -> io.BytesIO:
    """Return samples as a file in memory: so that channels are taken apart in one place only."""
    audio_of(samples, rate)  # says what is wrong with them
    sound = floats(samples)
    if sound.ndim == 2 and _channel_axis(sound.shape) == 0:
        sound = sound.T
    file = io.BytesIO()
    soundfile.write(file, sound, _rate(rate), format="WAV", subtype="FLOAT")
    file.seek(0)
    return file


def _channel_axis(shape: tuple[int, ...]) -> int:
    """Return which of two axes counts channels: the shorter."""
    axis = 0 if shape[0] < shape[1] else 1
    if not 1 <= shape[axis] <= MOST_CHANNELS:
        raise UsageError(
            f"cannot tell samples from channels in the shape {shape}: give (n,), (n, channels) or "
            f"(channels, n) with 1 to {MOST_CHANNELS} channels"
        )
    return axis


def _rate(rate: Any) -> int:
    if not _is_number(rate):
        raise UsageError(
            f"sound is (samples, rate): the rate in Hz comes second, not {_words(rate)}"
        )
    if not float(rate).is_integer():
        raise UsageError(f"a sample rate is a whole number of Hz, not {rate}")
    return int(rate)


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _words(given: Any) -> str:
    if given is None or _is_number(given) or isinstance(given, bool):
        return repr(given)
    shape = getattr(given, "shape", None)
    return type(given).__name__ + (f" of shape {shape}" if shape is not None else "")
