"""TurEV-DB: Turkish emotional voices, single words.

Layout
    ``Sound Source/Angry/1157_kz_japon.wav``: emotion in the folder; speaker, two letters and word
    in the name.
Labels
    Angry, Calm, Happy, Sad.
Speakers
    By the number in the name; six in the published set. The two letters seem to tell the sex
    (``kz`` for kız), which the description does not confirm, so there is no column ``sex``.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import CC_BY_NC_ND

INFO = Info(
    name="turevdb",
    title="TurEV-DB",
    language="tur",
    licence="CC BY-NC-ND 4.0 (non-commercial, no derivatives)",
    terms=CC_BY_NC_ND,
    citation="Canpolat, Ormanoglu, Zeyrek (2020), SLTU-CCURL, 368-375",
    url="https://github.com/Xeonen/TurEV-DB",
    example="Sound Source/Angry/1157_kz_japon.wav",
    labels={"Angry": "angry", "Calm": "calm", "Happy": "happy", "Sad": "sad"},
    get="git clone https://github.com/Xeonen/TurEV-DB",
    speakers=6,
    files=1735,
)
LOADER = by_pattern(INFO, r"(?P<emotion>[A-Za-z]+)/(?P<speaker>\d{4})_[a-z]{2}_(?P<statement>\w+)")
