"""Facts: everything a result must say beside its numbers, and the table of outcomes itself.

Evaluations of recipes and of finished models, their controls and their reports all stand on
these; nothing here trains or asks a model.
"""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from intona.evaluation.leaks import LeakReport, content_hashes
from intona.labels import order
from intona.models.identity import recipe_hash
from intona.models.task import Answers, is_numeric
from intona.models.train import provenance

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus

OPTIONAL = ("recipe_hash", "model", "mapping", "answers", "enrolment", "by_corpus")
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "opensmile", "onnxruntime")


@dataclass(frozen=True)
class CorpusFacts:
    """What must be said of the corpus under test.

    Attributes:
        utterances: how many are tested.
        per_label: label to number of utterances; empty for numbers.
        content: corpus to its utterances, speakers and languages.
        sha256: over content, times, labels and speakers, in hexadecimal digits.
        licence: of the corpus.
        citation: of the corpus.
        problems: how many files the corpus reported as unusable or odd.
    """

    utterances: int
    per_label: Mapping[str, int]
    content: Mapping[str, Any]
    sha256: str
    licence: str
    citation: str
    problems: int

    @classmethod
    def of(cls, corpus: Corpus, table: pd.DataFrame, target: str) -> Self:
        """Describe the rows of a corpus that are tested on a target."""
        hashes = content_hashes([str(name) for name in table.index.get_level_values("file")])
        spans = [f"{start} {end}" for _, start, end in table.index]
        rows = zip(hashes, spans, table[target], table["speaker"], strict=True)
        lines = sorted(f"{digest} {span} {label} {who}" for digest, span, label, who in rows)
        counts = {} if is_numeric(table[target]) else Counter(map(str, table[target]))
        return cls(
            utterances=len(table),
            per_label={label: counts[label] for label in order(counts)},
            content=provenance(table),
            sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
            licence=corpus.licence,
            citation=corpus.citation,
            problems=len(corpus.problems),
        )


@dataclass(frozen=True)
class FoldFacts:
    """What must be said of one fold.

    Attributes:
        name: of the fold.
        test_utterances: how many are tested.
        test_speakers: who speaks in them.
        chosen_inside: what was chosen on the training part: temperature, threshold, parameters.
        train_utterances: how many were trained on; ``None`` for a finished model.
        train_speakers: how many speak in them; ``None`` for a finished model.
    """

    name: str
    test_utterances: int
    test_speakers: tuple[str, ...]
    chosen_inside: Mapping[str, Any] = field(default_factory=dict)
    train_utterances: int | None = None
    train_speakers: int | None = None

    @classmethod
    def of(
        cls,
        name: str,
        test: pd.DataFrame,
        chosen_inside: Mapping[str, Any],
        train: pd.DataFrame | None = None,
    ) -> Self:
        """Describe a fold by its parts; of the choices only what JSON can hold is kept."""
        plain = (str, int, float, bool, list, dict, type(None))
        return cls(
            name,
            len(test),
            _speakers(test),
            {key: value for key, value in chosen_inside.items() if isinstance(value, plain)},
            None if train is None else len(train),
            None if train is None else len(_speakers(train)),
        )


@dataclass(frozen=True)
class Control:
    """One control: what the same pipeline gives where there is nothing to find, or too much.

    Attributes:
        name: of the control.
        words: what it shows, in one sentence.
        metric: full name of the metric.
        value: of the metric.
        low: lower end of its interval; NaN where there is none.
        high: upper end.
    """

    name: str
    words: str
    metric: str
    value: float
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True)
class EnrolmentFacts:
    """What the utterances of an evaluation were judged against.

    Attributes:
        speech: the kind of speech profiles are made of; ``adapt`` for the recordings at hand.
        count: utterances in a profile; 0 for all there are.
        seed: of what was drawn by chance.
        without: metric to its ``value``, ``low`` and ``high`` without profiles.
        without_by_corpus: the measures by corpus without profiles, where there are several.
    """

    speech: str
    count: int
    seed: int
    without: Mapping[str, Mapping[str, float]]
    without_by_corpus: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything an evaluation must say beside its numbers; the keys of ``evaluation.json``.

    Attributes:
        leaky_reasons: why the result must not be compared with honest ones; empty if it may.
        protocol: as on the command line; ``model`` for a finished model.
        protocol_words: the protocol in one sentence.
        transductive: whether test speakers were normalised by their own recordings.
        recipe: name of the recipe.
        recipe_details: its sections.
        recipe_hash: of them, see :func:`intona.models.identity.recipe_hash`.
        model: of a finished model, its file, what made it and its identity.
        mapping: of a finished model, how the corpus's labels became the model's.
        answers: of a finished model, each of its labels and what it counts as.
        corpus: name of the corpus under test.
        corpus_details: more of it.
        speakers: how many are tested; 0 where none is known.
        extra_training: corpora that were trained on and never tested.
        seed: of the division into folds.
        model_seeds: of the models; the folds are repeated for each.
        folds: the folds.
        leaks: what was looked for and found.
        controls: the controls, where they were asked for.
        command: how the evaluation was started.
        created: UTC time, ISO 8601.
        versions: of intona, Python and the libraries that compute.
        enrolment: what test utterances were judged against, if against anything.
        by_corpus: measures of each corpus and as their mean, where several are tested; see
            :func:`intona.evaluation.by_corpus.rows_by_corpus`.
    """

    leaky_reasons: tuple[str, ...]
    protocol: str
    protocol_words: str
    transductive: bool = False
    recipe: str
    recipe_details: Mapping[str, Any]
    recipe_hash: str | None = None
    model: Mapping[str, Any] | None = None
    mapping: Sequence[Mapping[str, Any]] | None = None
    answers: Mapping[str, str | None] | None = None
    corpus: str
    corpus_details: CorpusFacts
    speakers: int
    extra_training: Mapping[str, Any] | None = None
    seed: int = 0
    model_seeds: tuple[int, ...] = (0,)
    folds: tuple[FoldFacts, ...]
    leaks: LeakReport
    controls: tuple[Control, ...] = ()
    command: str = ""
    created: str
    versions: Mapping[str, str]
    enrolment: EnrolmentFacts | None = None
    by_corpus: Mapping[str, Mapping[str, Any]] | None = None

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        table: pd.DataFrame,
        target: str,
        *,
        protocol: tuple[str, str],
        recipe: Mapping[str, Any],
        folds: Sequence[FoldFacts],
        leaks: LeakReport,
        leaky: str = "",
        command: str = "",
    ) -> Self:
        """Gather what is said of every evaluation; what only some have, ``replace`` adds.

        Args:
            corpus: what is tested.
            table: its rows that are.
            target: the column predicted.
            protocol: its name and its words.
            recipe: as :meth:`intona.models.recipes.Recipe.to_dict` gives it.
            folds: the folds.
            leaks: what was looked for and found.
            leaky: why the protocol as such is leaky; empty if it is not.
            command: how the evaluation was started.
        """
        return cls(
            leaky_reasons=(*([leaky] if leaky else []), *(one.text for one in leaks.leaks)),
            protocol=protocol[0],
            protocol_words=protocol[1],
            recipe=str(recipe.get("name", "unknown")),
            recipe_details=dict(recipe),
            recipe_hash=recipe_hash(recipe),
            corpus=corpus.name,
            corpus_details=CorpusFacts.of(corpus, table, target),
            speakers=int(table["speaker"].nunique()),
            folds=tuple(folds),
            leaks=leaks,
            command=command,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=versions(),
        )

    @property
    def enrolment_name(self) -> str:
        """What utterances were judged against, as it is written; empty for nothing."""
        one = self.enrolment
        return "" if one is None else f"{one.speech}:{one.count}" if one.count else one.speech

    @property
    def leaky(self) -> bool:
        """Whether the result must not be compared with honest ones."""
        return bool(self.leaky_reasons)

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of plain types with the keys of ``evaluation.json``."""
        found = {"leaky": self.leaky, **asdict(self), "leaks": self.leaks.to_dict()}
        found["folds"] = [_without_none(one) for one in found["folds"]]
        if self.enrolment is not None:
            found["enrolment"] = _without_none(found["enrolment"])
        optional = {key: found.pop(key) for key in OPTIONAL}
        return {**found, **_without_none(optional)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` returned, among whatever else ``evaluation.json`` holds.

        Raises:
            KeyError: something is missing that every evaluation says.
            TypeError: something is of another type.
        """
        known = {each.name: content[each.name] for each in fields(cls) if each.name in content}
        read: dict[str, Any] = {
            "leaky_reasons": tuple(content["leaky_reasons"]),
            "corpus_details": _read(CorpusFacts, content["corpus_details"]),
            "model_seeds": tuple(content["model_seeds"]),
            "folds": tuple(
                _read(FoldFacts, {**one, "test_speakers": tuple(one["test_speakers"])})
                for one in content["folds"]
            ),
            "leaks": LeakReport.from_dict(content["leaks"]),
            "controls": tuple(_read(Control, one) for one in content["controls"]),
        }
        if known.get("enrolment") is not None:
            read["enrolment"] = _read(EnrolmentFacts, known["enrolment"])
        return _typed(cls(**{**known, **read}))


def outcome_table(
    rows: pd.DataFrame,
    target: str,
    labels: Sequence[str],
    found: tuple[Sequence[str], Answers],
    *,
    fold: str,
    model_seed: int,
) -> pd.DataFrame:
    """Return truth and answer of each row of one test part, with what the corpus knows of it.

    Args:
        rows: the test part of the corpus's table.
        target: the column predicted.
        labels: the columns of probabilities; a numeric target has its own name as the only one.
        found: the labels the model of this fold knows, and its answers.
        fold: name of the fold.
        model_seed: seed of the model.
    """
    own, answers = found
    known = rows.drop(columns=[target, *(label for label in labels if label in rows.columns)])
    frame = known.assign(truth=rows[target])
    if tuple(labels) == (target,):
        frame[target] = answers.probabilities[:, 0]
        frame["confidence"] = np.nan
        frame["status"] = "ok"
    else:
        # In the order of all labels; one that the fold lacked gets zero.
        values = np.zeros((len(rows), len(labels)))
        values[:, [list(labels).index(label) for label in own]] = answers.probabilities
        frame[target] = np.array(labels, dtype=object)[values.argmax(axis=1)]
        frame["confidence"] = values.max(axis=1)
        frame["status"] = np.where(frame["confidence"] >= answers.thresholds, "ok", "unsure")
        frame["familiarity"] = answers.familiarity
        frame["arousal"] = answers.arousal
        frame["valence"] = answers.valence
        frame[list(labels)] = values
    frame["fold"] = fold
    frame["model_seed"] = model_seed
    return frame


def versions() -> dict[str, str]:
    """Return the versions of intona, Python and the libraries that compute."""
    from intona._version import __version__

    found = {"intona": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _speakers(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(map(str, table["speaker"].dropna().unique())))


def _without_none(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None}


def _read(kind: type[Any], content: Mapping[str, Any]) -> Any:
    """Build one of the small classes; what it does not know is left, ``null`` was NaN."""
    own = {each.name: each.type for each in fields(kind)}
    found = {key: value for key, value in content.items() if key in own}
    return _typed(
        kind(
            **{
                key: float("nan") if value is None and own[key] == "float" else value
                for key, value in found.items()
            }
        )
    )


_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "tuple[str, ...]": (tuple, list),
    "Mapping[str, Any]": (dict,),
}


def _typed(facts: Any) -> Any:
    """Return one of the small classes; a ``TypeError`` where a simple field is of another type."""
    for each in fields(facts):
        value, kinds = getattr(facts, each.name), _TYPES.get(str(each.type))
        wrong = kinds is not None and not isinstance(value, kinds)
        if str(each.type) == "tuple[str, ...]" and not wrong:
            wrong = not all(isinstance(one, str) for one in value)
        if wrong:
            raise TypeError(f"{each.name} is not {each.type}")
    return facts
