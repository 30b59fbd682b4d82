"""AESDD: Acted Emotional Speech Dynamic Database, Greek.

Layout
    ``anger/a01 (1).wav``: emotion letter, utterance, speaker in brackets, and a letter for a
    further take (``d04 (5)b.wav``).
Labels
    a angry, d disgust, f fearful, h happy, s sad.
Speakers
    5 at first (3 women, 2 men), 6 in the present version. Which of them are women is not in the
    names, so there is no column ``sex``.
Licence
    Free for research; no licence text with the files.
Citation
    Vryzas, Kotsakis, Liatsou, Dimoulas, Kalliris (2018), J. Audio Eng. Soc. 66(6), 457-467,
    doi:10.17743/jaes.2018.0036.
Source
    http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {"a": "angry", "d": "disgust", "f": "fearful", "h": "happy", "s": "sad"}
_NAME = re.compile(r"([adfhs])(\d\d) ?\((\d)\)([a-z]?)")


def fields(path: PurePath) -> Fields | None:
    """Read an AESDD file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("disgust/d04 (5)b.wav"))["speaker"]
        '5'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    emotion, statement, speaker, take = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": speaker,
        "statement": statement,
        "take": take or "a",
    }


INFO = Info(
    name="aesdd",
    title="AESDD",
    language="ell",
    licence="free for research; no licence text with the files",
    citation="Vryzas, Kotsakis, Liatsou, Dimoulas, Kalliris (2018), doi:10.17743/jaes.2018.0036",
    url="http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/",
    example="anger/a01 (1).wav",
    labels=LABELS,
    get="the link at http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/",
    speakers=6,
    files=604,
)
LOADER = by_name(INFO, fields)
