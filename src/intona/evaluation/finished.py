"""Evaluation of a finished recogniser: labels mapped in the open, contamination checked.

A model of ours is measured by what :meth:`~intona.inference.recognizer.Recognizer.predict` answers,
with the speech gate and the blocks of long recordings; somebody else's by what it answers itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona import parallel
from intona.errors import AudioError, CorpusError, ModelError
from intona.evaluation.by_corpus import rows_by_corpus
from intona.evaluation.contamination import CHECKED_MODEL, contamination
from intona.evaluation.enrolment import Enrolment, enrolled
from intona.evaluation.facts import Facts, FoldFacts, outcome_table
from intona.evaluation.labelmap import Answers as Mapped
from intona.evaluation.labelmap import answers, mapped_table, shared_map
from intona.evaluation.leaks import LeakReport, nobody, require_clean
from intona.evaluation.result import Evaluation
from intona.inference.clip import stretch
from intona.inference.foreign.base import Foreign
from intona.inference.foreign.table import AnswerTable
from intona.inference.model import Adaptable, Judged
from intona.inference.opening import open_recognizer
from intona.inference.own import OwnModel
from intona.labels import order, refuse_target
from intona.models.adaptation import Statistics
from intona.models.task import Answers, Surrounding
from intona.parallel import HERE, Engine, Progress
from intona.tables import Prediction, Utterance, utterances

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus


def evaluate_model(
    path: str | Path,
    corpus: Corpus,
    *,
    emotions: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
    enrolment: Enrolment | None = None,
    seed: int = 0,
    allow_leaks: bool = False,
    skip_bad: bool = False,
    on: Engine = HERE,
    progress: Progress | None = None,
    command: str = "",
) -> Evaluation:
    """Test a finished recogniser on a corpus, as a user would get its answers.

    The model answers with all its labels, also with those the corpus lacks, which then are
    wrong; ``emotions`` restricts corpus and model alike, ``merge`` adds up probabilities.
    An utterance in which the model finds no speech has no answer, which counts as wrong.

    Args:
        path: the ``.onnx`` file, the name of a bundled model, or somebody else's recogniser as
            :func:`intona.inference.opening.open_recognizer` takes it.
        corpus: the test material.
        emotions: labels to keep on both sides; ``None`` keeps all.
        merge: old label to new label, on both sides.
        enrolment: what every utterance is judged against; ``None`` for nothing.
        seed: of what enrolment draws by chance.
        allow_leaks: stamp the result instead of refusing speakers the model was trained on.
        skip_bad: count an utterance at which somebody else's recogniser fails as one without an
            answer, instead of stopping there.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
        command: how this evaluation was started, for the report.

    Raises:
        ModelError: not a readable model of ours, or a recogniser that does not work.
        LeakError: the model was trained on speakers under test.
        UsageError: ``emotions`` and ``merge`` do not fit corpus and model, or the model cannot be
            adapted.
        CorpusError: the corpus has nothing the model knows.
    """
    model = open_recognizer(path)
    target = model.target
    if model.numeric and (emotions or merge):
        corpus = corpus.select(emotions, merge)
    refuse_target(target)
    table = _with_target(corpus, target)
    found = [*nobody(table), *contamination(table, model.training, on=on, progress=progress)]
    report = LeakReport(tuple(found), () if model.training is None else CHECKED_MODEL)
    require_clean(report, allow=allow_leaks)
    mapping: list[dict[str, Any]] = []
    becomes: dict[str, str | None] | None = None
    if not model.numeric:
        if isinstance(model, Foreign):
            model = model.knowing(table[target].unique())
        becomes = shared_map([model.labels], table[target].unique(), emotions, merge)
        known = order(new for label in model.labels if (new := becomes[label]) is not None)
        mapping, table = mapped_table(table, target, becomes, known)
    asked = _Asked(model, table, target, becomes, skip_bad, on, progress)
    recipe, told, words = _told(model)
    facts = Facts.of(
        corpus,
        table,
        target,
        protocol=("model", words),
        recipe=recipe,
        folds=[FoldFacts.of("test", table, {"threshold": model.threshold})],
        leaks=report,
        command=command,
    )
    facts = replace(
        facts,
        model=told,
        mapping=mapping,
        answers={label: (becomes or {}).get(label) for label in model.labels},
    )
    plain = asked.evaluation(facts, asked.predictions())
    if enrolment is None:
        return plain
    model.require_adaptable()
    around = enrolment.surroundings(table, target, seed)
    return enrolled(plain, asked.evaluation(facts, asked.predictions(around)), enrolment, seed=seed)


def _told(model: OwnModel | Foreign) -> tuple[Mapping[str, Any], dict[str, Any], str]:
    """Return a model's recipe, its file and what made it, and the protocol in one sentence."""
    if isinstance(model, OwnModel):
        trained = ", ".join(model.training.corpora) or "unknown material"
        words = f"A finished model, trained on {trained}, tested as it is."
        told = {
            "file": model.path.name,
            "made_by": model.metadata["version"],
            **model.identity.to_dict(),
        }
        return model.metadata["recipe"], told, words
    told = {"file": model.name, "made_by": "others"}
    return {"name": model.name}, told, f"A recogniser of others, tested as it is.{model.words}"


@dataclass(frozen=True)
class _Asked:
    """A model and the utterances it is asked about."""

    model: Judged
    table: pd.DataFrame
    target: str
    becomes: Mapping[str, str | None] | None
    skip_bad: bool
    on: Engine
    progress: Progress | None

    def predictions(self, around: Sequence[Surrounding] = ()) -> list[Prediction | ModelError]:
        """Predict every utterance, adapted where it is judged against others."""
        wanted = utterances(self.table.index)  # type: ignore[arg-type]
        if isinstance(self.model, AnswerTable):
            self.model.require(wanted)
        profiles: list[Statistics] = []
        number = np.full(len(wanted), -1)
        if around:
            embeddings = self._each(_Embed(self.model.again()), wanted, "embeddings")
            heard = np.array([len(one) > 0 for one in embeddings])
            for each in around:
                rows = each.reference[heard[each.reference]]
                if len(rows):
                    number[each.rows] = len(profiles)
                    profiles.append(Statistics.of(np.stack([embeddings[row] for row in rows])))
        speech = around[0].speech if around else "mixed"
        job = _Predict(self.model.again(), tuple(profiles), speech)
        tasks = list(zip(wanted, number.tolist(), strict=True))
        return self._each(job, tasks, "predictions")

    def _each(self, job: parallel.Job, tasks: Sequence[Any], text: str) -> list[Any]:
        results = []
        found = parallel.map(job, tasks, on=self.on, progress=self.progress, text=text)
        for task, result in zip(tasks, found, strict=True):
            if isinstance(result, parallel.Lost):
                utterance = task if isinstance(task, Utterance) else task[0]
                raise AudioError(f"{utterance.file}: a worker was killed while it read this file")
            if isinstance(result, ModelError) and not self.skip_bad:
                raise result
            results.append(result)
        return results

    def evaluation(self, facts: Facts, found: Sequence[Prediction | ModelError]) -> Evaluation:
        """Return the evaluation of predictions; a failure counts as no answer."""
        model, target = self.model, self.target
        failures = [one for one in found if isinstance(one, ModelError)]
        predictions = [
            model.prediction(None, 0.0, 0.0) if isinstance(one, ModelError) else one
            for one in found
        ]
        mapped = answers(
            predictions,
            model.labels,
            self.becomes,
            model.least_confidence,
            model.priors,
        )
        own = Answers(
            mapped.values,
            np.array([one.familiarity for one in predictions]),
            np.array([one.arousal for one in predictions]),
            np.array([one.valence for one in predictions]),
            np.full(len(predictions), model.threshold),
        )
        frame = outcome_table(
            self.table, target, mapped.labels, (mapped.labels, own), fold="test", model_seed=0
        )
        frame["status"] = mapped.status
        words = _silent_words(int(mapped.silent.sum()), len(frame), model.numeric)
        if failures:
            words += f" At {len(failures)} of these it failed, first: {failures[0]}."
        frame = self._answered(frame, mapped, facts)
        facts = replace(
            facts,
            protocol_words=facts.protocol_words + words,
            by_corpus=rows_by_corpus(frame, target, mapped.labels),
        )
        return Evaluation(target, mapped.labels, frame, facts)

    def _answered(self, frame: pd.DataFrame, mapped: Mapped, facts: Facts) -> pd.DataFrame:
        """Return the table as it is judged: without speech there is no decision."""
        if not self.model.numeric:
            decided = frame[self.target].astype(object).mask(mapped.silent, None)
            return frame.assign(**{self.target: decided})
        frame = frame[~mapped.silent]
        if frame.empty:
            raise CorpusError(f"the model found no speech in any utterance of {facts.corpus}")
        return frame


def _with_target(corpus: Corpus, target: str) -> pd.DataFrame:
    if target not in corpus.table.columns:
        raise CorpusError(f"the model predicts {target}, which {corpus.name} does not have")
    table = corpus.table[corpus.table[target].notna()]
    if table.empty:
        raise CorpusError(f"no utterance of {corpus.name} has a value of {target!r}")
    return table


def _silent_words(silent: int, count: int, numeric: bool) -> str:
    if not silent:
        return ""
    rule = "these are left out" if numeric else "that counts as wrong"
    return f" In {silent} of {count} utterances it finds no speech: {rule}."


@dataclass(frozen=True)
class _Embed:
    """The job of one worker: hold the model, embed utterances."""

    again: Callable[[], Any] = field(repr=False)

    def setup(self) -> Any:
        """Load the model."""
        return self.again()

    def run(self, model: Adaptable, wanted: Utterance) -> NDArray[np.float64]:
        """Return the mean embedding of an utterance's blocks; empty where there is no sound."""
        parts = list(stretch(wanted.file, wanted.start, wanted.end))
        rows = [model.embedding([part.samples], part.rate)[0] for part in parts]
        return np.mean(rows, axis=0) if rows else np.empty(0)


@dataclass(frozen=True)
class _Predict:
    """The job of one worker: hold the model, predict utterances by the profile of each."""

    again: Callable[[], Any] = field(repr=False)
    profiles: tuple[Statistics, ...]
    speech: str

    def setup(self) -> Any:
        """Load the model."""
        return self.again()

    def run(self, model: Any, wanted: tuple[Utterance, int]) -> Prediction | ModelError:
        """Return the prediction, adapted to the profile of that number; -1 for none.

        Where the recogniser fails, what it says of that.
        """
        utterance, number = wanted
        if number >= 0:
            model = model.adapted(self.profiles[number], speech=self.speech)
        try:
            return model.predict(utterance.file, start=utterance.start, end=utterance.end)
        except ModelError as error:
            return error
