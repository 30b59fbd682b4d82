"""What multiplying in 8-bit integers costs and gains, on speakers and corpora not trained on.

Run ``python benchmarks/integers.py CORPUS [UNHEARD ...]``, with the encoders' weights as for
``intona train``. CORPUS is divided by speakers; of each fold a model is trained without the other
part and written twice, with float products and with integer ones. Both judge the same recordings of
the held-out speakers, then of the corpora that were not trained on. Not EmoBox's folds: a gate
that recipes are chosen by must not have seen the test.

Printed for each recipe: unweighted average recall with both and the difference in points (the gate:
at most 0.3 lost), equal answers, the largest change of a probability when a recording is judged
beside others (the gate: 1e-4), and processor time with floats over that with integers, on one
thread, in turns. Heads are trained without changed copies and sounds without a voice, which the
products do not depend on and which would take most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from _measure import options, run, tell, timed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from intona import corpora
from intona.audio import read
from intona.evaluation.protocols import parse
from intona.inference.recognizer import Recognizer, load
from intona.metrics import unweighted_average_recall
from intona.models import recipes
from intona.models.task import Task
from intona.models.train import fit, provenance
from intona.tables import utterances

RATE = 16_000
TOGETHER = 8  # recordings judged in one call, for the invariance
LONGEST = 10.0  # seconds of a recording that are heard


def main() -> None:
    given = options(
        __doc__,
        "corpora+",
        recipes=["default", "small"],
        folds=(1, "of four that are tried"),
        clips=(240, "recordings judged of each test part, drawn by chance"),
    )
    first, *unheard = (corpora.load(path).table for path in given.corpora)
    for name in given.recipes:
        found: dict[str, list[list[float]]] = {}
        for fold in parse("speakers:4").folds(first)[: given.folds]:
            with TemporaryDirectory() as folder:
                models = variants(recipes.load(name), first.iloc[fold.train], Path(folder))
                tests = {"speakers": first.iloc[fold.test]}
                tests |= {table["corpus"].iloc[0]: table for table in unheard}
                for what, table in tests.items():
                    drawn = table.sample(min(given.clips, len(table)), random_state=0)
                    drawn = drawn[drawn["emotion"].isin(models[0].labels)]
                    found.setdefault(what, []).append(compared(models, drawn))
        for what, rows in found.items():
            floats, integers, equal, together, ratio = np.mean(rows, axis=0)
            figures = {
                "recall_float": round(100 * floats, 2),
                "recall_integers": round(100 * integers, 2),
                "difference": round(100 * (integers - floats), 2),
                "equal_answers": round(100 * equal, 1),
                "batch_change": float(f"{together:.1e}"),
                "time_ratio": round(ratio, 2),
            }
            tell(f"integers: {name}, {what}", folds=len(rows), clips=given.clips, **figures)


def variants(recipe: recipes.Recipe, table: pd.DataFrame, folder: Path) -> list[Recognizer]:
    """Return one trained model as two: with float products, and with integer ones."""
    training = {**recipe.training, "augmentation": [], "sounds_without_voice": 0}
    fitted: Any = fit(Task(replace(recipe, training=training), table))
    facts = {"name": recipe.name, "version": "0", "seed": 0, "licence": "none"}
    found = []
    for integers in (False, True):
        model = {**recipe.model, "integers": integers}
        chosen = replace(fitted, recipe=replace(fitted.recipe, model=model))
        path = folder / f"{integers}.onnx"
        chosen.export(path, metadata={**facts, "corpora": provenance(table)})
        found.append(load(path))
    return found


def compared(models: Sequence[Recognizer], table: pd.DataFrame) -> list[float]:
    """Return recall of each, equal answers, change beside others, and the ratio of times."""
    sounds = [
        read(each.file, rate=RATE, start=each.start, end=each.end).samples[: int(LONGEST * RATE)]
        for each in utterances(table.index)  # type: ignore[arg-type]
    ]
    took, answers = [0.0, 0.0], [[], []]  # type: ignore[var-annotated]
    with threadpool_limits(1):
        for model in models:
            model.probabilities(sounds[:1], RATE)  # the first warms up
        for sound in sounds:  # in turns, so that a busy machine slows both
            for side, model in enumerate(models):
                with timed() as time:
                    answers[side].append(model.probabilities([sound], RATE)[0])
                took[side] += time.cpu
    truth = table["emotion"].tolist()
    alone = [np.stack(rows) for rows in answers]
    named = [named_by(model, rows) for model, rows in zip(models, alone, strict=True)]
    recall = [unweighted_average_recall(truth, names) for names in named]
    equal = float(np.mean([one == other for one, other in zip(*named, strict=True)]))
    return [*recall, equal, beside_others(models[1], sounds, alone[1]), took[0] / took[1]]


def named_by(model: Recognizer, rows: NDArray[np.float64]) -> list[str]:
    return [model.labels[k] for k in rows.argmax(axis=1)]


def beside_others(
    model: Recognizer, sounds: Sequence[NDArray[np.float32]], alone: NDArray[np.float64]
) -> float:
    """Return the largest change of a probability when recordings are judged in one call."""
    parts = [slice(first, first + TOGETHER) for first in range(0, len(sounds), TOGETHER)]
    rows = [model.probabilities(sounds[part], RATE) for part in parts]
    return float(np.abs(np.concatenate(rows) - alone).max())


if __name__ == "__main__":
    run(main)
