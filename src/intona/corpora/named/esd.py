"""ESD: Emotional Speech Database, Mandarin and English.

Layout
    ``0011/Angry/0011_000351.wav``, in copies with a folder ``train``, ``evaluation`` or ``test``
    below the emotion. The number says the emotion as well: 350 sentences in the order neutral,
    angry, happy, sad, surprise. A file whose folder and number disagree is left out and reported.
Labels
    Neutral, Angry, Happy, Sad, Surprise.
Speakers
    20: 0001 to 0010 speak Mandarin, 0011 to 0020 English. Sex is not in the names.
Licence
    For research only; a licence form is asked for.
Citation
    Zhou, Sisman, Liu, Li (2022), Speech Communication 137, 1-18, arXiv:2105.14762.
Source
    https://github.com/HLTSingapore/Emotional-Speech-Data
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "Neutral": "neutral",
    "Angry": "angry",
    "Happy": "happy",
    "Sad": "sad",
    "Surprise": "surprised",
}
_NAME = re.compile(r"(00[012]\d)_(\d{6})")
_BLOCK = 350


def fields(path: PurePath) -> Fields | None:
    """Read an ESD path; ``None`` when it is malformed or folder and number disagree.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("0011/Angry/0011_000351.wav"))["emotion"]
        'angry'
        >>> fields(PurePath("0011/Sad/0011_000351.wav")) is None
        True
    """
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match[1]) <= 20:
        return None
    speaker, number = match[1], int(match[2])
    if not 1 <= number <= _BLOCK * len(LABELS):
        return None
    emotion = list(LABELS)[(number - 1) // _BLOCK]
    folder = next((part for part in path.parts[:-1] if part.capitalize() in LABELS), emotion)
    if folder.capitalize() != emotion:
        return None
    return {
        "emotion": LABELS[emotion],
        "speaker": speaker,
        "language": "cmn" if int(speaker) <= 10 else "eng",
        "statement": (number - 1) % _BLOCK + 1,
    }


INFO = Info(
    name="esd",
    title="ESD",
    language="eng",
    licence="for research only; a licence form is asked for",
    citation="Zhou, Sisman, Liu, Li (2022), arXiv:2105.14762",
    url="https://github.com/HLTSingapore/Emotional-Speech-Data",
    example="0011/Angry/0011_000351.wav",
    labels=LABELS,
    get="the link at https://github.com/HLTSingapore/Emotional-Speech-Data",
    speakers=20,
    files=35000,
)
LOADER = by_name(INFO, fields)
