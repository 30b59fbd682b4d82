"""MESD: Mexican Emotional Speech Database, single words.

Layout
    ``Anger_C_A_abajo.wav``: emotion, voice (F woman, M man, C child), word list (A, B), word.
Labels
    Anger, Disgust, Fear, Happiness, Neutral, Sadness.
Speakers
    11 people (3 women, 2 men, 6 children), but the names tell only the kind of voice. The column
    ``speaker`` is therefore the voice: holding one voice out also holds all of its people out,
    never the other way round.
Licence
    CC BY 4.0.
Citation
    Duville, Alonso-Valerdi, Ibarra-Zarate (2021), Data 6(12), 130, doi:10.3390/data6120130.
Source
    https://data.mendeley.com/datasets/cy34mh68j9
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "Anger": "angry",
    "Disgust": "disgust",
    "Fear": "fearful",
    "Happiness": "happy",
    "Neutral": "neutral",
    "Sadness": "sad",
}
_NAME = re.compile(rf"({'|'.join(LABELS)})_([FMC])_([AB])_(.+)")


def fields(path: PurePath) -> Fields | None:
    """Read a MESD file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("Fear_F_B_justo.wav"))["emotion"]
        'fearful'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    emotion, voice, words, word = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": voice,
        "sex": {"F": "female", "M": "male", "C": None}[voice],
        "statement": word,
        "words": words,
    }


INFO = Info(
    name="mesd",
    title="MESD",
    language="spa",
    licence="CC BY 4.0",
    citation="Duville, Alonso-Valerdi, Ibarra-Zarate (2021), doi:10.3390/data6120130",
    url="https://data.mendeley.com/datasets/cy34mh68j9",
    example="Anger_C_A_abajo.wav",
    labels=LABELS,
    get="the archive at https://data.mendeley.com/datasets/cy34mh68j9",
    speakers=3,
    files=864,
)
LOADER = by_name(INFO, fields)
