"""A long recording stitched from corpora, with its true regions and labels; for benchmarks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from intona.audio import read
from intona.corpora import load, synthetic

RATE = 16_000
PEAK_RANGE = 35.0  # dB below the loudest frame at which a clip's speech begins and ends
PAUSES = (0.8, 3.0)  # seconds between utterances
DENSE = (0.02, 0.2)  # the same, of somebody who talks without end
NOISES = ("faint noise", "noise", "hum", "chords")


@dataclass(frozen=True)
class Truth:
    """An utterance in the recording: where its sound is, and its label."""

    start: float
    end: float
    emotion: str


def clips(corpora: list[str], seed: int, run: int) -> Iterator[tuple[np.ndarray, str]]:
    """Yield utterances at 16 kHz and their emotions, ``run`` of one speaker and emotion in turn.

    Real corpora come from the folder INTONA_DATA; without it, synthetic voices.
    """
    rng = np.random.default_rng(seed)
    folder = os.environ.get("INTONA_DATA")
    if folder is None:
        emotions = list(synthetic.STYLES)
        while True:
            emotion, speaker = str(rng.choice(emotions)), int(rng.integers(10))
            for take in rng.integers(20, size=run):
                yield synthetic.utterance(emotion, speaker, int(take)).samples, emotion
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in corpora:
        table = load(Path(folder) / name).table
        for index, row in table[table["emotion"].notna()].iterrows():
            groups.setdefault((name, row["speaker"], row["emotion"]), []).append(index[0])
    keys = sorted(groups)
    sizes = np.array([len(groups[key]) for key in keys])
    while True:
        key = keys[rng.choice(len(keys), p=sizes / sizes.sum())]
        for k in rng.permutation(len(groups[key]))[:run]:
            yield read(groups[key][k], rate=RATE).samples, key[2]


def sound_bounds(samples: np.ndarray) -> tuple[int, int]:
    """First and last sample within 35 dB of the loudest 10 ms; knows nothing of voices."""
    frame = RATE // 100
    level = np.std(samples[: len(samples) // frame * frame].reshape(-1, frame), axis=1)
    loud = np.flatnonzero(level > level.max() * 10 ** (-PEAK_RANGE / 20))
    return int(loud[0] * frame), int((loud[-1] + 1) * frame)


def pause(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Return a pause: mostly faint noise, sometimes another sound that is no speech."""
    time = np.arange(round(seconds * RATE)) / RATE
    kind = rng.choice(NOISES, p=(0.7, 0.1, 0.1, 0.1))
    sound = rng.normal(0, 2e-4, len(time))
    if kind == "noise":
        sound += rng.normal(0, 0.02, len(time))
    elif kind == "hum":
        sound += 0.05 * np.sin(2 * np.pi * 50 * time)
    elif kind == "chords":
        root = rng.uniform(150, 400)
        sound += sum(0.05 * np.sin(2 * np.pi * root * step * time) for step in (1, 1.26, 1.5))
    return sound


def stitch(
    path: Path, hours: float, corpora: list[str], *, dense: bool = False, seed: int = 0
) -> list[Truth]:
    """Write a recording of so many hours (16-bit FLAC, 16 kHz) and return what is in it.

    ``dense`` is somebody talking without end, who changes emotion every three sentences.
    """
    rng = np.random.default_rng(seed)
    truth, position = [], 0
    with soundfile.SoundFile(path, "w", RATE, 1, subtype="PCM_16") as file:
        for samples, emotion in clips(corpora, seed, 3 if dense else 1):
            if position >= hours * 3600 * RATE:
                return truth
            begin, end = sound_bounds(samples)
            clip = samples[begin:end] * (0.5 / max(0.05, float(np.abs(samples).max())))
            gap = pause(rng, rng.uniform(*(DENSE if dense else PAUSES)))
            file.write(np.concatenate([gap, clip]).astype(np.float32))
            start = position + len(gap)
            position = start + len(clip)
            truth.append(Truth(start / RATE, position / RATE, emotion))
    return truth
