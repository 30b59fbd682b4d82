"""AESDD: Acted Emotional Speech Dynamic Database, Greek.

Layout
    ``anger/a01 (1).wav``: emotion letter, utterance, speaker in brackets, and a letter for a
    further take (``d04 (5)b.wav``).
Labels
    a angry, d disgust, f fearful, h happy, s sad.
Speakers
    5 at first (3 women, 2 men), 6 in the present version. Which of them are women is not in the
    names, so there is no column ``sex``.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import RESEARCH

INFO = Info(
    name="aesdd",
    title="AESDD",
    language="ell",
    licence="free for research; no licence text with the files",
    terms=RESEARCH,
    citation="Vryzas, Kotsakis, Liatsou, Dimoulas, Kalliris (2018), J. Audio Eng. Soc. 66(6), "
    "457-467, doi:10.17743/jaes.2018.0036",
    url="http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/",
    example="anger/a01 (1).wav",
    labels={"a": "angry", "d": "disgust", "f": "fearful", "h": "happy", "s": "sad"},
    get="the link at http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/",
    speakers=6,
    files=604,
)
LOADER = by_pattern(
    INFO,
    r"(?P<emotion>[adfhs])(?P<statement>\d\d) ?\((?P<speaker>\d)\)(?P<take>[a-z]?)",
    take=lambda groups: groups["take"] or "a",
)
