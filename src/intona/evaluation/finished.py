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
from intona.errors import CorpusError
from intona.evaluation.fold import FoldOutcome
from intona.evaluation.labelmap import label_mapping, merge_columns, merged
from intona.evaluation.leaks import CHECKED_MODEL, LeakReport, contamination, require_clean
from intona.evaluation.result import Evaluation
from intona.evaluation.run import corpus_facts, prediction_table, versions, voice_columns
from intona.features.extract import Utterance, utterances
from intona.inference.hearing import stretch
from intona.inference.recognizer import Recognizer
from intona.models.adaptation import statistics

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus

__all__ = ["evaluate_model"]

Progress = Callable[[int, int, str], None]
Row = NDArray[np.float64]


def evaluate_model(
    path: str | Path,
    corpus: Corpus,
    *,
    emotions: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
    voices: str | None = None,
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
        voices: kind of speech (:data:`intona.models.adaptation.KINDS`) for which to keep what
            :func:`intona.evaluation.enrolment.with_enrolment` needs.
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
        labels = merged(model.labels, merge, emotions)
        mapping, table = label_mapping(table, target, labels, merge, emotions)
    rows = np.empty((len(table), len(model.labels)))
    scores = np.empty_like(rows)
    answer = _Answer(Path(path), voices)
    for k, pair in enumerate(_answers(answer, utterances(table.index), workers)):  # type: ignore[arg-type]
        rows[k], scores[k] = pair
        if progress is not None:
            progress(k + 1, len(table), "predictions")
    if not model.numeric:
        rows = merge_columns(rows, model.labels, labels, merge)
    outcome = FoldOutcome(labels, rows, {"threshold": model.threshold}, False)
    predictions = prediction_table(table, target, labels, outcome, fold="test", model_seed=0)
    if voices is not None:
        predictions[voice_columns(voices, model.labels)] = scores
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
            "answers": {label: (merge or {}).get(label, label) for label in model.labels},
            **corpus_facts(corpus, table, target),
            "extra_training": None,
            "seed": 0,
            "model_seeds": [0],
            "folds": [
                {
                    "name": "test",
                    "test_utterances": len(table),
                    "test_speakers": sorted(map(str, table["speaker"].dropna().unique())),
                    "chosen_inside": {
                        "threshold": model.threshold,
                        "speakers": model.metadata.get("speakers"),
                    },
                }
            ],
            "leaks": report.to_dict(),
            "controls": [],
            "command": command,
            **versions(),
        },
    )


def _with_target(corpus: Corpus, target: str) -> pd.DataFrame:
    if target not in corpus.table.columns:
        raise CorpusError(f"the model predicts {target}, which {corpus.name} does not have")
    table = corpus.table[corpus.table[target].notna()]
    if table.empty:
        raise CorpusError(f"no utterance of {corpus.name} has a value of {target!r}")
    return table


@dataclass(frozen=True)
class _Answer:
    """What a process does for one utterance; the model is loaded once per process."""

    path: Path
    voices: str | None

    def __call__(self, wanted: Utterance) -> tuple[Row, Row | float]:
        """Return the probabilities and, where asked for, the scores for enrolled speakers."""
        model, (start, end) = _loaded(self.path), (wanted.start, wanted.end)
        found = model.predict(wanted.file, start=start, end=end)
        if found.status == "no_speech":
            # Every utterance of a labelled corpus holds speech: the model must answer.
            audio = read(wanted.file, start=start, end=end)
            row = model.probabilities([audio.samples], audio.rate)[0]
        else:
            row = np.array([found.probabilities[label] for label in model.labels])
        if self.voices is None:
            return row, np.nan
        output = statistics(model, self.voices).get("output")
        parts = stretch(wanted.file, start or 0.0, end)
        return row, np.mean(
            [model.voice_scores([part.samples], part.rate, output)[0] for part in parts], axis=0
        )


def _answers(
    answer: _Answer, wanted: Sequence[Utterance], workers: int
) -> Iterator[tuple[Row, Row | float]]:
    if workers <= 1:
        yield from map(answer, wanted)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(answer, wanted, chunksize=16)


@cache
def _loaded(path: Path) -> Recognizer:
    return Recognizer.load(path)
