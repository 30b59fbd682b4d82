"""CaFE: Canadian French Emotional speech.

Layout
    ``Colère/Fort/01-C-2-1.wav``: actor, emotion (French initial), intensity (1 weak, 2 strong),
    sentence (1 to 6). Neutral has intensity 1 only.
Labels
    C (colère) angry, D (dégoût) disgust, J (joie) happy, N neutral, P (peur) fearful,
    S surprised, T (tristesse) sad.
Speakers
    12 actors; odd numbers are male, even ones female.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import CC_BY_NC_SA

INFO = Info(
    name="cafe",
    title="CaFE",
    language="fra",
    licence="CC BY-NC-SA 4.0 (non-commercial)",
    terms=CC_BY_NC_SA,
    citation="Gournay, Lahaie, Lefebvre (2018), ACM Multimedia Systems, "
    "doi:10.1145/3204949.3208121",
    url="https://zenodo.org/records/1478765",
    example="01-C-2-1.wav",
    labels={
        "C": "angry",
        "D": "disgust",
        "J": "happy",
        "N": "neutral",
        "P": "fearful",
        "S": "surprised",
        "T": "sad",
    },
    get="the archives at https://zenodo.org/records/1478765",
    speakers=12,
    files=936,
)
LOADER = by_pattern(
    INFO,
    r"(?P<speaker>0[1-9]|1[0-2])-(?P<emotion>[CDJNPST])-(?P<intensity>[12])-(?P<statement>[1-6])",
    sex=lambda groups: "male" if int(groups["speaker"]) % 2 else "female",
    intensity={"1": "normal", "2": "strong"},
)
