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
Licence
    CC BY-NC-ND 4.0 (non-commercial, no derivatives).
Citation
    Pichora-Fuller and Dupuis (2020), doi:10.5683/SP2/E8H2MF.
Source
    https://doi.org/10.5683/SP2/E8H2MF
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}
_NAME = re.compile(r"(OAF?|YAF)_([a-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)", re.IGNORECASE)


def fields(path: PurePath) -> Fields | None:
    """Read a TESS file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("YAF_back_ps.wav"))["emotion"]
        'surprised'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker = "YAF" if match[1].upper() == "YAF" else "OAF"
    return {
        "emotion": LABELS[match[3].lower()],
        "speaker": speaker,
        "sex": "female",
        "age": 26 if speaker == "YAF" else 64,
        "statement": match[2].lower(),
    }


INFO = Info(
    name="tess",
    title="TESS",
    language="eng",
    licence="CC BY-NC-ND 4.0 (non-commercial, no derivatives)",
    citation="Pichora-Fuller and Dupuis (2020), doi:10.5683/SP2/E8H2MF",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    example="OAF_angry/OAF_back_angry.wav",
    labels=LABELS,
    get="download the files at https://doi.org/10.5683/SP2/E8H2MF",
    speakers=2,
    files=2800,
)
LOADER = by_name(INFO, fields)
