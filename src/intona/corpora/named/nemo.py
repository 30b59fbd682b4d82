"""nEMO: Polish emotional speech.

Layout
    ``samples/SM0_anger_12.wav`` (speaker, emotion, number) and ``data.tsv`` with the columns
    ``file_id``, ``emotion``, ``raw_text``, ``normalized_text``, ``speaker_id``, ``gender`` and
    ``age``. The table names ``.wav`` files; the audio may have been re-encoded (opus, flac), so
    files are matched by stem.
Labels
    anger, fear, happiness, neutral, sadness, surprised.
Speakers
    9 (4 female, 5 male), from ``data.tsv``.
"""

from __future__ import annotations

import csv

from intona.corpora.loading import Fields, Info, Rows, Tree, by_table
from intona.licences import CC_BY_NC_SA

LABELS = {
    "anger": "angry",
    "fear": "fearful",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprised": "surprised",
}


def rows(tree: Tree) -> Rows:
    """Read ``data.tsv`` and match its files by stem."""
    found: list[Fields] = []
    problems: list[str] = []
    listed: set[str] = set()
    for sheet in tree.named("data.tsv"):
        with open(tree.root / sheet, encoding="utf-8", newline="") as stream:
            for line in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
                stem = line["file_id"].rsplit(".", 1)[0].lower()
                listed.add(stem)
                paths = tree.by_stem.get(stem, ())
                emotion = LABELS.get(line["emotion"])
                if not paths:
                    problems.append(f"{line['file_id']}: in data.tsv, but there is no such file")
                elif emotion is None:
                    problems.append(f"{paths[0]}: left out, unknown emotion {line['emotion']!r}")
                else:
                    found.append(_fields(line, emotion) | {"file": paths[0]})
    strays = (path for path in tree.audio if path.stem.lower() not in listed)
    problems += [f"{path}: left out, not in data.tsv" for path in strays]
    return found, problems


def _fields(line: dict[str, str], emotion: str) -> Fields:
    return {
        "emotion": emotion,
        "speaker": line["speaker_id"].strip(),
        "sex": line["gender"].strip(),
        "statement": line["raw_text"].strip(),
        "age": int(line["age"]),
    }


INFO = Info(
    name="nemo",
    title="nEMO",
    language="pol",
    licence="CC BY-NC-SA 4.0 (non-commercial)",
    terms=CC_BY_NC_SA,
    citation="Christop (2024): nEMO: Dataset of Emotional Speech in Polish, LREC-COLING, "
    "arXiv:2404.06292",
    url="https://github.com/amu-cai/nEMO",
    example="samples/SM0_anger_12.wav beside data.tsv",
    labels=LABELS,
    get="git clone https://github.com/amu-cai/nEMO, or amu-cai/nEMO on Hugging Face",
    speakers=9,
    files=4481,
)
LOADER = by_table(
    INFO,
    rows,
    lambda tree: tree.has_table("data.tsv", {"file_id", "emotion", "speaker_id", "age"}, "\t"),
)
