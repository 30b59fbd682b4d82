"""ShEMO: Sharif Emotional Speech Database, Persian.

Layout
    ``female/F01A01.wav``: sex, speaker, emotion letter, number of the utterance.
Labels
    A angry, F fearful, H happy, N neutral, S sad, W surprised.
Speakers
    87: 31 women (F01 ...), 56 men (M01 ...).
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import RESEARCH

INFO = Info(
    name="shemo",
    title="ShEMO",
    language="fas",
    licence="free of charge for academic purposes; the copy on Hugging Face says Apache-2.0",
    terms=RESEARCH,
    citation="Mohamad Nezami, Jamshid Lou, Karami (2019), Language Resources and Evaluation "
    "53, 1-16, doi:10.1007/s10579-018-9427-x",
    url="https://github.com/pariajm/sharif-emotional-speech-dataset",
    example="female/F01A01.wav",
    labels={
        "A": "angry",
        "F": "fearful",
        "H": "happy",
        "N": "neutral",
        "S": "sad",
        "W": "surprised",
    },
    get="the links at https://github.com/pariajm/sharif-emotional-speech-dataset",
    speakers=87,
    files=3000,
)
LOADER = by_pattern(
    INFO,
    r"(?P<speaker>(?P<sex>[FM])\d\d)(?P<emotion>[AFHNSW])\d+",
)
