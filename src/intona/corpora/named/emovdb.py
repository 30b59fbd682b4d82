"""EmoV-DB: emotional voices reading the CMU Arctic sentences.

Layout
    ``bea_Amused/amused_1-15_0001.wav`` or ``bea/Amused/amused_1-15_0001.wav``: speaker and emotion
    in the folder, emotion, range and sentence in the name. The speaker is taken from the folder.
Labels
    amused and sleepy keep their own names; anger angry, disgust, neutral.
Speakers
    4 English ones: bea, jenie (female), josh, sam (male). A fifth one speaks French and is not in
    the English archive.
Licence
    Own terms, non-commercial (with the archive).
Citation
    Adigwe, Tits, El Haddad, Ostadabbas, Dutoit (2018), arXiv:1806.09514.
Source
    https://www.openslr.org/115/
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "amused": "amused",
    "anger": "angry",
    "disgust": "disgust",
    "neutral": "neutral",
    "sleepiness": "sleepy",
    "sleepy": "sleepy",
}
_SEX = {"bea": "female", "jenie": "female", "josh": "male", "sam": "male"}
_NAME = re.compile(r"(amused|anger|disgust|neutral|sleepiness|sleepy)_\d+[-_]\d+_(\d+)", re.I)


def fields(path: PurePath) -> Fields | None:
    """Read an EmoV-DB path; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("sam_Disgusted/Disgust_169_196_0188.wav"))["speaker"]
        'sam'
    """
    match = _NAME.fullmatch(path.stem)
    folders = [part.lower().split("_")[0] for part in path.parts[:-1]]
    speaker = next((name for name in reversed(folders) if name in _SEX), None)
    if match is None or speaker is None:
        return None
    return {
        "emotion": LABELS[match[1].lower()],
        "speaker": speaker,
        "sex": _SEX[speaker],
        "statement": match[2],
    }


INFO = Info(
    name="emovdb",
    title="EmoV-DB",
    language="eng",
    licence="own terms, non-commercial (with the archive)",
    citation="Adigwe, Tits, El Haddad, Ostadabbas, Dutoit (2018), arXiv:1806.09514",
    url="https://www.openslr.org/115/",
    example="bea_Amused/amused_1-15_0001.wav",
    labels=LABELS,
    get="the archives at https://www.openslr.org/115/",
    speakers=4,
)
LOADER = by_name(INFO, fields)
