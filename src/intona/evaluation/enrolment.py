"""What enrolment would give: some of each test speaker's utterances are set aside for a profile.

The utterances set aside are drawn by chance, leave the score, and are declared. ``neutral:N``
draws N neutral ones (what a user can record on purpose), ``mixed:N`` draws N of any kind and
never looks at their labels. How speakers differ is known from the training part alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from intona.bootstrap import Interval
from intona.errors import CorpusError, UsageError
from intona.evaluation.result import Evaluation
from intona.models.speakers import KINDS, SMALLEST, centred_log, shift

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Enrolment", "with_enrolment"]


@dataclass(frozen=True)
class Enrolment:
    """How many utterances of which kind are set aside.

    Attributes:
        speech: ``"neutral"`` or ``"mixed"``.
        count: utterances of each test speaker.
    """

    speech: str
    count: int

    @classmethod
    def parse(cls, text: str) -> Enrolment:
        """Read ``neutral:4`` or ``mixed:16``.

        Raises:
            UsageError: anything else.

        Examples:
            >>> Enrolment.parse("neutral:4")
            Enrolment(speech='neutral', count=4)
        """
        speech, _, count = text.partition(":")
        if speech not in KINDS or not count.isdecimal() or int(count) < 1:
            raise UsageError(f"cannot read the enrolment {text!r}: write neutral:4 or mixed:16")
        return cls(speech, int(count))


def with_enrolment(evaluation: Evaluation, enrolment: Enrolment, *, seed: int = 0) -> Evaluation:
    """Return the evaluation with every test speaker enrolled.

    Args:
        evaluation: of emotions, from :func:`intona.evaluation.run.evaluate`.
        enrolment: what is set aside.
        seed: of the draw.

    Raises:
        UsageError: numbers were predicted, or the recipe does not learn how speakers differ.
        CorpusError: a test speaker has too few such utterances.
    """
    import pandas as pd

    if evaluation.numeric:
        raise UsageError("enrolment adapts the recognition of emotions, not of numbers")
    known = {fold["name"]: fold["chosen_inside"] for fold in evaluation.facts["folds"]}
    table = evaluation.predictions
    kept, before = [], []
    groups = table.groupby(["model_seed", "fold", "speaker"], sort=True)
    for (_, fold, speaker), rows in groups:
        statistics = (known[fold].get("speakers") or {}).get(enrolment.speech)
        if statistics is None:
            raise UsageError(
                f"fold {fold} does not say how speakers differ in {enrolment.speech} speech: the "
                "recipe needs calibration folds and at least four training speakers"
            )
        aside = _draw(rows, enrolment, str(speaker), seed)
        rest = rows[~aside]
        mean = centred_log(rows.loc[aside, list(evaluation.labels)]).mean(axis=0)
        move = shift(statistics, mean, int(aside.sum()))
        threshold = float(known[fold].get("threshold", 0.0))
        before.append(rest)
        kept.append(_moved(rest, evaluation, move, threshold))
    unadapted = Evaluation(
        evaluation.target, evaluation.labels, pd.concat(before).sort_index(), evaluation.facts
    )
    words = (
        f"Enrolment: {enrolment.count} {enrolment.speech} utterances of each test speaker, drawn "
        f"by chance, adapt the model to the voice and are not scored; without the adaptation the "
        f"same utterances give UAR {100 * unadapted.headline.value:.1f} %."
    )
    facts: dict[str, Any] = {
        **evaluation.facts,
        "protocol": f"{evaluation.facts['protocol']}+enrol:{enrolment.speech}:{enrolment.count}",
        "protocol_words": f"{evaluation.facts['protocol_words']} {words}",
        "enrolment": {
            "speech": enrolment.speech,
            "count": enrolment.count,
            "seed": seed,
            "set_aside": len(table) - sum(map(len, kept)),
            "without": {name: _bounds(one) for name, one in unadapted.metrics.items()},
        },
    }
    return Evaluation(evaluation.target, evaluation.labels, pd.concat(kept).sort_index(), facts)


def _bounds(interval: Interval) -> Mapping[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _draw(rows: pd.DataFrame, enrolment: Enrolment, speaker: str, seed: int) -> NDArray[np.bool_]:
    """Return which of a speaker's rows are set aside; the same for every model seed."""
    pool = np.arange(len(rows))
    if enrolment.speech == "neutral":
        pool = np.flatnonzero((rows["truth"] == "neutral").to_numpy())
    if len(pool) < enrolment.count or len(rows) <= enrolment.count:
        raise CorpusError(
            f"speaker {speaker} has {len(pool)} {enrolment.speech} utterances under test, too few "
            f"to set {enrolment.count} aside"
        )
    random = np.random.default_rng([seed, *speaker.encode()])
    aside = np.zeros(len(rows), dtype=bool)
    aside[random.choice(pool, enrolment.count, replace=False)] = True
    return aside


def _moved(
    rows: pd.DataFrame, evaluation: Evaluation, move: NDArray[np.float64], threshold: float
) -> pd.DataFrame:
    labels = list(evaluation.labels)
    logs = np.log(np.maximum(rows[labels].to_numpy(dtype=np.float64), SMALLEST)) + move
    values = np.exp(logs - logs.max(axis=1, keepdims=True))
    values /= values.sum(axis=1, keepdims=True)
    moved = rows.copy()
    moved[labels] = values
    moved[evaluation.target] = np.array(labels, dtype=object)[values.argmax(axis=1)]
    moved["confidence"] = values.max(axis=1)
    moved["status"] = np.where(moved["confidence"] >= threshold, "ok", "unsure")
    return moved
