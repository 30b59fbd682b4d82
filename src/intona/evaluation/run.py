"""Recipe x corpus x protocol: train and test fold by fold, check for leaks, put on record."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import CorpusError, UsageError
from intona.evaluation.fold import FoldJob, FoldOutcome, declared, run_folds, shown
from intona.evaluation.leaks import (
    Finding,
    LeakReport,
    contamination,
    content_hashes,
    inspect,
    require_clean,
)
from intona.evaluation.protocols import Fold, Split
from intona.evaluation.result import Evaluation
from intona.labels import order
from intona.models.recipes import Recipe
from intona.models.task import is_numeric
from intona.models.train import provenance
from intona.parallel import HERE, Engine

if TYPE_CHECKING:
    import pandas as pd

    from intona.corpora.base import Corpus

__all__ = [
    "corpus_facts",
    "evaluate",
    "parse_seeds",
    "prediction_table",
    "versions",
    "voice_columns",
]

Progress = Callable[[int, int, str], None]

# Added to the protocol's name, so that no table shows such a number among others unseen.
NORMALISED = "+normalise:speaker"

TRANSDUCTIVE = Finding(
    "transductive",
    True,
    "the model's answer for an utterance depends on which other test utterances it is given: "
    "it uses statistics of the test part",
    1,
)


def evaluate(
    recipe: Recipe,
    corpus: Corpus,
    split: Split,
    *,
    target: str = "emotion",
    seed: int = 0,
    model_seeds: Sequence[int] = (0,),
    extra: Corpus | None = None,
    controls: bool = False,
    voices: bool = False,
    allow_leaks: bool = False,
    on: Engine = HERE,
    progress: Progress | None = None,
    command: str = "",
) -> Evaluation:
    """Evaluate a recipe honestly, or refuse.

    Args:
        recipe: what is trained, anew for every fold, on the fold's training part alone.
        corpus: what is tested.
        split: the protocol; see :func:`intona.evaluation.protocols.parse`.
        target: ``"emotion"`` or a numeric column.
        seed: of the division into folds.
        model_seeds: the whole evaluation is repeated for each; the metrics are of all
            repetitions together.
        extra: further training material, never tested; speakers under test are dropped from it.
        controls: also run the controls; see :mod:`intona.evaluation.controls`.
        voices: also keep what :func:`intona.evaluation.enrolment.with_enrolment` needs.
        allow_leaks: compute a leaky result, and stamp it, instead of refusing.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.
        command: how this evaluation was started, for the report.

    Raises:
        LeakError: training and test share what they must not.
        CorpusError: the corpus does not allow the protocol or lacks the target.
        IntonaError: see :func:`intona.models.train.fit`.
    """
    table, tested = _combine(corpus, extra, target)
    folds = _with_extra(split.folds(table.iloc[:tested], target=target, seed=seed), table, tested)
    report = inspect(table, folds, on=on, progress=progress)
    report = report.with_findings([*_pretrained(recipe, corpus), *_absent(recipe, table)])
    require_clean(report, allow=allow_leaks or bool(split.leaky))
    _fill_cache(recipe, table, on, progress)
    numeric = is_numeric(table[target])
    labels = (target,) if numeric else order(table[target])
    jobs = [
        FoldJob(
            recipe,
            table.iloc[fold.train],
            shown(recipe, table.iloc[fold.test]),
            target,
            one,
            fold.name,
            voices,
        )
        for one in model_seeds
        for fold in folds
    ]
    outcomes = run_folds(jobs, on=on, progress=progress, text="folds")
    if any(outcome.transductive for outcome in outcomes):
        report = report.with_findings([TRANSDUCTIVE])
        require_clean(report, allow=allow_leaks or bool(split.leaky))
    tests = [(seed_, fold) for seed_ in model_seeds for fold in folds]
    predictions = _join(
        [
            prediction_table(
                table.iloc[fold.test], target, labels, outcome, fold=fold.name, model_seed=one
            )
            for (one, fold), outcome in zip(tests, outcomes, strict=True)
        ]
    )
    facts: dict[str, Any] = {
        **_stamp(split.leaky, report),
        "protocol": split.name + (NORMALISED if declared(recipe) else ""),
        "protocol_words": split.words,
        "transductive": declared(recipe),
        "recipe": recipe.name,
        "recipe_details": recipe.to_dict(),
        **corpus_facts(corpus, table.iloc[:tested], target),
        "extra_training": None if extra is None else provenance(table.iloc[tested:]),
        "seed": seed,
        "model_seeds": list(model_seeds),
        "folds": [
            _fold_facts(fold, table, outcome)
            for fold, outcome in zip(folds, outcomes[: len(folds)], strict=True)
        ],
        "leaks": report.to_dict(),
        "controls": [],
        "command": command,
        **versions(),
    }
    if controls:
        from intona.evaluation.controls import run_controls

        facts["controls"] = run_controls(
            recipe, table, folds, target, labels, on=on, progress=progress
        )
    return Evaluation(target, labels, predictions, facts)


def parse_seeds(text: str) -> list[int]:
    """Read seeds as written on the command line.

    Raises:
        UsageError: not numbers.

    Examples:
        >>> parse_seeds("0-3,7")
        [0, 1, 2, 3, 7]
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"cannot read the seeds {text!r}: write them as 0-7 or 0,1,2")
        seeds += range(int(first), int(last if dash else first) + 1)
    if not seeds:
        raise UsageError(f"there is no seed in {text!r}: the first must not be above the last")
    return list(dict.fromkeys(seeds))


def prediction_table(
    rows: pd.DataFrame,
    target: str,
    labels: Sequence[str],
    outcome: FoldOutcome,
    *,
    fold: str,
    model_seed: int,
) -> pd.DataFrame:
    """Return the predictions of one test part, with what the corpus knows of each row."""
    known = rows.drop(columns=[target, *(label for label in labels if label in rows.columns)])
    frame = known.assign(truth=rows[target])
    if tuple(labels) == (target,):
        frame[target] = outcome.probabilities[:, 0]
        frame["confidence"] = np.nan
        frame["status"] = "ok"
    else:
        probabilities = _columns(outcome, labels)
        frame[target] = np.array(labels, dtype=object)[probabilities.argmax(axis=1)]
        frame["confidence"] = probabilities.max(axis=1)
        threshold = float(outcome.details.get("threshold", 0.0))
        frame["status"] = np.where(frame["confidence"] >= threshold, "ok", "unsure")
        for k, label in enumerate(labels):
            frame[label] = probabilities[:, k]
        for kind, scores in outcome.voice_scores.items():
            if outcome.labels == tuple(labels):
                frame[voice_columns(kind, labels)] = scores
    frame["fold"] = fold
    frame["model_seed"] = model_seed
    return frame


def corpus_facts(corpus: Corpus, table: pd.DataFrame, target: str) -> dict[str, Any]:
    """Return what must be said of the corpus under test."""
    hashes = content_hashes([str(name) for name in table.index.get_level_values("file")])
    spans = [f"{start} {end}" for _, start, end in table.index]
    lines = sorted(
        f"{digest} {span} {label} {speaker}"
        for digest, span, label, speaker in zip(
            hashes, spans, table[target], table["speaker"], strict=True
        )
    )
    counts = {} if is_numeric(table[target]) else Counter(map(str, table[target]))
    return {
        "corpus": corpus.name,
        "corpus_details": {
            "utterances": len(table),
            "per_label": {label: counts[label] for label in order(counts)},
            "content": provenance(table),
            "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
            "licence": corpus.licence,
            "citation": corpus.citation,
            "problems": len(corpus.problems),
        },
        "speakers": int(table["speaker"].nunique()),
    }


def versions() -> dict[str, Any]:
    """Return when and with what this was computed."""
    from intona._version import __version__

    found = {"intona": __version__, "python": platform.python_version()}
    for name in ("numpy", "scipy", "scikit-learn", "torch", "opensmile", "onnxruntime"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"created": datetime.now(UTC).isoformat(timespec="seconds"), "versions": found}


def _stamp(why: str, report: LeakReport) -> dict[str, Any]:
    reasons = [why] if why else []
    reasons += [finding.text for finding in report.leaks]
    return {"leaky": bool(reasons), "leaky_reasons": reasons}


def _combine(corpus: Corpus, extra: Corpus | None, target: str) -> tuple[pd.DataFrame, int]:
    """Return one table, rows under test first, and how many those are."""
    import pandas as pd

    parts = []
    for one in (corpus, extra):
        if one is None:
            continue
        if target not in one.table.columns:
            raise CorpusError(
                f"{one.name} has no column {target!r} to predict; it has "
                f"{', '.join(map(str, one.table.columns))}"
            )
        rows = one.table[one.table[target].notna()]
        if rows.empty:
            raise CorpusError(f"no utterance of {one.name} has a value of {target!r}")
        parts.append(rows)
    if len(parts) == 1:
        return parts[0], len(parts[0])
    if parts[1]["speaker"].isna().any():
        raise CorpusError(
            "extra training material needs speakers, so that those under test can be dropped"
        )
    new = parts[1][~parts[1].index.isin(parts[0].index)]
    return pd.concat([parts[0], new]), len(parts[0])


def _with_extra(folds: Sequence[Fold], table: pd.DataFrame, tested: int) -> list[Fold]:
    """Add the extra rows to every training part, less those of the speakers under test."""
    if tested == len(table):
        return list(folds)
    speakers = table["speaker"].to_numpy(dtype=object)
    rows = np.arange(tested, len(table))

    def enlarged(fold: Fold) -> Fold:
        held_out = set(speakers[fold.test])
        fine = [row for row in rows if speakers[row] not in held_out]
        return Fold(fold.name, np.concatenate([fold.train, fine]).astype(np.intp), fold.test)

    return [enlarged(fold) for fold in folds]


def _pretrained(recipe: Recipe, corpus: Corpus) -> list[Finding]:
    """Return contamination of the recipe's front end, where it was trained and says on what."""
    from intona.features import front_end

    parameters = dict(recipe.front_end)
    front = front_end(parameters.pop("name"), **parameters)
    return contamination(corpus.table, getattr(front, "heard", {}))


def _absent(recipe: Recipe, table: pd.DataFrame) -> list[Finding]:
    """Say which corpora the recipe gives a weight and does not get."""
    from intona.models.targets import groups_of

    absent = sorted(set(recipe.training.get("weights", {})) - set(groups_of(table)))
    if not absent:
        return []
    text = (
        f"recipe {recipe.name} is made to learn from {', '.join(absent)} too: "
        "name their folders with --extra"
    )
    return [Finding("material", False, text, len(absent), tuple(absent))]


def _fill_cache(recipe: Recipe, table: pd.DataFrame, on: Engine, progress: Progress | None) -> None:
    """Compute a feature recipe's features once; the folds then find them in the cache."""
    from intona.features import front_end
    from intona.features.extract import extract

    parameters = dict(recipe.front_end)
    front = front_end(parameters.pop("name"), **parameters)
    extract(table, front, on=on, progress=progress)


def _columns(outcome: FoldOutcome, labels: Sequence[str]) -> NDArray[np.float64]:
    """Return probabilities in the order of all labels; a label the fold lacked gets zero."""
    values = np.zeros((len(outcome.probabilities), len(labels)))
    for k, label in enumerate(outcome.labels):
        values[:, list(labels).index(label)] = outcome.probabilities[:, k]
    return values


def voice_columns(kind: str, labels: Sequence[str]) -> list[str]:
    """Return where :func:`prediction_table` keeps the scores for speakers enrolled so."""
    return [f"{kind} speech: {label}" for label in labels]


def _join(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(parts).sort_index(kind="stable")


def _fold_facts(fold: Fold, table: pd.DataFrame, outcome: FoldOutcome) -> dict[str, Any]:
    def speakers(rows: NDArray[np.intp]) -> list[str]:
        return sorted(map(str, table["speaker"].iloc[rows].dropna().unique()))

    return {
        "name": fold.name,
        "train_utterances": len(fold.train),
        "train_speakers": len(speakers(fold.train)),
        "test_utterances": len(fold.test),
        "test_speakers": speakers(fold.test),
        "chosen_inside": _plain(outcome.details),
    }


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details that JSON can hold."""
    kept = (str, int, float, bool, list, dict, type(None))
    return {key: value for key, value in details.items() if isinstance(value, kept)}
