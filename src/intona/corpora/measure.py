"""What the sound of every file of a corpus is like: one row of plain measures per file.

Conventions: levels in dB relative to full scale (dBFS), durations in seconds, pitch in Hz.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intona import parallel
from intona.audio import read, resample
from intona.audio.damage import Apart
from intona.errors import AudioError
from intona.features.pitch import pitch
from intona.files import spelled
from intona.parallel import HERE, Engine, Progress

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, float | str | None]

_RATE = 16_000
_RUN = 3  # equal samples at full scale in a row


def measure(
    files: Sequence[str],
    *,
    pitched: bool = True,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Measure whole files.

    Args:
        files: paths.
        pitched: also measure the pitch, which takes three quarters of the time.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Returns:
        One row per file, indexed by ``file``: ``duration`` (s), ``rate`` (Hz), ``level`` (RMS,
        dBFS), ``peak`` (dBFS), ``clipped`` (share of samples in runs at full scale), ``pitch``
        (median over voiced frames, Hz, NaN without or when not ``pitched``), ``hash`` (of the
        decoded samples), ``notes`` (what is lost or odd, else ``None``) and ``error`` (why it
        cannot be read, else ``None``).
    """
    import pandas as pd

    job = partial(_measure, pitched=pitched)
    found = parallel.map(job, files, on=on, progress=progress, text="measuring")
    rows: list[Row] = [
        _unread(file, "a worker was killed while it read this file")
        if isinstance(row, parallel.Lost)
        else row
        for file, row in zip(files, found, strict=True)
    ]
    # A name that is no Unicode is an object to pandas, not text.
    index = pd.Index([row.pop("file") for row in rows], dtype="object", name="file")
    return pd.DataFrame(rows, index=index).astype({"error": "object", "notes": "object"})


def _measure(file: str, pitched: bool) -> Row:
    notes: list[str] = []
    try:
        audio = read(file, notice=notes.append)
    except (AudioError, OSError) as error:
        return _unread(file, str(error))
    samples = audio.samples
    peak = float(np.abs(samples).max())
    return {
        "file": file,
        "duration": audio.duration,
        "rate": float(audio.rate),
        "level": _decibel(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))),
        "peak": _decibel(peak),
        "clipped": _clipped(samples, peak),
        "pitch": _median_pitch(samples, audio.rate) if pitched else float("nan"),
        "hash": hashlib.sha256(samples.tobytes()).hexdigest(),
        "notes": spelled("; ".join(n for n in notes if not isinstance(n, Apart))) or None,
        "apart": any(isinstance(note, Apart) for note in notes),
        "error": None,
    }


def _unread(file: str, why: str) -> Row:
    nothing: Row = dict.fromkeys(
        ("duration", "rate", "level", "peak", "clipped", "pitch"), float("nan")
    )
    return {
        "file": file,
        **nothing,
        "hash": None,
        "notes": None,
        "apart": False,
        "error": spelled(why),
    }


def _decibel(value: float) -> float:
    return 20 * float(np.log10(max(value, 1e-10)))


def _clipped(samples: NDArray[np.float32], peak: float) -> float:
    """Return the share of samples in runs of three or more at the top, when that is near 1."""
    if peak < 0.98:
        return 0.0
    top = np.abs(samples) >= 0.999 * peak
    edges = np.flatnonzero(np.diff(np.concatenate(([False], top, [False])).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= _RUN].sum() / len(samples))


def _median_pitch(samples: NDArray[np.float32], rate: int) -> float:
    """Return the median pitch of the voiced frames in Hz, NaN without any."""
    track = pitch(resample(samples, rate, _RATE), _RATE)
    return float(np.median(track.hz[track.voiced])) if track.voiced.any() else float("nan")
