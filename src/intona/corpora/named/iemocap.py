"""IEMOCAP: Interactive Emotional Dyadic Motion Capture.

Layout
    ``Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav`` and the labels in
    ``Session1/dialog/EmoEvaluation/Ses01F_impro01.txt``, lines such as
    ``[6.2901 - 8.2357] Ses01F_impro01_F000 neu [2.5, 2.5, 2.5]`` (times in the dialogue, file,
    label, valence, activation, dominance from 1 to 5).
Labels
    neu neutral, hap happy, sad, ang angry, sur surprised, fea fearful, dis disgust, exc excited,
    fru frustrated. ``xxx`` (no agreement) and ``oth`` (other) are left out and counted.
Conventions
    Option ``classes``: ``4`` keeps angry, happy, sad, neutral with excited merged into happy
    (5531 utterances in the complete corpus; EmoBox's choice as well); ``5`` keeps angry, happy,
    excited, sad, neutral apart. Without it every agreed label is kept and nothing merged.
Speakers
    10, two per session, one of each sex: 01F is the woman of session 1. Who speaks is told by the
    letter before the turn's number, not by the one after the session's.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from intona.corpora.loading import Fields, Info, Rows, Tree, by_table
from intona.errors import UsageError
from intona.licences import RESEARCH

LABELS = {
    "neu": "neutral",
    "hap": "happy",
    "sad": "sad",
    "ang": "angry",
    "sur": "surprised",
    "fea": "fearful",
    "dis": "disgust",
    "exc": "excited",
    "fru": "frustrated",
}
_CLASSES: dict[str | None, dict[str, str]] = {
    None: LABELS,
    "4": {"neu": "neutral", "hap": "happy", "exc": "happy", "sad": "sad", "ang": "angry"},
    "5": {"neu": "neutral", "hap": "happy", "exc": "excited", "sad": "sad", "ang": "angry"},
}
_LINE = re.compile(
    r"\[[\d.]+ - [\d.]+\]\s+(Ses0(\d)[FM]_(\w+)_([FM])\d+)\s+([a-z]{3})\s+"
    r"\[([\d.]+), ([\d.]+), ([\d.]+)\]"
)


def rows(tree: Tree, classes: str | int | None = None) -> Rows:
    """Read the label files of all sessions; ``classes`` as in the module's text."""
    wanted = _CLASSES.get(None if classes is None else str(classes))
    if wanted is None:
        raise UsageError(f"iemocap: classes={classes!r} is neither 4 nor 5")
    found: list[Fields] = []
    problems: list[str] = []
    left: Counter[str] = Counter()
    for sheet in _sheets(tree):
        for line in (tree.root / sheet).read_text("utf-8", "replace").splitlines():
            match = _LINE.match(line)
            if match is None:
                continue
            stem, session, dialogue, sex, label, valence, activation, dominance = match.groups()
            paths = tree.by_stem.get(stem.lower(), ())
            if label not in wanted:
                left[label] += 1
            elif not paths:
                problems.append(f"{stem}: in {sheet.name}, but there is no such file")
            else:
                found.append(
                    {
                        "file": paths[0],
                        "emotion": wanted[label],
                        "speaker": f"0{session}{sex}",
                        "sex": "female" if sex == "F" else "male",
                        "session": int(session),
                        "dialogue": dialogue,
                        "improvised": dialogue.startswith("impro"),
                        "valence": float(valence),
                        "activation": float(activation),
                        "dominance": float(dominance),
                    }
                )
    problems += [f"{n} utterances labelled {label} left out" for label, n in sorted(left.items())]
    return found, problems


def _sheets(tree: Tree) -> list[Path]:
    return [path for path in tree.with_suffix(".txt") if path.parent.name == "EmoEvaluation"]


INFO = Info(
    name="iemocap",
    title="IEMOCAP",
    language="eng",
    licence="free for research after signing a release form",
    terms=RESEARCH,
    citation="Busso et al. (2008), Language Resources and Evaluation 42(4), 335-359, "
    "doi:10.1007/s10579-008-9076-6",
    url="https://sail.usc.edu/iemocap/",
    example="Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav beside "
    "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
    labels=LABELS,
    get="sign the release form at https://sail.usc.edu/iemocap/",
    speakers=10,
    files=10039,
)
LOADER = by_table(INFO, rows, lambda tree: bool(_sheets(tree)), frozenset({"classes"}))
