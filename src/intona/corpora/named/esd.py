"""ESD: Emotional Speech Database, Mandarin and English.

Layout
    ``0011/Angry/0011_000351.wav``, in copies with a folder ``train``, ``evaluation`` or ``test``
    below the emotion. The number says the emotion as well: 350 sentences in the order neutral,
    angry, happy, sad, surprise. A file whose folder and number disagree is left out and reported.
Labels
    Neutral, Angry, Happy, Sad, Surprise.
Speakers
    20: 0001 to 0010 speak Mandarin, 0011 to 0020 English. Sex is not in the names.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import RESEARCH

INFO = Info(
    name="esd",
    title="ESD",
    language="eng",
    licence="for research only; a licence form is asked for",
    terms=RESEARCH,
    citation="Zhou, Sisman, Liu, Li (2022), Speech Communication 137, 1-18, arXiv:2105.14762",
    url="https://github.com/HLTSingapore/Emotional-Speech-Data",
    example="0011/Angry/0011_000351.wav",
    labels={
        "Neutral": "neutral",
        "Angry": "angry",
        "Happy": "happy",
        "Sad": "sad",
        "Surprise": "surprised",
    },
    get="the link at https://github.com/HLTSingapore/Emotional-Speech-Data",
    speakers=20,
    files=35000,
)
_BLOCK = 350


def _emotion(groups: dict[str, str]) -> str | None:
    """Return what the number says, nothing when the folder says otherwise."""
    number = int(groups["statement"])
    if not 1 <= number <= _BLOCK * len(INFO.labels):
        return None
    code = list(INFO.labels)[(number - 1) // _BLOCK]
    return INFO.labels[code] if (groups["_folder"] or code).capitalize() == code else None


LOADER = by_pattern(
    INFO,
    r"(?:(?i:(?P<_folder>Neutral|Angry|Happy|Sad|Surprise))/(?:[^/]+/)*)?"
    r"(?P<speaker>00(?:0[1-9]|1\d|20))_(?P<statement>\d{6})",
    emotion=_emotion,
    language=lambda groups: "cmn" if int(groups["speaker"]) <= 10 else "eng",
    statement=lambda groups: (int(groups["statement"]) - 1) % _BLOCK + 1,
)
