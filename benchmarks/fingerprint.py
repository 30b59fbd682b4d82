"""How well the leak guard's fingerprint tells copies from other takes, and how fast it is.

Run ``python benchmarks/fingerprint.py RAVDESS/``. Every tenth recording is copied through each
codec; all pairs of recordings are compared.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import soundfile
from _measure import options, run, tell, timed

from intona import corpora
from intona.audio import Audio, read, resample
from intona.evaluation.fingerprint import SAME, Fingerprint, same_recordings, similarity


def through(rate: int | None = None, **options: Any) -> Callable[[Audio], Audio]:
    def copy(audio: Audio) -> Audio:
        target = rate or audio.rate
        memory = io.BytesIO()
        soundfile.write(memory, resample(audio.samples, audio.rate, target), target, **options)
        memory.seek(0)
        return read(memory)

    return copy


def noisy(audio: Audio) -> Audio:
    noise = np.random.default_rng(0).normal(size=len(audio.samples)) * audio.samples.std()
    return Audio((audio.samples + noise * 10 ** (-25 / 20)).astype(np.float32), audio.rate)


COPIES: dict[str, Callable[[Audio], Audio]] = {
    "mp3": through(format="MP3"),
    "mp3, smallest": through(24_000, format="MP3", compression_level=0.99),
    "opus": through(format="OGG", subtype="OPUS"),
    "opus, smallest": through(16_000, format="OGG", subtype="OPUS", compression_level=0.99),
    "vorbis": through(format="OGG", subtype="VORBIS"),
    "mu-law at 8 kHz": through(8000, format="WAV", subtype="ULAW"),
    "GSM at 8 kHz": through(8000, format="WAV", subtype="GSM610"),
    "26 dB quieter": lambda a: Audio(a.samples * np.float32(0.05), a.rate),
    "half a second of silence before": lambda a: Audio(np.pad(a.samples, (a.rate // 2, 0)), a.rate),
    "noise 25 dB below": noisy,
}


def main() -> None:
    fingerprint = Fingerprint()
    files = [row[0] for row in corpora.load(options(__doc__, "folder").folder).table.index]
    clips = {}
    rows = []
    seconds = 0.0
    for k, file in enumerate(files):
        with timed() as took:
            audio = read(file)
            rows.append(fingerprint(audio.samples, audio.rate))
        seconds += took.wall
        if k % 10 == 0:
            clips[k] = audio
    with timed() as comparing:
        pairs = sorted(same_recordings(np.stack(rows), threshold=0.9), key=lambda pair: -pair[2])
    worst, found = {}, {}
    for name, copy in COPIES.items():
        values = []
        for k, audio in clips.items():
            copied = copy(audio)
            values.append(similarity(rows[k], fingerprint(copied.samples, copied.rate)))
        worst[name] = round(min(values), 4)
        found[name] = sum(value >= SAME for value in values) / len(values)
        print(f"{name:<34} found {found[name]:7.1%}, least similarity {min(values):.4f}")
    same = [(files[i], files[j]) for i, j, value in pairs if value >= SAME]
    print("called the same:", *(" = ".join(map(os.path.basename, pair)) for pair in same))
    others = [value for *_, value in pairs if value < SAME]
    tell(
        "copies found, and similarity of copies (least) and of others (largest)",
        files=len(files),
        threshold=SAME,
        copies_each=len(clips),
        copies=worst,
        found=found,
        pairs=len(files) * (len(files) - 1) // 2,
        different_recordings=round(others[0], 4) if others else None,
        called_the_same=len(same),
        ms_per_file=round(1000 * seconds / len(files), 2),
        seconds_all_pairs=round(comparing.wall, 2),
    )


if __name__ == "__main__":
    run(main)
