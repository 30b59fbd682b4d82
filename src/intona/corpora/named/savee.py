"""SAVEE: Surrey Audio-Visual Expressed Emotion.

Layout
    ``AudioData/DC/a01.wav`` (folder: speaker; name: emotion letters and sentence number), or flat
    as ``DC_a01.wav``.
Labels
    a angry, d disgust, f fearful, h happy, n neutral, sa sad, su surprised.
Speakers
    4 men: DC, JE, JK, KL.
Licence
    Free for research after registration.
Citation
    Haq and Jackson (2010), in Machine Audition, IGI Global, 398-423.
Source
    http://kahlan.eps.surrey.ac.uk/savee/
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}
_NAME = re.compile(r"(DC|JE|JK|KL)_(sa|su|[adfhn])(\d\d)")


def fields(path: PurePath) -> Fields | None:
    """Read a SAVEE path; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("AudioData/DC/su03.wav"))["emotion"]
        'surprised'
        >>> fields(PurePath("JK_n30.wav"))["speaker"]
        'JK'
    """
    match = _NAME.fullmatch(path.stem) or _NAME.fullmatch(f"{path.parent.name}_{path.stem}")
    if match is None:
        return None
    speaker, emotion, sentence = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": speaker,
        "sex": "male",
        "statement": f"{emotion}{sentence}",
    }


INFO = Info(
    name="savee",
    title="SAVEE",
    language="eng",
    licence="free for research after registration",
    citation="Haq and Jackson (2010), Machine Audition, IGI Global, 398-423",
    url="http://kahlan.eps.surrey.ac.uk/savee/",
    example="AudioData/DC/a01.wav",
    labels=LABELS,
    get="register at http://kahlan.eps.surrey.ac.uk/savee/",
    speakers=4,
    files=480,
)
LOADER = by_name(INFO, fields)
