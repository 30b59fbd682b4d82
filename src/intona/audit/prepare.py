"""Preparation of an audit: load models and corpora, choose speakers and labels, refuse leaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from intona.inference.foreign.base import Foreign
from intona.inference.foreign.table import holds_answers
from intona.inference.model import Judged
from intona.inference.opening import names_recognizer, open_recognizer
from intona.labels import label_map
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
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> Prepared:
    """Open models (none means the bundled default) and load corpora (the rest).

    Args:
        sources: paths, and recognisers as :func:`intona.inference.opening.open_recognizer` takes
            them, in any order; a corpus may also be one that was read.
        speakers: see :func:`intona.corpora.speakers.spoken_by`; ``None`` takes all.
        emotions: labels to keep, of the corpora and of the models; ``None`` keeps all.
        merge: labels to merge first, old to new, of both.
        allow_leaks: audit on speakers a model was trained on, and say so in the report.
        skip_bad: leave out rows that make no sense and recordings that cannot be used.
        name: which corpus it is, where names do not tell.
        options: of the corpora, see :func:`intona.corpora.load`.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Raises:
        UsageError: no corpus among the paths, or ``emotions`` and ``merge`` do not fit.
        CorpusError: a corpus cannot be read, or nothing is left of it.
        ModelError: a model cannot be read, or is no working recogniser.
        LeakError: a model was trained on speakers of the audit.
    """
    from intona import corpora

    given = list(sources)
    named = [
        one
        for one in given
        if not isinstance(one, Corpus) and (names_recognizer(one) or holds_answers(str(one)))
    ]
    folders = [one for one in given if isinstance(one, Corpus) or one not in named]
    if not folders:
        raise UsageError("an audit needs a corpus: name its folder after the models")
    opened = [open_recognizer(path) for path in named] or [open_recognizer(None)]
    read = corpora.load(folders, name, **(options or {}))
    corpus = require_usable(read, skip=skip_bad, on=on, progress=progress)
    table = corpus.table
    if speakers:
        table = choose_speakers(table, speakers)
    spoken = [str(name) for name in table["emotion"].dropna().unique()]
    models = [one.knowing(spoken) if isinstance(one, Foreign) else one for one in opened]
    becomes = _label_map(table, models, emotions, merge)
    table = table.assign(emotion=table["emotion"].map(becomes))
    if emotions:
        table = table[table["emotion"].notna()]
    names = _names(models)
    findings = [
        (name, finding)
        for name, model in zip(names, models, strict=True)
        for finding in contamination(table, model.training, on=on, progress=progress)
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
            *(
                f"{name}:{model.words.removesuffix('.')}"
                for name, model in zip(names, models, strict=True)
                if isinstance(model, Foreign) and model.words
            ),
            *_unknown_labels(table, audited[0]),
        ),
    )
    return Prepared(audited, Dataset.of(table), corpus, context)


def _label_map(
    table: pd.DataFrame,
    models: Sequence[Judged],
    emotions: Sequence[str] | None,
    merge: Mapping[str, str] | None,
) -> dict[str, str | None]:
    """Return what each label of corpus and models becomes."""
    corpus = [str(name) for name in table["emotion"].dropna().unique()]
    known = [model.labels for model in models if not model.numeric]
    return (
        shared_map(known, corpus, emotions, merge) if known else label_map(corpus, emotions, merge)
    )


def _names(models: Sequence[Judged]) -> list[str]:
    """Name models by their files, with the folder where the files are called alike."""
    names = [model.name for model in models]
    return [
        name if names.count(name) == 1 else f"{Path(model.path).parent.name}/{name}"
        for name, model in zip(names, models, strict=True)
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
