"""CaFE: Canadian French Emotional speech.

Layout
    ``Colère/Fort/01-C-2-1.wav``: actor, emotion (French initial), intensity (1 weak, 2 strong),
    sentence (1 to 6). Neutral has intensity 1 only.
Labels
    C (colère) angry, D (dégoût) disgust, J (joie) happy, N neutral, P (peur) fearful,
    S surprised, T (tristesse) sad.
Speakers
    12 actors; odd numbers are male, even ones female.
Licence
    CC BY-NC-SA 4.0 (non-commercial).
Citation
    Gournay, Lahaie, Lefebvre (2018), ACM Multimedia Systems, doi:10.1145/3204949.3208121.
Source
    https://zenodo.org/records/1478765
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "C": "angry",
    "D": "disgust",
    "J": "happy",
    "N": "neutral",
    "P": "fearful",
    "S": "surprised",
    "T": "sad",
}
_NAME = re.compile(r"(0[1-9]|1[0-2])-([CDJNPST])-([12])-([1-6])")


def fields(path: PurePath) -> Fields | None:
    """Read a CaFE file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("12-T-2-6.wav"))["emotion"]
        'sad'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    actor, emotion, intensity, sentence = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": actor,
        "sex": "male" if int(actor) % 2 else "female",
        "intensity": "strong" if intensity == "2" else "normal",
        "statement": sentence,
    }


INFO = Info(
    name="cafe",
    title="CaFE",
    language="fra",
    licence="CC BY-NC-SA 4.0 (non-commercial)",
    citation="Gournay, Lahaie, Lefebvre (2018), doi:10.1145/3204949.3208121",
    url="https://zenodo.org/records/1478765",
    example="01-C-2-1.wav",
    labels=LABELS,
    get="the archives at https://zenodo.org/records/1478765",
    speakers=12,
    files=936,
)
LOADER = by_name(INFO, fields)
