"""Emozionalmente: crowd-sourced Italian emotional speech.

Layout
    ``audio/1624...wav``, ``metadata/samples.csv`` (``file_name``, ``actor``, ``sentence``,
    ``emotion_expressed``) and ``metadata/users.csv`` (``username``, ``age``, ``gender``).
Labels
    anger, disgust, fear, joy happy, neutrality neutral, sadness, surprise: what the speaker meant.
Speakers
    431 amateurs, by user name.
"""

from __future__ import annotations

import csv
from pathlib import Path

from intona.corpora.loading import Fields, Info, Rows, Tree, by_table
from intona.licences import CC_BY

LABELS = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "joy": "happy",
    "neutrality": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
_SEX = {"f": "female", "female": "female", "m": "male", "male": "male"}


def rows(tree: Tree) -> Rows:
    """Read ``samples.csv`` and ``users.csv`` and find the files by name."""
    people = {
        line["username"]: line
        for sheet in tree.named("users.csv")
        for line in _lines(tree.root / sheet)
    }
    found: list[Fields] = []
    problems: list[str] = []
    for sheet in tree.named("samples.csv"):
        for line in _lines(tree.root / sheet):
            paths = tree.by_stem.get(line["file_name"].rsplit(".", 1)[0].lower(), ())
            emotion = LABELS.get(line["emotion_expressed"].strip())
            if not paths:
                problems.append(f"{line['file_name']}: in {sheet.name}, but there is no such file")
            elif emotion is None:
                problems.append(f"{paths[0]}: unknown emotion {line['emotion_expressed']!r}")
            else:
                person = people.get(line["actor"], {})
                age = (person.get("age") or "").split(".")[0]
                found.append(
                    {
                        "file": paths[0],
                        "emotion": emotion,
                        "speaker": line["actor"],
                        "sex": _SEX.get((person.get("gender") or "").lower()),
                        "age": int(age) if age.isdigit() else None,
                        "statement": line["sentence"],
                    }
                )
    return found, problems


def _lines(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


INFO = Info(
    name="emozionalmente",
    title="Emozionalmente",
    language="ita",
    licence="CC BY 4.0",
    terms=CC_BY,
    citation="Catania, Wilke, Garzotto (2025), IEEE Trans. Audio, Speech and Language "
    "Processing 33, 1142-1155, doi:10.1109/TASLPRO.2025.3540662",
    url="https://zenodo.org/records/6569824",
    example="metadata/samples.csv beside audio/",
    labels=LABELS,
    get="the archive at https://zenodo.org/records/6569824",
    speakers=431,
    files=6902,
)
LOADER = by_table(
    INFO,
    rows,
    lambda tree: tree.has_table("samples.csv", {"file_name", "actor", "emotion_expressed"}),
)
