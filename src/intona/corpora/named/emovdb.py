"""EmoV-DB: emotional voices reading the CMU Arctic sentences.

Layout
    ``bea_Amused/amused_1-15_0001.wav`` or ``bea/Amused/amused_1-15_0001.wav``: speaker and emotion
    in the folder, emotion, range and sentence in the name. The speaker is taken from the folder.
Labels
    amused and sleepy keep their own names; anger angry, disgust, neutral.
Speakers
    4 English ones: bea, jenie (female), josh, sam (male). A fifth one speaks French and is not in
    the English archive.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import NON_COMMERCIAL

INFO = Info(
    name="emovdb",
    title="EmoV-DB",
    language="eng",
    licence="own terms, non-commercial (with the archive)",
    terms=NON_COMMERCIAL,
    citation="Adigwe, Tits, El Haddad, Ostadabbas, Dutoit (2018), arXiv:1806.09514",
    url="https://www.openslr.org/115/",
    example="bea_Amused/amused_1-15_0001.wav",
    labels={
        "amused": "amused",
        "anger": "angry",
        "disgust": "disgust",
        "neutral": "neutral",
        "sleepiness": "sleepy",
        "sleepy": "sleepy",
    },
    get="the archives at https://www.openslr.org/115/",
    speakers=4,
)
_SEX = {"bea": "female", "jenie": "female", "josh": "male", "sam": "male"}
LOADER = by_pattern(
    INFO,
    r"(?i:(?:.*/)?(?P<speaker>bea|jenie|josh|sam)(?:_[^/]*)?/(?:[^/]+/)*"
    r"(?P<emotion>[a-z]+)_\d+[-_]\d+_(?P<statement>\d+))",
    speaker=lambda groups: groups["speaker"].lower(),
    sex=lambda groups: _SEX[groups["speaker"].lower()],
)
