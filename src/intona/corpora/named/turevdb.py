"""TurEV-DB: Turkish emotional voices, single words.

Layout
    ``Sound Source/Angry/1157_kz_japon.wav``: emotion in the folder; speaker, two letters and word
    in the name.
Labels
    Angry, Calm, Happy, Sad.
Speakers
    By the number in the name; six in the published set. The two letters seem to tell the sex
    (``kz`` for kız), which the description does not confirm, so there is no column ``sex``.
Licence
    CC BY-NC-ND 4.0 (non-commercial, no derivatives).
Citation
    Canpolat, Ormanoglu, Zeyrek (2020), SLTU-CCURL, 368-375.
Source
    https://github.com/Xeonen/TurEV-DB
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {"Angry": "angry", "Calm": "calm", "Happy": "happy", "Sad": "sad"}
_NAME = re.compile(r"(\d{4})_([a-z]{2})_(\w+)")


def fields(path: PurePath) -> Fields | None:
    """Read a TurEV-DB path; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("Sound Source/Angry/1157_kz_japon.wav"))["speaker"]
        '1157'
    """
    match = _NAME.fullmatch(path.stem)
    folder = path.parent.name.capitalize()
    if match is None or folder not in LABELS:
        return None
    return {"emotion": LABELS[folder], "speaker": match[1], "statement": match[3]}


INFO = Info(
    name="turevdb",
    title="TurEV-DB",
    language="tur",
    licence="CC BY-NC-ND 4.0 (non-commercial, no derivatives)",
    citation="Canpolat, Ormanoglu, Zeyrek (2020), SLTU-CCURL, 368-375",
    url="https://github.com/Xeonen/TurEV-DB",
    example="Sound Source/Angry/1157_kz_japon.wav",
    labels=LABELS,
    get="git clone https://github.com/Xeonen/TurEV-DB",
    speakers=6,
    files=1735,
)
LOADER = by_name(INFO, fields)
