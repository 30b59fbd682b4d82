"""EMOVO: Italian emotional speech.

Layout
    ``f1/dis-f1-b1.wav``: emotion, speaker, sentence.
Labels
    dis (disgusto) disgust, gio (gioia) happy, neu neutral, pau (paura) fearful, rab (rabbia)
    angry, sor (sorpresa) surprised, tri (tristezza) sad.
Speakers
    6 actors: f1, f2, f3, m1, m2, m3.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import RESEARCH

INFO = Info(
    name="emovo",
    title="EMOVO",
    language="ita",
    licence="free for research; no licence text with the files",
    terms=RESEARCH,
    citation="Costantini, Iadarola, Paoloni, Todisco (2014), LREC, 3501-3504",
    url="http://voice.fub.it/activities/corpora/emovo/index.html",
    example="f1/dis-f1-b1.wav",
    labels={
        "dis": "disgust",
        "gio": "happy",
        "neu": "neutral",
        "pau": "fearful",
        "rab": "angry",
        "sor": "surprised",
        "tri": "sad",
    },
    get="the archive at http://voice.fub.it/activities/corpora/emovo/index.html",
    speakers=6,
    files=588,
)
LOADER = by_pattern(
    INFO,
    r"(?P<emotion>[a-z]{3})-(?P<speaker>(?P<sex>[fm])[123])-(?P<statement>[a-z]+\d?)",
)
