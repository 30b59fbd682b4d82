"""Evaluation of a finished model on a corpus: its predictions as users get them.

The model is asked with :meth:`~intona.inference.recognizer.Recognizer.predict`, so its speech
detection and its averaging over long recordings are part of what is measured. Every utterance of a
labelled corpus holds speech: where the model finds none it has no answer, and that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona import parallel
from intona.errors import AudioError, CorpusError
from intona.evaluation.fold import FoldOutcome
from intona.evaluation.labelmap import Answers, answers, mapped_table, shared_map
from intona.evaluation.leaks import CHECKED_MODEL, LeakReport, contamination, require_clean
from intona.evaluation.result import Evaluation
from intona.evaluation.run import corpus_facts, prediction_table, versions, voice_columns
from intona.inference.hearing import stretch
from intona.inference.recognizer import Recognizer
from intona.labels import order
from intona.models.adaptation import statistics
from intona.models.artefact import read_model
from intona.parallel import HERE, Engine, Progress
from intona.tables import Prediction, Utterance, utterances

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus

Row = NDArray[np.float64]


def evaluate_model(
    path: str | Path,
    corpus: Corpus,
    *,
    emotions: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
    voices: str | None = None,
    allow_leaks: bool = False,
    on: Engine = HERE,
    progress: Progress | None = None,
    command: str = "",
) -> Evaluation:
    """Test a model file on a corpus, as a user would get its answers.

    The model answers with all its labels, also with those the corpus lacks, which then are
    wrong; ``emotions`` restricts corpus and model alike, ``merge`` adds up probabilities. An
    utterance in which the model finds no speech keeps the status ``no_speech``: it has no
    decision, which is wrong, and uniform probabilities. Of numbers it is left out.

    Args:
        path: the ``.onnx`` file.
        corpus: the test material.
        emotions: labels to keep on both sides; ``None`` keeps all.
        merge: old label to new label, on both sides.
        voices: kind of speech (:data:`intona.models.adaptation.KINDS`) for which to keep what
            :func:`intona.evaluation.enrolment.with_enrolment` needs.
        allow_leaks: stamp the result instead of refusing speakers the model was trained on.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
        command: how this evaluation was started, for the report.

    Raises:
        ModelError: not a readable model of ours.
        LeakError: the model was trained on speakers under test.
        UsageError: ``emotions`` and ``merge`` do not fit corpus and model.
        CorpusError: the corpus has nothing the model knows.
    """
    model = Recognizer.load(path)
    target = str(model.metadata["target"])
    if model.numeric and (emotions or merge):
        corpus = corpus.select(emotions, merge)
    table = _with_target(corpus, target)
    found = contamination(table, model.metadata["corpora"])
    report = LeakReport(tuple(found), CHECKED_MODEL)
    require_clean(report, allow=allow_leaks)
    mapping: list[dict[str, Any]] = []
    becomes: dict[str, str | None] | None = None
    if not model.numeric:
        becomes = shared_map([model.labels], table[target].unique(), emotions, merge)
        known = order(new for label in model.labels if (new := becomes[label]) is not None)
        mapping, table = mapped_table(table, target, becomes, known)
    predicted = _predict(_Predict(*read_model(path), Path(path), voices), table, on, progress)
    found_answers = answers(
        [one.prediction for one in predicted], model.labels, becomes, model.threshold
    )
    labels = found_answers.labels
    predictions = _prediction_table(table, target, found_answers, model.threshold)
    if voices is not None:
        scores = np.stack([np.asarray(one.scores) for one in predicted])
        predictions[voice_columns(voices, model.labels)] = scores
    silent = found_answers.silent
    if model.numeric:
        predictions = predictions[~silent]
        if predictions.empty:
            raise CorpusError(f"the model found no speech in any utterance of {corpus.name}")
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
            "protocol_words": f"A finished model, trained on {trained}, tested as it is."
            + _silent_words(int(silent.sum()), len(silent), model.numeric),
            "recipe": name,
            "recipe_details": dict(model.metadata["recipe"]),
            "model": {"file": Path(path).name, "made_by": model.metadata["version"]},
            "mapping": mapping,
            "answers": {label: (becomes or {}).get(label) for label in model.labels},
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


def _prediction_table(
    table: pd.DataFrame, target: str, found: Answers, threshold: float
) -> pd.DataFrame:
    """Return the table of an evaluation; without speech there is no decision."""
    outcome = FoldOutcome(found.labels, found.values, {"threshold": threshold}, False)
    frame = prediction_table(table, target, found.labels, outcome, fold="test", model_seed=0)
    frame["status"] = found.status
    if found.labels != (target,):
        frame[target] = frame[target].astype(object).mask(found.silent, None)
    return frame


def _silent_words(silent: int, count: int, numeric: bool) -> str:
    if not silent:
        return ""
    rule = "these are left out" if numeric else "that counts as wrong"
    return f" In {silent} of {count} utterances it finds no speech: {rule}."


@dataclass(frozen=True)
class _Predicted:
    """What one worker returns for an utterance.

    Attributes:
        prediction: its prediction.
        scores: for enrolled speakers, NaN where they are not wanted.
    """

    prediction: Prediction
    scores: Row | float


def _predict(
    job: _Predict, table: pd.DataFrame, on: Engine, progress: Progress | None
) -> list[_Predicted]:
    wanted = utterances(table.index)  # type: ignore[arg-type]
    found = []
    for utterance, one in zip(
        wanted,
        parallel.map(job, wanted, on=on, progress=progress, text="predictions"),
        strict=True,
    ):
        if isinstance(one, parallel.Lost):
            raise AudioError(f"{utterance.file}: a worker was killed while it read this file")
        found.append(one)
    return found


@dataclass(frozen=True)
class _Predict:
    """The job of one worker: hold the model, predict utterances."""

    content: bytes = field(repr=False)
    metadata: dict[str, Any]
    path: Path
    voices: str | None

    def setup(self) -> Recognizer:
        """Load the model."""
        return Recognizer(self.content, self.metadata, self.path)

    def run(self, model: Recognizer, wanted: Utterance) -> _Predicted:
        """Return the prediction and, where asked for, the scores for enrolled speakers."""
        start, end = wanted.start, wanted.end
        prediction = model.predict(wanted.file, start=start, end=end)
        if self.voices is None:
            return _Predicted(prediction, np.nan)
        output = statistics(model.metadata, self.voices).get("output")
        parts = stretch(wanted.file, start, end)
        scores = [model.voice_scores([part.samples], part.rate, output)[0] for part in parts]
        return _Predicted(prediction, np.mean(scores, axis=0))
