"""CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset.

Layout
    ``AudioWAV/1001_DFA_ANG_XX.wav``: actor, sentence, emotion, level (LO, MD, HI, XX for none).
Labels
    ANG angry, DIS disgust, FEA fearful, HAP happy, NEU neutral, SAD sad: what the actor was asked
    for, not what listeners heard.
Speakers
    91 actors, 1001 to 1091, 48 male and 43 female (from ``VideoDemographics.csv``).
Quirks
    One level is written ``X`` (``1040_ITH_SAD_X``); ``1076_MTI_SAD_XX`` is known to hold no sound.
Licence
    Open Database License (ODbL) 1.0.
Citation
    Cao, Cooper, Keutmann, Gur, Nenkova, Verma (2014), IEEE Trans. Affective Computing 5(4),
    377-390, doi:10.1109/TAFFC.2014.2336244.
Source
    https://github.com/CheyneyComputerScience/CREMA-D
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
_LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": None, "X": None}
# fmt: off
_FEMALE = frozenset({
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028,
    1029, 1030, 1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063,
    1072, 1073, 1074, 1075, 1076, 1078, 1079, 1082, 1084, 1089, 1091,
})
# fmt: on
_NAME = re.compile(r"(10\d\d)_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)")


def fields(path: PurePath) -> Fields | None:
    """Read a CREMA-D file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("AudioWAV/1001_DFA_ANG_XX.wav"))["emotion"]
        'angry'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1001 <= int(match[1]) <= 1091:
        return None
    actor, sentence, emotion, level = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": actor,
        "sex": "female" if int(actor) in _FEMALE else "male",
        "statement": sentence,
        "intensity": _LEVELS[level],
    }


INFO = Info(
    name="cremad",
    title="CREMA-D",
    language="eng",
    licence="Open Database License (ODbL) 1.0",
    citation="Cao, Cooper, Keutmann, Gur, Nenkova, Verma (2014), doi:10.1109/TAFFC.2014.2336244",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    example="AudioWAV/1001_DFA_ANG_XX.wav",
    labels=LABELS,
    get="git clone (with git-lfs installed) https://github.com/CheyneyComputerScience/CREMA-D",
    speakers=91,
    files=7442,
)
LOADER = by_name(INFO, fields)
