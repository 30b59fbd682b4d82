"""A finished model on a corpus it has not seen: labels mapped in the open, speakers checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import read
from intona.errors import CorpusError, UsageError
from intona.evaluation.fold import FoldOutcome
from intona.evaluation.result import Evaluation
from intona.evaluation.run import corpus_facts, prediction_table, versions
from intona.features.extract import Utterance, utterances
from intona.labels import order
from intona.leaks import CHECKED_MODEL, LeakReport, contamination, require_clean
from intona.recognizer import Recognizer

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus

__all__ = ["evaluate_model", "label_mapping"]

Progress = Callable[[int, int, str], None]


def evaluate_model(
    path: str | Path,
    corpus: Corpus,
    *,
    emotions: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
    allow_leaks: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
    command: str = "",
) -> Evaluation:
    """Test a model file on a corpus, as a user would get its answers.

    The model answers with all its labels, also with those the corpus lacks, which then are
    wrong; ``emotions`` restricts corpus and model alike, ``merge`` adds up probabilities.

    Args:
        path: the ``.onnx`` file.
        corpus: the test material.
        emotions: labels to keep on both sides; ``None`` keeps all.
        merge: old label to new label, on both sides.
        allow_leaks: stamp the result instead of refusing speakers the model was trained on.
        workers: processes.
        progress: called as ``progress(done, total, text)``.
        command: how this evaluation was started, for the report.

    Raises:
        ModelError: not a readable model of ours.
        LeakError: the model was trained on speakers, or its encoder on the corpus, under test.
        CorpusError: the corpus has nothing the model knows.
    """
    model = Recognizer.load(path)
    target = str(model.metadata["target"])
    table = _with_target(corpus, target)
    known = model.metadata["corpora"]
    found = contamination(table, known, model.metadata.get("pretrained_on", ()))
    report = LeakReport(tuple(found), CHECKED_MODEL)
    require_clean(report, allow=allow_leaks)
    mapping: list[dict[str, Any]] = []
    labels: tuple[str, ...] = (target,)
    if not model.numeric:
        labels = _merged(model.labels, merge, emotions)
        mapping, table = label_mapping(table, target, labels, merge, emotions)
    rows = np.empty((len(table), len(model.labels)))
    for k, row in enumerate(_answers(Path(path), utterances(table.index), workers)):  # type: ignore[arg-type]
        rows[k] = row
        if progress is not None:
            progress(k + 1, len(table), "predictions")
    if not model.numeric:
        rows = _merge_columns(rows, model.labels, labels, merge)
    outcome = FoldOutcome(labels, rows, {"threshold": model.threshold}, False)
    predictions = prediction_table(table, target, labels, outcome, fold="test", model_seed=0)
    name = str(model.metadata["recipe"].get("name", "unknown"))
    trained = ", ".join(model.metadata["corpora"]) or "unknown material"
    return Evaluation(
        target,
        labels,
        predictions,
        {
            "leaky": bool(report.leaks),
            "leaky_reasons": [finding.text for finding in report.leaks],
            "protocol": "model",
            "protocol_words": f"A finished model, trained on {trained}, tested as it is.",
            "recipe": name,
            "recipe_details": dict(model.metadata["recipe"]),
            "model": {"file": Path(path).name, "made_by": model.metadata["version"]},
            "mapping": mapping,
            **corpus_facts(corpus, table, target),
            "extra_training": None,
            "seed": 0,
            "model_seeds": [0],
            "folds": [
                {
                    "name": "test",
                    "test_utterances": len(table),
                    "test_speakers": sorted(map(str, table["speaker"].dropna().unique())),
                }
            ],
            "leaks": report.to_dict(),
            "controls": [],
            "command": command,
            **versions(),
        },
    )


def label_mapping(
    table: pd.DataFrame,
    target: str,
    known: Sequence[str],
    merge: Mapping[str, str] | None = None,
    keep: Sequence[str] | None = None,
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Map a corpus's labels to a model's, and drop what the model does not know.

    Returns:
        One row per corpus label (``corpus``, ``model`` or ``None``, ``utterances``), and the
        table with the model's labels.

    Raises:
        CorpusError: nothing is left.
    """
    wanted = set(known) if keep is None else set(known) & set(keep)
    rows, renamed = [], {}
    for label in order(table[target]):
        new = (merge or {}).get(label, label)
        if new in wanted:
            renamed[label] = new
        count = int((table[target] == label).sum())
        rows.append({"corpus": label, "model": renamed.get(label), "utterances": count})
    left = table[table[target].isin(list(renamed))]
    if left.empty:
        raise CorpusError(
            f"the model knows {', '.join(known)}, the corpus has {', '.join(order(table[target]))}:"
            " there is nothing to compare; rename with --merge old=new"
        )
    return rows, left.assign(**{target: left[target].map(renamed)})


def _with_target(corpus: Corpus, target: str) -> pd.DataFrame:
    if target not in corpus.table.columns:
        raise CorpusError(f"the model predicts {target}, which {corpus.name} does not have")
    table = corpus.table[corpus.table[target].notna()]
    if table.empty:
        raise CorpusError(f"no utterance of {corpus.name} has a value of {target!r}")
    return table


def _merged(
    labels: Sequence[str], merge: Mapping[str, str] | None, keep: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the labels a model answers with after merging and restricting."""
    merged = order((merge or {}).get(label, label) for label in labels)
    unknown = [label for label in keep or () if label not in merged]
    if unknown:
        raise UsageError(
            f"--emotions: the model does not know {', '.join(unknown)}; it knows "
            f"{', '.join(merged)}"
        )
    return merged if keep is None else order(keep)


def _merge_columns(
    rows: NDArray[np.float64],
    old: Sequence[str],
    new: Sequence[str],
    merge: Mapping[str, str] | None,
) -> NDArray[np.float64]:
    """Add up merged probabilities and make those kept sum to 1."""
    values = np.zeros((len(rows), len(new)))
    for k, label in enumerate(old):
        name = (merge or {}).get(label, label)
        if name in new:
            values[:, list(new).index(name)] += rows[:, k]
    total = values.sum(axis=1, keepdims=True)
    return np.divide(values, total, out=np.full_like(values, 1 / len(new)), where=total > 0)


def _answers(
    path: Path, wanted: Sequence[Utterance], workers: int
) -> Iterator[NDArray[np.float64]]:
    answer = _Answer(path)
    if workers <= 1:
        yield from map(answer, wanted)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(answer, wanted, chunksize=16)


@dataclass(frozen=True)
class _Answer:
    """What a process does for one utterance; the model is loaded once per process."""

    path: Path

    def __call__(self, wanted: Utterance) -> NDArray[np.float64]:
        model = _loaded(self.path)
        found = model.predict(wanted.file, start=wanted.start, end=wanted.end)
        if found.status == "no_speech":
            # Every utterance of a labelled corpus holds speech: the model must answer.
            audio = read(wanted.file, start=wanted.start, end=wanted.end)
            return model.probabilities([audio.samples], audio.rate)[0]
        return np.array([found.probabilities[label] for label in model.labels])


@cache
def _loaded(path: Path) -> Recognizer:
    return Recognizer.load(path)
