"""Preparation of an audit: load models and corpora, choose speakers and labels, refuse leaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from intona.audit.dataset import Dataset
from intona.audit.model import AuditedModel
from intona.audit.report import Context
from intona.corpora.base import Corpus
from intona.corpora.speakers import choose_speakers
from intona.corpora.usable import require_usable
from intona.errors import UsageError
from intona.evaluation.contamination import contamination
from intona.evaluation.labelmap import shared_map
from intona.evaluation.leaks import LeakReport, nobody, require_clean
from intona.inference.recognizer import Recognizer, load
from intona.labels import label_map
from intona.models.artefact import locate, names_model
from intona.models.lineage import Training
from intona.parallel import HERE, Engine, Progress


@dataclass(frozen=True)
class Prepared:
    """All an audit needs.

    Attributes:
        models: the models.
        dataset: the utterances.
        corpus: what they were chosen from.
        context: what the report says of them.
    """

    models: tuple[AuditedModel, ...]
    dataset: Dataset
    corpus: Corpus
    context: Context


def prepare(
    sources: Iterable[str | Path | Corpus],
    *,
    speakers: Sequence[str] | None = None,
    emotions: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
    allow_leaks: bool = False,
    skip_bad: bool = False,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> Prepared:
    """Load models (files or names of bundled ones; none means the default) and corpora (the rest).

    Args:
        sources: paths, in any order; a corpus may also be one that was read.
        speakers: see :func:`intona.corpora.speakers.spoken_by`; ``None`` takes all.
        emotions: labels to keep, of the corpora and of the models; ``None`` keeps all.
        merge: labels to merge first, old to new, of both.
        allow_leaks: audit on speakers a model was trained on, and say so in the report.
        skip_bad: leave out rows that make no sense and recordings that cannot be used.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Raises:
        UsageError: no corpus among the paths, or ``emotions`` and ``merge`` do not fit.
        CorpusError: a corpus cannot be read, or nothing is left of it.
        ModelError: a model cannot be read.
        LeakError: a model was trained on speakers of the audit.
    """
    from intona import corpora

    given = list(sources)
    files = [locate(one) for one in given if not isinstance(one, Corpus) and names_model(one)]
    folders = [one for one in given if isinstance(one, Corpus) or not names_model(one)]
    if not folders:
        raise UsageError("an audit needs a corpus: name its folder after the models")
    models = [load(path) for path in files] or [load()]
    corpus = require_usable(corpora.load(folders), skip=skip_bad, on=on, progress=progress)
    table = corpus.table
    if speakers:
        table = choose_speakers(table, speakers)
    becomes = _label_map(table, models, emotions, merge)
    table = table.assign(emotion=table["emotion"].map(becomes))
    if emotions:
        table = table[table["emotion"].notna()]
    names = _names(models)
    findings = [
        (name, finding)
        for name, model in zip(names, models, strict=True)
        for finding in contamination(table, Training.of(model.metadata), on=on, progress=progress)
    ]
    require_clean(LeakReport(tuple(finding for _, finding in findings)), allow=allow_leaks)
    audited = tuple(
        AuditedModel.of(model, name, becomes) for name, model in zip(names, models, strict=True)
    )
    context = Context(
        corpus.name,
        tuple(f"{name}: {finding.text}" for name, finding in findings if finding.leak),
        (
            *(finding.text for finding in nobody(table)),
            *(f"{name}: {finding.text}" for name, finding in findings if not finding.leak),
            *_unknown_labels(table, audited[0]),
        ),
    )
    return Prepared(audited, Dataset.of(table), corpus, context)


def _label_map(
    table: pd.DataFrame,
    models: Sequence[Recognizer],
    emotions: Sequence[str] | None,
    merge: Mapping[str, str] | None,
) -> dict[str, str | None]:
    """Return what each label of corpus and models becomes."""
    corpus = [str(name) for name in table["emotion"].dropna().unique()]
    known = [model.labels for model in models if not model.numeric]
    return (
        shared_map(known, corpus, emotions, merge) if known else label_map(corpus, emotions, merge)
    )


def _names(models: Sequence[Recognizer]) -> list[str]:
    """Name models by their files, with the folder where the files are called alike."""
    stems = [model.path.stem for model in models]
    return [
        stem if stems.count(stem) == 1 else f"{model.path.parent.name}/{stem}"
        for stem, model in zip(stems, models, strict=True)
    ]


def _unknown_labels(table: pd.DataFrame, model: AuditedModel) -> list[str]:
    """Say how many utterances have an emotion the models do not know."""
    if model.numeric:
        return []
    unknown = table["emotion"][~table["emotion"].isin(list(model.labels))]
    if unknown.empty:
        return []
    names = ", ".join(sorted(map(str, unknown.dropna().unique()))) or "no label"
    return [
        f"{len(unknown)} utterances ({names}) are outside the models' labels: they count where "
        "only the change of predictions is measured"
    ]
