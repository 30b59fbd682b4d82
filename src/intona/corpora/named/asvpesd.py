"""ASVP-ESD: speech and non-speech utterances collected from the web and films.

Layout
    ``Audio/actor_12/03-01-06-01-02-12-02-01-01-16.wav``: modality (03 audio), vocal channel (01
    speech, 02 non-speech), emotion, intensity (01 normal, 02 high), statement, actor, age (01
    above 65, 02 from 20 to 64, 03 under 20, 04 baby), source, and often language and a counter.
    Eight fields or more, so that RAVDESS (seven) cannot be mistaken for it.
Labels
    01 bored, 02 neutral, 03 happy, 04 sad, 05 angry, 06 fearful, 07 disgust, 08 surprised,
    09 excited, 10 pleasure, 11 pain, 12 disappointed. 13 (breath) and other codes are left out
    and reported.
Speakers
    By actor number; even numbers are male, odd ones female.
Uncertain
    Published descriptions disagree on the language codes, so ``language`` is ``mul`` (several) and
    the code itself stands in ``language_code``. Many actors are strangers collected under one
    number.
"""

from __future__ import annotations

from intona.corpora.loading import Info, by_pattern
from intona.licences import CC_BY

INFO = Info(
    name="asvpesd",
    title="ASVP-ESD",
    language="mul",
    licence="CC BY 4.0",
    terms=CC_BY,
    citation="Landry, He, Yan, Li (2020), Global Scientific Journals 8, 1793-1798",
    url="https://zenodo.org/records/7132783",
    example="Audio/actor_12/03-01-06-01-02-12-02-01-01-16.wav",
    labels={
        "01": "bored",
        "02": "neutral",
        "03": "happy",
        "04": "sad",
        "05": "angry",
        "06": "fearful",
        "07": "disgust",
        "08": "surprised",
        "09": "excited",
        "10": "pleasure",
        "11": "pain",
        "12": "disappointed",
    },
    get="the archive at https://zenodo.org/records/7132783",
)
LOADER = by_pattern(
    INFO,
    r"03-(?P<vocal_channel>0[12])-(?P<emotion>\d\d)-(?P<intensity>0[12])-(?P<statement>\d+)"
    r"-(?P<speaker>\d+)-(?P<age_group>0[1-4])-(?P<source>\d+)(?:-(?P<language_code>\d+))?"
    r"(?:[-_][^/]*)?",
    sex=lambda groups: "female" if int(groups["speaker"]) % 2 else "male",
    vocal_channel={"01": "speech", "02": "non-speech"},
    intensity={"01": "normal", "02": "strong"},
    age_group={"01": "above 65", "02": "20 to 64", "03": "under 20", "04": "baby"},
)
