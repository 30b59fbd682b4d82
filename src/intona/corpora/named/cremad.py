"""CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset.

Layout
    ``AudioWAV/1001_DFA_ANG_XX.wav``: actor, sentence, emotion, level (LO, MD, HI, XX for none).
Labels
    ANG angry, DIS disgust, FEA fearful, HAP happy, NEU neutral, SAD sad: what the actor was asked
    for, not what listeners heard.
Speakers
    91 actors, 1001 to 1091, 48 male and 43 female (from ``VideoDemographics.csv``).
Quirks
    One level is written ``X`` (``1040_ITH_SAD_X``); ``1076_MTI_SAD_XX`` is known to hold no sound
    and is left out.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.corpora.problem import Problem
from intona.licences import ODBL

INFO = Info(
    name="cremad",
    title="CREMA-D",
    language="eng",
    licence="Open Database License (ODbL) 1.0",
    terms=ODBL,
    citation="Cao, Cooper, Keutmann, Gur, Nenkova, Verma (2014), IEEE Trans. Affective "
    "Computing 5(4), 377-390, doi:10.1109/TAFFC.2014.2336244",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    example="AudioWAV/1001_DFA_ANG_XX.wav",
    labels={
        "ANG": "angry",
        "DIS": "disgust",
        "FEA": "fearful",
        "HAP": "happy",
        "NEU": "neutral",
        "SAD": "sad",
    },
    get="git clone (with git-lfs installed) https://github.com/CheyneyComputerScience/CREMA-D",
    speakers=91,
    files=7442,
    bad={"1076_MTI_SAD_XX": Problem("it is known to hold no sound", "silent")},
)
# fmt: off
_FEMALE = frozenset({
    1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028,
    1029, 1030, 1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063,
    1072, 1073, 1074, 1075, 1076, 1078, 1079, 1082, 1084, 1089, 1091,
})
# fmt: on
LOADER = by_pattern(
    INFO,
    r"(?P<speaker>10(?:0[1-9]|[1-8]\d|9[01]))_(?P<statement>[A-Z]{3})_(?P<emotion>[A-Z]{3})"
    r"_(?P<intensity>LO|MD|HI|XX?)",
    sex=lambda groups: "female" if int(groups["speaker"]) in _FEMALE else "male",
    intensity={"LO": "low", "MD": "medium", "HI": "high", "XX": None, "X": None},
)
