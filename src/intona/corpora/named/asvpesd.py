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
Licence
    CC BY 4.0.
Citation
    Landry, He, Yan, Li (2020), Global Scientific Journals 8, 1793-1798.
Source
    https://zenodo.org/records/7132783
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
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
}
_AGES = {"01": "above 65", "02": "20 to 64", "03": "under 20", "04": "baby"}
_NAME = re.compile(
    r"03-(0[12])-(0[1-9]|1[0-2])-(0[12])-(\d+)-(\d+)-(0[1-4])-(\d+)(?:-(\d+))?(?:[-_].*)?"
)


def fields(path: PurePath) -> Fields | None:
    """Read an ASVP-ESD file name; ``None`` when it is malformed or its emotion is "others".

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("03-01-06-01-02-12-02-01-01-16.wav"))["speaker"]
        '12'
        >>> fields(PurePath("03-01-06-01-02-01-12.wav")) is None
        True
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    channel, emotion, intensity, statement, actor, age, source, language = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": actor,
        "sex": "female" if int(actor) % 2 else "male",
        "vocal_channel": "speech" if channel == "01" else "non-speech",
        "intensity": "normal" if intensity == "01" else "strong",
        "statement": statement,
        "age_group": _AGES[age],
        "source": source,
        "language_code": language,
    }


INFO = Info(
    name="asvpesd",
    title="ASVP-ESD",
    language="mul",
    licence="CC BY 4.0",
    citation="Landry, He, Yan, Li (2020), Global Scientific Journals 8, 1793-1798",
    url="https://zenodo.org/records/7132783",
    example="Audio/actor_12/03-01-06-01-02-12-02-01-01-16.wav",
    labels=LABELS,
    get="the archive at https://zenodo.org/records/7132783",
)
LOADER = by_name(INFO, fields)
