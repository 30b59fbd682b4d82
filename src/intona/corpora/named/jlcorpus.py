"""JL-Corpus: New Zealand English.

Layout
    ``female1_angry_10a_1.wav``: speaker, emotion, sentence (number and a letter), session.
Labels
    Five primary ones (angry, excited, happy, neutral, sad) and five secondary ones (anxious,
    apologetic, assertive, concerned, encouraging), which keep their own names.
Speakers
    4: female1, female2, male1, male2.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import CC0

_PRIMARY = ("angry", "excited", "happy", "neutral", "sad")
_SECONDARY = ("anxious", "apologetic", "assertive", "concerned", "encouraging")
LABELS = {name: name for name in _PRIMARY + _SECONDARY}
INFO = Info(
    name="jlcorpus",
    title="JL-Corpus",
    language="eng",
    licence="CC0 1.0 (public domain)",
    terms=CC0,
    citation="James, Tian, Watson (2018), Interspeech, doi:10.21437/Interspeech.2018-1349",
    url="https://github.com/tli725/JL-Corpus",
    example="female1_angry_10a_1.wav",
    labels=LABELS,
    get="the archive at https://www.kaggle.com/tli725/jl-corpus",
    speakers=4,
    files=2400,
)
LOADER = by_pattern(
    INFO,
    r"(?P<speaker>(?P<sex>female|male)[12])_(?P<emotion>[a-z]+)_(?P<statement>\d+[a-z])"
    r"_(?P<repetition>\d+)",
)
