"""URDU: utterances from Urdu talk shows.

Layout
    ``Angry/SM1_F10_A10.wav``: speaker (S, sex, number), number of the file, emotion letter and its
    number.
Labels
    A angry, H happy, N neutral, S sad.
Speakers
    38: 27 men (SM...), 11 women (SF...).
Licence
    Free for research; no licence text with the files.
Citation
    Latif, Qayyum, Usman, Qadir (2018), arXiv:1812.10411.
Source
    https://github.com/siddiquelatif/URDU-Dataset
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
_NAME = re.compile(r"(S([MF])\d+)_F\d+_([AHNS])\d+")


def fields(path: PurePath) -> Fields | None:
    """Read a URDU file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("Angry/SM1_F10_A10.wav"))["speaker"]
        'SM1'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return {
        "emotion": LABELS[match[3]],
        "speaker": match[1],
        "sex": "female" if match[2] == "F" else "male",
    }


INFO = Info(
    name="urdu",
    title="URDU",
    language="urd",
    licence="free for research; no licence text with the files",
    citation="Latif, Qayyum, Usman, Qadir (2018), arXiv:1812.10411",
    url="https://github.com/siddiquelatif/URDU-Dataset",
    example="Angry/SM1_F10_A10.wav",
    labels=LABELS,
    get="git clone https://github.com/siddiquelatif/URDU-Dataset",
    speakers=38,
    files=400,
)
LOADER = by_name(INFO, fields)
