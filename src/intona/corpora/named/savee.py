"""SAVEE: Surrey Audio-Visual Expressed Emotion.

Layout
    ``AudioData/DC/a01.wav`` (folder: speaker; name: emotion letters and sentence number), or flat
    as ``DC_a01.wav``.
Labels
    a angry, d disgust, f fearful, h happy, n neutral, sa sad, su surprised.
Speakers
    4 men: DC, JE, JK, KL.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import RESEARCH

INFO = Info(
    name="savee",
    title="SAVEE",
    language="eng",
    licence="free for research after registration",
    terms=RESEARCH,
    citation="Haq and Jackson (2010), in Machine Audition, IGI Global, 398-423",
    url="http://kahlan.eps.surrey.ac.uk/savee/",
    example="AudioData/DC/a01.wav",
    labels={
        "a": "angry",
        "d": "disgust",
        "f": "fearful",
        "h": "happy",
        "n": "neutral",
        "sa": "sad",
        "su": "surprised",
    },
    get="register at http://kahlan.eps.surrey.ac.uk/savee/",
    speakers=4,
    files=480,
)
LOADER = by_pattern(
    INFO,
    r"(?P<speaker>DC|JE|JK|KL)[_/](?P<statement>(?P<emotion>sa|su|[adfhn])\d\d)",
    sex="male",
)
