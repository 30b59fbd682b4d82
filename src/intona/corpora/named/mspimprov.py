"""MSP-IMPROV: acted and natural dyads.

Layout
    ``session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav`` (scenario, speaker, P/R/S/T for natural,
    read, target or other, turn) and ``Evaluation.txt``, whose lines for whole turns read
    ``UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.8; V:3.2; D:2.6; N:3.4;`` (consensus, activation,
    valence, dominance, naturalness from 1 to 5).
Labels
    A angry, H happy, N neutral, S sad. O (other) and X (no agreement) are left out and counted.
Speakers
    12, two per session: F01 to F06 and M01 to M06.
"""

from __future__ import annotations

import re
from collections import Counter

from intona.corpora.loading import Fields, Info, Rows, Tree, by_table
from intona.licences import RESEARCH

LABELS = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
_NUMBER = r"(-?[\d.]+|NaN)"
_LINE = re.compile(
    r"UTD-(IMPROV-(\w+)-([FM])(\d\d)-([A-Z])-\w+)\.avi;\s*([A-Z])\s*;"
    rf"\s*A:{_NUMBER}\s*;\s*V:{_NUMBER}\s*;\s*D:{_NUMBER}\s*;\s*N:{_NUMBER}"
)


def rows(tree: Tree) -> Rows:
    """Read ``Evaluation.txt`` and find its turns by name."""
    found: list[Fields] = []
    problems: list[str] = []
    left: Counter[str] = Counter()
    for sheet in tree.named("Evaluation.txt"):
        for line in (tree.root / sheet).read_text("utf-8", "replace").splitlines():
            match = _LINE.match(line)
            if match is None:
                continue
            name, scenario, sex, number, condition, label, *scores = match.groups()
            activation, valence, dominance, naturalness = map(float, scores)
            paths = tree.by_stem.get(f"msp-{name}".lower(), ())
            if label not in LABELS:
                left[label] += 1
            elif not paths:
                problems.append(f"MSP-{name}: in Evaluation.txt, but there is no such file")
            else:
                found.append(
                    {
                        "file": paths[0],
                        "emotion": LABELS[label],
                        "speaker": f"{sex}{number}",
                        "sex": "female" if sex == "F" else "male",
                        "session": int(number),
                        "statement": scenario,
                        "condition": condition,
                        "activation": activation,
                        "valence": valence,
                        "dominance": dominance,
                        "naturalness": naturalness,
                    }
                )
    problems += [f"{n} turns labelled {label} left out" for label, n in sorted(left.items())]
    return found, problems


INFO = Info(
    name="mspimprov",
    title="MSP-IMPROV",
    language="eng",
    licence="research licence by agreement with UT Dallas",
    terms=RESEARCH,
    citation="Busso et al. (2017), IEEE Trans. Affective Computing 8(1), 67-80, "
    "doi:10.1109/TAFFC.2016.2515617",
    url="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Improv.html",
    example="session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav beside Evaluation.txt",
    labels=LABELS,
    get="ask for the licence at the source's page",
    speakers=12,
    files=8438,
)


def _is_improv(tree: Tree) -> bool:
    return bool(tree.named("Evaluation.txt")) and any(
        stem.startswith("msp-improv-") for stem in tree.by_stem
    )


LOADER = by_table(INFO, rows, _is_improv)
