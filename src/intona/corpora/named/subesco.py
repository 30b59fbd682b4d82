"""SUBESCO: SUST Bangla Emotional Speech Corpus.

Layout
    ``F_02_MONIKA_S_1_ANGRY_1.wav``: sex, number and name of the speaker, sentence, emotion, take.
Labels
    ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE.
Speakers
    20: 10 women and 10 men, each numbered from 01, so the sex is part of the speaker's name.
Licence
    CC BY 4.0.
Citation
    Sultana, Rahman, Selim, Iqbal (2021), PLoS ONE 16(4): e0250173,
    doi:10.1371/journal.pone.0250173.
Source
    https://zenodo.org/records/4526477
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "ANGRY": "angry",
    "DISGUST": "disgust",
    "FEAR": "fearful",
    "HAPPY": "happy",
    "NEUTRAL": "neutral",
    "SAD": "sad",
    "SURPRISE": "surprised",
}
_NAME = re.compile(rf"([FM])_(\d\d)_[A-Z]+_S_(\d+)_({'|'.join(LABELS)})_(\d+)", re.IGNORECASE)


def fields(path: PurePath) -> Fields | None:
    """Read a SUBESCO file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("F_02_MONIKA_S_1_ANGRY_1.wav"))["speaker"]
        'F02'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    sex, number, sentence, emotion, take = match.groups()
    return {
        "emotion": LABELS[emotion.upper()],
        "speaker": f"{sex.upper()}{number}",
        "sex": "female" if sex.upper() == "F" else "male",
        "statement": sentence,
        "repetition": int(take),
    }


INFO = Info(
    name="subesco",
    title="SUBESCO",
    language="ben",
    licence="CC BY 4.0",
    citation="Sultana, Rahman, Selim, Iqbal (2021), doi:10.1371/journal.pone.0250173",
    url="https://zenodo.org/records/4526477",
    example="F_02_MONIKA_S_1_ANGRY_1.wav",
    labels=LABELS,
    get="the archive at https://zenodo.org/records/4526477",
    speakers=20,
    files=7000,
)
LOADER = by_name(INFO, fields)
