"""MELD: Multimodal EmotionLines Dataset, scenes from the series "Friends".

Layout
    ``train_sent_emo.csv``, ``dev_sent_emo.csv``, ``test_sent_emo.csv`` with the columns
    ``Speaker``, ``Emotion``, ``Sentiment``, ``Dialogue_ID``, ``Utterance_ID`` ...; the clips are
    ``dia0_utt0.mp4`` (or extracted audio of that name) in a folder whose name begins with
    ``train``, ``dev``, or ``test`` or ``output_repeated_splits_test``. The three parts use the
    same file names, so the folder decides.
Labels
    anger, disgust, fear, joy happy, neutral, sadness, surprise.
Speakers
    By name, as in the table. The leading six appear in all three parts, so the published split is
    not independent of the speaker. Sex is not given.
Quirks
    ``dev`` dialogue 110 utterance 7 and ``train`` dialogue 125 utterance 3 are missing or damaged
    in the published archive: where they are there they are left out, and reported either way.
"""

from __future__ import annotations

import csv
from pathlib import Path

from intona.corpora.loading import Fields, Info, Rows, Tree, by_table
from intona.corpora.problem import Problem
from intona.licences import UNSTATED

LABELS = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "joy": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
_PARTS = {"train": ("train",), "dev": ("dev",), "test": ("test", "output_repeated_splits_test")}


def rows(tree: Tree) -> Rows:
    """Read the three tables and find their clips by part and name."""
    found: list[Fields] = []
    problems: list[str] = []
    for part, folders in _PARTS.items():
        for sheet in tree.named(f"{part}_sent_emo.csv"):
            # The texts hold Windows-1252 quotes in some copies; no column used here does.
            with open(tree.root / sheet, encoding="utf-8", errors="replace", newline="") as stream:
                for line in csv.DictReader(stream):
                    stem = f"dia{line['Dialogue_ID']}_utt{line['Utterance_ID']}"
                    paths = [
                        path
                        for path in tree.by_stem.get(stem, ())
                        if any(_begins(path, folder) for folder in folders)
                    ]
                    emotion = LABELS.get(line["Emotion"].strip().lower())
                    if not paths:
                        problems.append(
                            f"{part} {stem}: in {sheet.name}, but there is no such file"
                        )
                    elif emotion is None:
                        problems.append(f"{paths[0]}: unknown emotion {line['Emotion']!r}")
                    else:
                        found.append(
                            {
                                "file": paths[0],
                                "emotion": emotion,
                                "speaker": line["Speaker"].strip(),
                                "split": part,
                                "sentiment": line["Sentiment"].strip(),
                                "dialogue": int(line["Dialogue_ID"]),
                            }
                        )
    return found, problems


def _begins(path: Path, folder: str) -> bool:
    return any(name.lower().startswith(folder) for name in path.parts[:-1])


INFO = Info(
    name="meld",
    title="MELD",
    language="eng",
    licence="GPL-3.0 for the labels; the clips belong to their broadcaster",
    terms=UNSTATED,
    citation="Poria, Hazarika, Majumder, Naik, Cambria, Mihalcea (2019), ACL, arXiv:1810.02508",
    url="https://github.com/declare-lab/MELD",
    example="train_splits/dia0_utt0.mp4 beside train_sent_emo.csv",
    labels=LABELS,
    get="the links at https://github.com/declare-lab/MELD",
    files=13708,
    bad={
        "train*/dia125_utt3": Problem("it is damaged in the published archive", "unreadable"),
        "dev*/dia110_utt7": Problem("it is damaged in the published archive", "unreadable"),
    },
)
LOADER = by_table(
    INFO, rows, lambda tree: any(tree.named(f"{part}_sent_emo.csv") for part in _PARTS)
)
