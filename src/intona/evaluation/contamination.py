"""Contamination: whether a finished model was trained on what is under test.

The one check for models under evaluation, models under audit and front ends of recipes: by the
names of speakers and corpora, and by sound, whatever it is called (:mod:`intona.models.heard`).
What a file does not say is unknown, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from intona.evaluation.leaks import Finding, few
from intona.parallel import HERE, Engine, Progress
from intona.tables import utterances

if TYPE_CHECKING:
    import pandas as pd

    from intona.evaluation.facts import Facts
    from intona.models.heard import Match
    from intona.models.lineage import Training

SOUND = "the sound of its training recordings, whatever they are called"
CHECKED_MODEL = ("the speakers and corpora the model says it was trained on", SOUND)


UNTOLD = Finding(
    "unknown",
    False,
    "it does not say what it was trained on: whether it has heard these speakers or recordings "
    "cannot be told",
    1,
)


def contamination(
    table: pd.DataFrame,
    training: Training | None,
    *,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> list[Finding]:
    """Compare a test table with what a finished model was made from.

    Args:
        table: the test utterances.
        training: what the model says of it; ``None`` for somebody else's, which says nothing.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
    """
    if training is None:
        return [UNTOLD]
    found = _by_name(table, training.corpora)
    if training.heard is None:
        return [*found, _unknown("the model file remembers no sound of its training recordings")]
    matches = training.heard.find(
        utterances(table.index),  # type: ignore[arg-type]
        on=on,
        progress=progress,
    )
    if matches:
        found.append(_recognised(matches, len(table)))
    if not training.heard.complete:
        found.append(_unknown("the model stands on one that remembers no sound of its training"))
    return found


def untold(facts: Facts) -> list[str]:
    """Return what the leak check of an evaluation could not tell, one sentence each."""
    found = [one.text for one in facts.leaks.of_kind("nobody", "unknown")]
    said = {*facts.leaks.checked, *found}
    if facts.protocol.partition("+")[0] == "model" and said.isdisjoint((SOUND, UNTOLD.text)):
        found.append("the recordings under test were not compared with those of the training")
    return found


def _recognised(matches: Sequence[Match], total: int) -> Finding:
    examples = tuple(match.words for match in matches[:8])
    text = (
        f"the model was trained on {len(matches)} of the {total} recordings under test, whatever "
        f"they are called here: for example {examples[0]}"
    )
    return Finding("heard", True, text, len(matches), examples)


def _unknown(why: str) -> Finding:
    text = f"{why}: whether it has heard these recordings under other names cannot be told"
    return Finding("unknown", False, text, 1)


def _by_name(table: pd.DataFrame, corpora: Mapping[str, Any]) -> list[Finding]:
    found = []
    tested = {str(name) for name in table["corpus"].dropna()}
    heard = {str(name) for facts in corpora.values() for name in facts.get("speakers", ())}
    shared = sorted(heard & set(table["speaker"].dropna().astype(str)))
    if shared:
        found.append(
            Finding(
                "speaker",
                True,
                f"the model was trained on {len(shared)} of the speakers under test: {few(shared)}",
                len(shared),
                tuple(shared[:8]),
            )
        )
    unnamed = sorted(name for name in tested & set(corpora) if not corpora[name].get("speakers"))
    if unnamed:
        found.append(
            Finding(
                "contamination",
                True,
                f"the model was trained on {few(unnamed)} and does not say on which speakers",
                len(unnamed),
                tuple(unnamed),
            )
        )
    both = sorted(tested & set(corpora) - set(unnamed))
    if both and not shared:
        found.append(
            Finding(
                "contamination",
                False,
                f"the model was trained on other speakers of {few(both)}: the recording "
                "conditions and sentences are not new to it",
                len(both),
                tuple(both),
            )
        )
    return found
