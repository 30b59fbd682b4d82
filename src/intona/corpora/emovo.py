"""EMOVO: Italian emotional speech.

Layout
    ``f1/dis-f1-b1.wav``: emotion, speaker, sentence.
Labels
    dis (disgusto) disgust, gio (gioia) happy, neu neutral, pau (paura) fearful, rab (rabbia)
    angry, sor (sorpresa) surprised, tri (tristezza) sad.
Speakers
    6 actors: f1, f2, f3, m1, m2, m3.
Licence
    Free for research; no licence text with the files.
Citation
    Costantini, Iadarola, Paoloni, Todisco (2014), LREC, 3501-3504.
Source
    http://voice.fub.it/activities/corpora/emovo/index.html
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "dis": "disgust",
    "gio": "happy",
    "neu": "neutral",
    "pau": "fearful",
    "rab": "angry",
    "sor": "surprised",
    "tri": "sad",
}
_NAME = re.compile(r"(dis|gio|neu|pau|rab|sor|tri)-([fm])([123])-([a-z]+\d?)")


def fields(path: PurePath) -> Fields | None:
    """Read an EMOVO file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("m2/rab-m2-n4.wav"))["speaker"]
        'm2'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    emotion, sex, number, sentence = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": f"{sex}{number}",
        "sex": "female" if sex == "f" else "male",
        "statement": sentence,
    }


INFO = Info(
    name="emovo",
    title="EMOVO",
    language="ita",
    licence="free for research; no licence text with the files",
    citation="Costantini, Iadarola, Paoloni, Todisco (2014), LREC, 3501-3504",
    url="http://voice.fub.it/activities/corpora/emovo/index.html",
    example="f1/dis-f1-b1.wav",
    labels=LABELS,
    get="the archive at http://voice.fub.it/activities/corpora/emovo/index.html",
    speakers=6,
    files=588,
)
LOADER = by_name(INFO, fields)
