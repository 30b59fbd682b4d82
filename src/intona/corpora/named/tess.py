"""TESS: Toronto Emotional Speech Set.

Layout
    ``OAF_angry/OAF_back_angry.wav``: speaker, word, emotion; the sentence is always "Say the word
    ...". Copies hold the whole set twice, one inside the other.
Labels
    angry, disgust, fear, happy, neutral, ps (pleasant surprise) surprised, sad.
Speakers
    2 women: OAF (64 years), YAF (26 years). With two speakers no result on TESS says much about
    new voices.
Quirks
    One file is named ``OA_bite_neutral`` (the speaker is OAF). Two files are AIFF named ``.wav``,
    one has 96 kHz.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import CC_BY_NC_ND

INFO = Info(
    name="tess",
    title="TESS",
    language="eng",
    licence="CC BY-NC-ND 4.0 (non-commercial, no derivatives)",
    terms=CC_BY_NC_ND,
    citation="Pichora-Fuller and Dupuis (2020), doi:10.5683/SP2/E8H2MF",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    example="OAF_angry/OAF_back_angry.wav",
    labels={
        "angry": "angry",
        "disgust": "disgust",
        "fear": "fearful",
        "happy": "happy",
        "neutral": "neutral",
        "ps": "surprised",
        "sad": "sad",
    },
    get="download the files at https://doi.org/10.5683/SP2/E8H2MF",
    speakers=2,
    files=2800,
)
LOADER = by_pattern(
    INFO,
    r"(?i:(?P<speaker>OAF?|YAF)_(?P<statement>[a-z]+)_(?P<emotion>[a-z]+))",
    speaker=lambda groups: f"{groups['speaker'][:2].upper()}F",
    sex="female",
    age=lambda groups: 26 if groups["speaker"].upper() == "YAF" else 64,
    statement=lambda groups: groups["statement"].lower(),
)
