"""JL-Corpus: New Zealand English.

Layout
    ``female1_angry_10a_1.wav``: speaker, emotion, sentence (number and a letter), session.
Labels
    Five primary ones (angry, excited, happy, neutral, sad) and five secondary ones (anxious,
    apologetic, assertive, concerned, encouraging), which keep their own names.
Speakers
    4: female1, female2, male1, male2.
Licence
    CC0 1.0 (public domain).
Citation
    James, Tian, Watson (2018), Interspeech, doi:10.21437/Interspeech.2018-1349.
Source
    https://github.com/tli725/JL-Corpus
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

_PRIMARY = ("angry", "excited", "happy", "neutral", "sad")
_SECONDARY = ("anxious", "apologetic", "assertive", "concerned", "encouraging")
LABELS = {name: name for name in _PRIMARY + _SECONDARY}
_NAME = re.compile(rf"((fe)?male[12])_({'|'.join(LABELS)})_(\d+[a-z])_(\d+)")


def fields(path: PurePath) -> Fields | None:
    """Read a JL-Corpus file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("male2_assertive_3b_2.wav"))["speaker"]
        'male2'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return {
        "emotion": LABELS[match[3]],
        "speaker": match[1],
        "sex": "female" if match[2] else "male",
        "statement": match[4],
        "repetition": int(match[5]),
    }


INFO = Info(
    name="jlcorpus",
    title="JL-Corpus",
    language="eng",
    licence="CC0 1.0 (public domain)",
    citation="James, Tian, Watson (2018), doi:10.21437/Interspeech.2018-1349",
    url="https://github.com/tli725/JL-Corpus",
    example="female1_angry_10a_1.wav",
    labels=LABELS,
    get="the link at https://github.com/tli725/JL-Corpus",
    speakers=4,
    files=2400,
)
LOADER = by_name(INFO, fields)
