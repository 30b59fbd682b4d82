"""ASED: Amharic Speech Emotion Dataset.

Layout
    ``n1-01-01-02-45.wav``: emotion letter and folder, sentence, repetition, sex (01 female, 02
    male), speaker.
Labels
    n neutral, f fearful, h happy, s sad, a angry.
Speakers
    65, by number: 25 women, 40 men.
Licence
    Offered for research; no licence is stated.
Citation
    Retta, Almekhlafi, Sutcliffe, Mhamed, Ali, Feng (2022), ACM Trans. Asian and Low-Resource
    Language Information Processing, doi:10.1145/3529759, arXiv:2201.02710.
Source
    https://github.com/Ethio2021/ASED_V1
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {"n": "neutral", "f": "fearful", "h": "happy", "s": "sad", "a": "angry"}
_NAME = re.compile(r"([nfhsa])(\d)-(\d\d)-(\d\d)-(0[12])-(\d\d)", re.IGNORECASE)


def fields(path: PurePath) -> Fields | None:
    """Read an ASED file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("h3-02-01-01-07.wav"))["sex"]
        'female'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    emotion, folder, sentence, repetition, sex, speaker = match.groups()
    return {
        "emotion": LABELS[emotion.lower()],
        "speaker": speaker,
        "sex": "female" if sex == "01" else "male",
        "statement": f"{folder}-{sentence}",
        "repetition": int(repetition),
    }


INFO = Info(
    name="ased",
    title="ASED",
    language="amh",
    licence="offered for research; no licence is stated",
    citation="Retta, Almekhlafi, Sutcliffe, Mhamed, Ali, Feng (2022), doi:10.1145/3529759",
    url="https://github.com/Ethio2021/ASED_V1",
    example="n1-01-01-02-45.wav",
    labels=LABELS,
    get="git clone https://github.com/Ethio2021/ASED_V1",
    speakers=65,
    files=2474,
)
LOADER = by_name(INFO, fields)
