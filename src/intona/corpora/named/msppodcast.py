"""MSP-Podcast: natural speech from podcasts.

Layout
    ``Audios/MSP-PODCAST_0001_0008.wav`` and ``Labels/labels_consensus.csv`` (also spelt
    ``labels_concensus.csv``) with ``FileName``, ``EmoClass``, ``EmoAct``, ``EmoVal``, ``EmoDom``,
    ``SpkrID``, ``Gender``, ``Split_Set``.
Labels
    A angry, S sad, H happy, U surprised, F fearful, D disgust, C contempt, N neutral.
    O (other) and X (no agreement) are left out and counted.
Speakers
    ``SpkrID``; utterances whose speaker is ``Unknown`` have none and are counted.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from intona.corpora.loading import Fields, Info, Rows, Tree, by_table
from intona.licences import RESEARCH

LABELS = {
    "A": "angry",
    "S": "sad",
    "H": "happy",
    "U": "surprised",
    "F": "fearful",
    "D": "disgust",
    "C": "contempt",
    "N": "neutral",
}


def rows(tree: Tree) -> Rows:
    """Read the consensus labels and find their files by name."""
    found: list[Fields] = []
    problems: list[str] = []
    left: Counter[str] = Counter()
    unknown = 0
    for sheet in _sheets(tree)[:1]:
        with open(tree.root / sheet, encoding="utf-8", newline="") as stream:
            for line in csv.DictReader(stream):
                paths = tree.by_stem.get(line["FileName"].rsplit(".", 1)[0].lower(), ())
                label = line["EmoClass"].strip()
                if label not in LABELS:
                    left[label] += 1
                elif not paths:
                    problems.append(f"{line['FileName']}: labelled, but there is no such file")
                else:
                    row = _fields(line, label)
                    unknown += row["speaker"] is None
                    found.append(row | {"file": paths[0]})
    problems += [f"{n} utterances labelled {label} left out" for label, n in sorted(left.items())]
    if unknown:
        problems.append(f"{unknown} utterances have no known speaker")
    return found, problems


def _fields(line: dict[str, str], label: str) -> Fields:
    speaker = (line.get("SpkrID") or "").strip()
    sex = (line.get("Gender") or "").strip().lower()
    return {
        "emotion": LABELS[label],
        "speaker": None if speaker.lower() in ("", "unknown") else speaker,
        "sex": sex if sex in ("female", "male") else None,
        "split": (line.get("Split_Set") or "").strip(),
        "activation": float(line["EmoAct"]),
        "valence": float(line["EmoVal"]),
        "dominance": float(line["EmoDom"]),
    }


def _sheets(tree: Tree) -> tuple[Path, ...]:
    return tree.named("labels_consensus.csv") + tree.named("labels_concensus.csv")


INFO = Info(
    name="msppodcast",
    title="MSP-Podcast",
    language="eng",
    licence="research licence by agreement with UT Dallas",
    terms=RESEARCH,
    citation="Lotfian and Busso (2019), IEEE Trans. Affective Computing 10(4), 471-483, "
    "doi:10.1109/TAFFC.2017.2736999",
    url="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Podcast.html",
    example="Audios/MSP-PODCAST_0001_0008.wav beside Labels/labels_consensus.csv",
    labels=LABELS,
    get="ask for the licence at the source's page",
)
LOADER = by_table(INFO, rows, lambda tree: bool(_sheets(tree)))
