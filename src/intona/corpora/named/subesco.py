"""SUBESCO: SUST Bangla Emotional Speech Corpus.

Layout
    ``F_02_MONIKA_S_1_ANGRY_1.wav``: sex, number and name of the speaker, sentence, emotion, take.
Labels
    ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE.
Speakers
    20: 10 women and 10 men, each numbered from 01, so the sex is part of the speaker's name.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import CC_BY

INFO = Info(
    name="subesco",
    title="SUBESCO",
    language="ben",
    licence="CC BY 4.0",
    terms=CC_BY,
    citation="Sultana, Rahman, Selim, Iqbal (2021), PLoS ONE 16(4): e0250173, "
    "doi:10.1371/journal.pone.0250173",
    url="https://zenodo.org/records/4526477",
    example="F_02_MONIKA_S_1_ANGRY_1.wav",
    labels={
        "ANGRY": "angry",
        "DISGUST": "disgust",
        "FEAR": "fearful",
        "HAPPY": "happy",
        "NEUTRAL": "neutral",
        "SAD": "sad",
        "SURPRISE": "surprised",
    },
    get="the archive at https://zenodo.org/records/4526477",
    speakers=20,
    files=7000,
)
LOADER = by_pattern(
    INFO,
    r"(?i:(?P<sex>[FM])_(?P<speaker>\d\d)_[A-Z]+_S_(?P<statement>\d+)_(?P<emotion>[A-Z]+)"
    r"_(?P<repetition>\d+))",
    speaker=lambda groups: f"{groups['sex'].upper()}{groups['speaker']}",
)
