"""From paths to an audit: load models and corpora, choose speakers, refuse leaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from intona.audit.dataset import Material
from intona.audit.model import Subject
from intona.audit.report import Context
from intona.corpora.speakers import choose_speakers
from intona.errors import CorpusError, UsageError
from intona.evaluation.leaks import LeakReport, contamination, require_clean
from intona.inference.recognizer import Recognizer, load

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """All an audit needs.

    Attributes:
        subjects: the models.
        material: the utterances.
        context: what the report says of them.
    """

    subjects: tuple[Subject, ...]
    material: Material
    context: Context


def prepare(
    sources: Iterable[str | Path],
    *,
    speakers: Sequence[str] | None = None,
    emotions: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
    allow_leaks: bool = False,
) -> Prepared:
    """Load models (``.onnx`` files; none means the bundled one) and corpora (all the rest).

    Args:
        sources: paths, in any order.
        speakers: see :func:`intona.corpora.speakers.spoken_by`; ``None`` takes all.
        emotions: labels to keep, of the corpora and of the models; ``None`` keeps all.
        merge: labels to merge first, old to new, of both.
        allow_leaks: audit on speakers a model was trained on, and say so in the report.

    Raises:
        UsageError: no corpus among the paths.
        CorpusError: a corpus cannot be read, or nothing is left of it.
        ModelError: a model cannot be read.
        LeakError: a model was trained on speakers of the audit.
    """
    from intona import corpora

    paths = [Path(source) for source in sources]
    files = [path for path in paths if path.suffix.lower() == ".onnx"]
    folders = [path for path in paths if path not in files]
    if not folders:
        raise UsageError("an audit needs a corpus: name its folder after the models")
    models = [load(path) for path in files] or [load()]
    corpus = corpora.load(folders)
    table = corpus.table
    if speakers:
        table = choose_speakers(table, speakers)
    table = _relabel(table, models, emotions, merge)
    findings = [
        (name, finding)
        for name, model in zip(_names(models), models, strict=True)
        for finding in contamination(table, model.metadata["corpora"])
    ]
    require_clean(LeakReport(tuple(finding for _, finding in findings)), allow=allow_leaks)
    subjects = tuple(
        Subject.of(model, name, emotions, merge)
        for name, model in zip(_names(models), models, strict=True)
    )
    context = Context(
        corpus.name,
        tuple(f"{name}: {finding.text}" for name, finding in findings if finding.leak),
        (
            *(f"{name}: {finding.text}" for name, finding in findings if not finding.leak),
            *_strangers(table, subjects),
        ),
    )
    return Prepared(subjects, Material.of(table), context)


def _relabel(
    table: pd.DataFrame,
    models: Sequence[Recognizer],
    emotions: Sequence[str] | None,
    merge: Mapping[str, str] | None,
) -> pd.DataFrame:
    """Merge the labels of the table and keep those asked for; names nobody knows are refused."""
    merge = merge or {}
    known = {str(name) for name in table["emotion"].dropna()}
    known |= {label for model in models for label in model.labels}
    unknown = [
        name for name in (*merge, *(emotions or ())) if name not in known | {*merge.values()}
    ]
    if unknown:
        raise CorpusError(
            f"{', '.join(unknown)}: neither the corpus nor a model has this emotion; "
            f"they have {', '.join(sorted(known))}"
        )
    renamed = table["emotion"].map(lambda name: merge.get(name, name), na_action="ignore")
    table = table.assign(emotion=renamed)
    if emotions:
        table = table[table["emotion"].isin(list(emotions))]
    return table


def _names(models: Sequence[Recognizer]) -> list[str]:
    """Name models by their files, with the folder where the files are called alike."""
    stems = [model.path.stem for model in models]
    return [
        stem if stems.count(stem) == 1 else f"{model.path.parent.name}/{stem}"
        for stem, model in zip(stems, models, strict=True)
    ]


def _strangers(table: pd.DataFrame, subjects: Sequence[Subject]) -> list[str]:
    """Say how many utterances have an emotion the models do not know."""
    if subjects[0].numeric:
        return []
    unknown = table["emotion"][~table["emotion"].isin(list(subjects[0].labels))]
    if unknown.empty:
        return []
    names = ", ".join(sorted(map(str, unknown.dropna().unique()))) or "no label"
    return [
        f"{len(unknown)} utterances ({names}) are outside the models' labels: they count where "
        "only the change of predictions is measured"
    ]
