"""How well a model file knows its training recordings again, and whether it mistakes others.

Run ``python benchmarks/heard.py RAVDESS/ EMODB/ ...``. Every fortieth recording is copied in each
way and looked for; every recording is looked for in what the other corpora left, and in what every
second speaker of its own left where it is of the others.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import soundfile
from _measure import options, run, tell

from intona import corpora
from intona.audio import Audio, read, resample
from intona.audio.transforms.codec import CODECS, encode, phone
from intona.features.extract import extract_each
from intona.features.landmarks import Landmarks
from intona.models.heard import SAME, Heard
from intona.tables import utterances

RNG = np.random.default_rng(0)


def coded(kind: str, bit_rate: int) -> Callable[[Audio], Audio]:
    def copy(audio: Audio) -> Audio:
        rates = CODECS[kind].rates
        rate = next((one for one in rates if one >= audio.rate), rates[-1])
        content = encode(resample(audio.samples, audio.rate, rate), rate, kind, bit_rate)
        return read(io.BytesIO(content))

    return copy


def variable(audio: Audio) -> Audio:
    memory = io.BytesIO()
    soundfile.write(memory, audio.samples, audio.rate, format="MP3", bitrate_mode="VARIABLE")
    memory.seek(0)
    return read(memory)


def cut(audio: Audio, least: float = 0.3, most: float = 0.3) -> Audio:
    begin, end = (RNG.uniform(least, most, 2) * audio.rate).astype(int)
    return Audio(audio.samples[begin : len(audio.samples) - end], audio.rate)


COPIES: dict[str, Callable[[Audio], Audio]] = {
    "mp3, 64 kbit/s": coded("mp3", 64_000),
    "mp3, variable rate": variable,
    "mp3, 24 kbit/s": coded("mp3", 24_000),
    "opus, 12 kbit/s": coded("opus", 12_000),
    "26 dB quieter": lambda a: Audio(a.samples * np.float32(0.05), a.rate),
    "at 11025 Hz": lambda a: Audio(resample(a.samples, a.rate, 11_025), 11_025),
    "cut by 0.3 s at both ends": cut,
    "cut by up to 0.5 s": lambda a: cut(a, 0.0, 0.5),
    "cut by 0.3 s, mp3": lambda a: coded("mp3", 64_000)(cut(a)),
    "a poor telephone": lambda a: Audio(phone(a.samples, a.rate, RNG), a.rate),
}


def main() -> None:
    front = Landmarks()
    tables = {
        one.name: one.table for one in map(corpora.load, options(__doc__, "folders+").folders)
    }
    left = {name: Heard.of(table) for name, table in tables.items()}

    def best(heard: Heard, rows: Iterator[np.ndarray]) -> float:
        return max(heard.agreement(one)[0] for one in rows)

    found = {}
    for name, copy in COPIES.items():
        values = []
        for corpus, table in tables.items():
            for file in table.index.get_level_values("file")[::40]:
                audio = copy(read(file))
                values.append(left[corpus].agreement(front(audio.samples, audio.rate))[0])
        found[name] = round(float(np.mean(np.array(values) >= SAME)), 3)
        print(f"{name:<28} found {found[name]:6.1%}, in the middle {np.median(values):.2f}")
    others = {}
    for one, heard in left.items():
        for other, table in tables.items():
            if one != other:
                others[f"{one}, {other}"] = best(
                    heard, extract_each(utterances(table.index), front)
                )
        table = tables[one]
        half = table["speaker"].isin(sorted(table["speaker"].unique())[::2])
        if half.all():
            continue
        rest = extract_each(utterances(table[~half].index), front)
        others[f"{one}, its other speakers"] = best(Heard.of(table[half]), rest)
    for name, value in others.items():
        print(f"{name:<34} largest {value:.3f}")
    tell(
        "copies of training recordings found, and the best agreement of others",
        threshold=SAME,
        recordings={name: len(table) for name, table in tables.items()},
        found=found,
        others={name: round(value, 3) for name, value in others.items()},
    )


if __name__ == "__main__":
    run(main)
