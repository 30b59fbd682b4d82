"""ASED: Amharic Speech Emotion Dataset.

Layout
    ``n1-01-01-02-45.wav``: emotion letter and folder, sentence, repetition, sex (01 female, 02
    male), speaker.
Labels
    n neutral, f fearful, h happy, s sad, a angry.
Speakers
    65, by number: 25 women, 40 men.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import RESEARCH

INFO = Info(
    name="ased",
    title="ASED",
    language="amh",
    licence="offered for research; no licence is stated",
    terms=RESEARCH,
    citation="Retta, Almekhlafi, Sutcliffe, Mhamed, Ali, Feng (2022), ACM Trans. Asian and "
    "Low-Resource Language Information Processing, doi:10.1145/3529759, "
    "arXiv:2201.02710",
    url="https://github.com/Ethio2021/ASED_V1",
    example="n1-01-01-02-45.wav",
    labels={"n": "neutral", "f": "fearful", "h": "happy", "s": "sad", "a": "angry"},
    get="git clone https://github.com/Ethio2021/ASED_V1",
    speakers=65,
    files=2474,
)
LOADER = by_pattern(
    INFO,
    r"(?i:(?P<emotion>[nfhsa]))(?P<statement>\d-\d\d)-(?P<repetition>\d\d)-(?P<sex>0[12])"
    r"-(?P<speaker>\d\d)",
    sex={"01": "female", "02": "male"},
)
