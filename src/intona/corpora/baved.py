"""BAVED: Basic Arabic Vocal Emotions Dataset, single words.

Layout
    ``0/0-M-20-0-1-54.wav``: speaker, sex, age, word (0 to 6), level, number of the recording.
Labels
    Levels, not emotions: 0 low (tired, down), 1 neutral (daily speech), 2 high (any strong
    emotion, happy as well as angry). They keep the names low, neutral and high.
Speakers
    61: 45 men, 16 women, by number.
Licence
    Free for research; no licence text with the files.
Citation
    Aouf (2019), Basic Arabic Vocal Emotions Dataset, on GitHub and Kaggle.
Source
    https://github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {"0": "low", "1": "neutral", "2": "high"}
_NAME = re.compile(r"(\d+)-([MF])-(\d+)-([0-6])-([012])-(\d+)", re.IGNORECASE)


def fields(path: PurePath) -> Fields | None:
    """Read a BAVED file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("0/12-F-25-3-2-801.wav"))["emotion"]
        'high'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, sex, age, word, level, _ = match.groups()
    return {
        "emotion": LABELS[level],
        "speaker": speaker,
        "sex": "female" if sex.upper() == "F" else "male",
        "age": int(age),
        "statement": word,
    }


INFO = Info(
    name="baved",
    title="BAVED",
    language="ara",
    licence="free for research; no licence text with the files",
    citation="Aouf (2019), Basic Arabic Vocal Emotions Dataset",
    url="https://github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset",
    example="0/0-M-20-0-1-54.wav",
    labels=LABELS,
    get="git clone https://github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset",
    speakers=61,
    files=1935,
)
LOADER = by_name(INFO, fields)
