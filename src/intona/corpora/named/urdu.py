"""URDU: utterances from Urdu talk shows.

Layout
    ``Angry/SM1_F10_A10.wav``: speaker (S, sex, number), number of the file, emotion letter and its
    number.
Labels
    A angry, H happy, N neutral, S sad.
Speakers
    38 by the description: 27 men (SM...), 11 women (SF...); EmoBox finds 29 in the file names.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import RESEARCH

INFO = Info(
    name="urdu",
    title="URDU",
    language="urd",
    licence="only for research purposes; no other licence is stated",
    terms=RESEARCH,
    citation="Latif, Qayyum, Usman, Qadir (2018), Frontiers of Information Technology, "
    "arXiv:1812.10411",
    url="https://github.com/siddiquelatif/URDU-Dataset",
    example="Angry/SM1_F10_A10.wav",
    labels={"A": "angry", "H": "happy", "N": "neutral", "S": "sad"},
    get="git clone https://github.com/siddiquelatif/URDU-Dataset",
    speakers=38,
    files=400,
)
LOADER = by_pattern(
    INFO,
    r"(?P<speaker>S(?P<sex>[MF])\d+)_F\d+_(?P<emotion>[AHNS])\d+",
)
