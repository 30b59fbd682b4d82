"""ShEMO: Sharif Emotional Speech Database, Persian.

Layout
    ``female/F01A01.wav``: sex, speaker, emotion letter, number of the utterance.
Labels
    A angry, F fearful, H happy, N neutral, S sad, W surprised.
Speakers
    87: 31 women (F01 ...), 56 men (M01 ...).
Licence
    Free for research; no licence text with the files.
Citation
    Mohamad Nezami, Jamshid Lou, Karami (2019), Language Resources and Evaluation 53, 1-16,
    doi:10.1007/s10579-018-9427-x.
Source
    https://github.com/pariajm/sharif-emotional-speech-dataset
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, by_name

__all__ = ["LOADER", "fields"]

LABELS = {
    "A": "angry",
    "F": "fearful",
    "H": "happy",
    "N": "neutral",
    "S": "sad",
    "W": "surprised",
}
_NAME = re.compile(r"(([FM])\d\d)([AFHNSW])(\d+)")


def fields(path: PurePath) -> Fields | None:
    """Read a ShEMO file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("male/M12W03.wav"))["emotion"]
        'surprised'
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return {
        "emotion": LABELS[match[3]],
        "speaker": match[1],
        "sex": "female" if match[2] == "F" else "male",
    }


INFO = Info(
    name="shemo",
    title="ShEMO",
    language="fas",
    licence="free for research; no licence text with the files",
    citation="Mohamad Nezami, Jamshid Lou, Karami (2019), doi:10.1007/s10579-018-9427-x",
    url="https://github.com/pariajm/sharif-emotional-speech-dataset",
    example="female/F01A01.wav",
    labels=LABELS,
    get="the links at https://github.com/pariajm/sharif-emotional-speech-dataset",
    speakers=87,
    files=3000,
)
LOADER = by_name(INFO, fields)
