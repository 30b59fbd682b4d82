"""MESD: Mexican Emotional Speech Database, single words.

Layout
    ``Anger_C_A_abajo.wav``: emotion, voice (F woman, M man, C child), word list (A, B), word.
Labels
    Anger, Disgust, Fear, Happiness, Neutral, Sadness.
Speakers
    11 people (3 women, 2 men, 6 children), but the names tell only the kind of voice. The column
    ``speaker`` is therefore the voice: holding one voice out also holds all of its people out,
    never the other way round.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import CC_BY

INFO = Info(
    name="mesd",
    title="MESD",
    language="spa",
    licence="CC BY 4.0",
    terms=CC_BY,
    citation="Duville, Alonso-Valerdi, Ibarra-Zarate (2021), Data 6(12), 130, "
    "doi:10.3390/data6120130",
    url="https://data.mendeley.com/datasets/cy34mh68j9",
    example="Anger_C_A_abajo.wav",
    labels={
        "Anger": "angry",
        "Disgust": "disgust",
        "Fear": "fearful",
        "Happiness": "happy",
        "Neutral": "neutral",
        "Sadness": "sad",
    },
    get="the archive at https://data.mendeley.com/datasets/cy34mh68j9",
    speakers=3,
    files=864,
)
LOADER = by_pattern(
    INFO,
    r"(?P<emotion>[A-Z][a-z]+)_(?P<speaker>(?P<sex>[FMC]))_(?P<words>[AB])_(?P<statement>[^/]+)",
    sex={"F": "female", "M": "male", "C": None},
)
