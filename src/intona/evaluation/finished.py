"""A finished model on a corpus it has not seen: labels mapped in the open, speakers checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona import parallel
from intona.audio import read
from intona.errors import AudioError, CorpusError
from intona.evaluation.facts import Facts, FoldFacts, outcome_table, voice_columns
from intona.evaluation.fold import FoldOutcome
from intona.evaluation.labelmap import label_mapping, merge_columns, merged
from intona.evaluation.leaks import CHECKED_MODEL, LeakReport, contamination, require_clean
from intona.evaluation.result import Evaluation
from intona.inference.hearing import stretch
from intona.inference.recognizer import Recognizer
from intona.models.adaptation import statistics
from intona.models.artefact import read_model
from intona.parallel import HERE, Engine, Progress
from intona.tables import Utterance, utterances

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus

__all__ = ["evaluate_model"]

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
    wrong; ``emotions`` restricts corpus and model alike, ``merge`` adds up probabilities.

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
        CorpusError: the corpus has nothing the model knows.
    """
    model = Recognizer.load(path)
    target = str(model.metadata["target"])
    table = _with_target(corpus, target)
    report = LeakReport(tuple(contamination(table, model.metadata["corpora"])), CHECKED_MODEL)
    require_clean(report, allow=allow_leaks)
    mapping: list[dict[str, Any]] = []
    labels: tuple[str, ...] = (target,)
    if not model.numeric:
        labels = merged(model.labels, merge, emotions)
        mapping, table = label_mapping(table, target, labels, merge, emotions)
    rows = np.empty((len(table), len(model.labels)))
    scores = np.empty_like(rows)
    wanted = utterances(table.index)  # type: ignore[arg-type]
    job = _Answer(*read_model(path), Path(path), voices)
    found_rows = parallel.map(job, wanted, on=on, progress=progress, text="predictions")
    for k, pair in enumerate(found_rows):
        if isinstance(pair, parallel.Lost):
            raise AudioError(f"{wanted[k].file}: a worker was killed while it read this file")
        rows[k], scores[k] = pair
    if not model.numeric:
        rows = merge_columns(rows, model.labels, labels, merge)
    outcome = FoldOutcome(labels, rows, {"threshold": model.threshold}, False)
    predictions = outcome_table(table, target, labels, outcome, fold="test", model_seed=0)
    if voices is not None:
        predictions[voice_columns(voices, model.labels)] = scores
    trained = ", ".join(model.metadata["corpora"]) or "unknown material"
    chosen = {"threshold": model.threshold, "speakers": model.metadata.get("speakers")}
    facts = Facts.of(
        corpus,
        table,
        target,
        protocol=("model", f"A finished model, trained on {trained}, tested as it is."),
        recipe=model.metadata["recipe"],
        folds=[FoldFacts.of("test", table, chosen)],
        leaks=report,
        command=command,
    )
    facts = replace(
        facts,
        model={"file": Path(path).name, "made_by": model.metadata["version"]},
        mapping=mapping,
        answers={label: (merge or {}).get(label, label) for label in model.labels},
    )
    return Evaluation(target, labels, predictions, facts)


def _with_target(corpus: Corpus, target: str) -> pd.DataFrame:
    if target not in corpus.table.columns:
        raise CorpusError(f"the model predicts {target}, which {corpus.name} does not have")
    table = corpus.table[corpus.table[target].notna()]
    if table.empty:
        raise CorpusError(f"no utterance of {corpus.name} has a value of {target!r}")
    return table


@dataclass(frozen=True)
class _Answer:
    """The job of one worker: hold the model, answer utterances."""

    content: bytes = field(repr=False)
    metadata: dict[str, Any]
    path: Path
    voices: str | None

    def setup(self) -> Recognizer:
        """Load the model."""
        return Recognizer(self.content, self.metadata, self.path)

    def run(self, model: Recognizer, wanted: Utterance) -> tuple[Row, Row | float]:
        """Return the probabilities and, where asked for, the scores for enrolled speakers."""
        start, end = wanted.start, wanted.end
        found = model.predict(wanted.file, start=start, end=end)
        if found.status == "no_speech":
            # Every utterance of a labelled corpus holds speech: the model must answer.
            audio = read(wanted.file, start=start, end=end)
            row = model.probabilities([audio.samples], audio.rate)[0]
        else:
            row = np.array([found.probabilities[label] for label in model.labels])
        if self.voices is None:
            return row, np.nan
        output = statistics(model.metadata, self.voices).get("output")
        parts = stretch(wanted.file, start or 0.0, end)
        return row, np.mean(
            [model.voice_scores([part.samples], part.rate, output)[0] for part in parts], axis=0
        )
