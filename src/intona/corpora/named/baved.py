"""BAVED: Basic Arabic Vocal Emotions Dataset, single words.

Layout
    ``0/0-M-20-0-1-54.wav``: speaker, sex, age, word (0 to 6), level, number of the recording.
Labels
    Levels, not emotions: 0 low (tired, down), 1 neutral (daily speech), 2 high (any strong
    emotion, happy as well as angry). They keep the names low, neutral and high.
Speakers
    61: 45 men, 16 women, by number.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import NON_COMMERCIAL

INFO = Info(
    name="baved",
    title="BAVED",
    language="ara",
    licence="none is stated; the authors advise against commercial use",
    terms=NON_COMMERCIAL,
    citation="Aouf (2019), Basic Arabic Vocal Emotions Dataset, on GitHub and Kaggle",
    url="https://github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset",
    example="0/0-M-20-0-1-54.wav",
    labels={"0": "low", "1": "neutral", "2": "high"},
    get="git clone https://github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset",
    speakers=61,
    files=1935,
)
LOADER = by_pattern(
    INFO,
    r"(?P<speaker>\d+)-(?P<sex>[MFmf])-(?P<age>\d+)-(?P<statement>[0-6])-(?P<emotion>[012])-\d+",
)
