"""The audit as one function: models and a corpus in, what was found out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona import parallel
from intona.audit.prepare import prepare
from intona.audit.report import Context, summary, write
from intona.audit.run import AuditOptions, AuditResult, run
from intona.errors import UsageError
from intona.inference.model_file import model_file
from intona.labels import labels_of, merge_of
from intona.notebook import table
from intona.parallel import Progress

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Audit:
    """What an audit found, with what must be said beside it.

    Attributes:
        result: the outcomes.
        context: the corpus, leaks and notes.
    """

    result: AuditResult
    context: Context

    @property
    def table(self) -> pd.DataFrame:
        """One row per outcome: ``model``, ``test``, ``case``, ``value``, ``passed`` and more."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"model": model.name, **outcome.to_dict()}
                for model, outcomes in zip(self.result.models, self.result.outcomes, strict=True)
                for outcome in outcomes
            ]
        )

    def save(self, folder: str | Path) -> Path:
        """Write ``audit.json`` and ``report.html`` into a folder; return the page.

        Raises:
            UsageError: the folder cannot be written.
        """
        return write(self.result, self.context, folder)

    def __str__(self) -> str:
        return summary(self.result, self.context)

    def __repr__(self) -> str:
        passed = "; ".join(f"{name} {good} of {of}" for name, good, of in self.result.ranking())
        return f"<Audit on {self.context.corpus}: passed {passed}>"

    def _repr_html_(self) -> str:
        stamps = [f"LEAKY: {reason}" for reason in self.context.leaky]
        return table(
            f"Audit on {self.context.corpus}",
            [("model", "passed", "tests"), *self.result.ranking()],
            [*stamps, *self.context.notes, *self.result.warnings],
        )


def audit(
    models: Any,
    corpus: Any,
    *,
    tests: str | Iterable[str] = (),
    speakers: str | Iterable[str] | None = None,
    clips: int = 120,
    noises: str | Path | None = None,
    rooms: str | Path | None = None,
    emotions: str | Iterable[str] | None = None,
    merge: str | Mapping[str, str] | None = None,
    allow_leaks: bool = False,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Audit:
    """Test whether models deserve trust: are they correct, fair and robust?

    Args:
        models: one or several: files, ``"default"``, ``"small"``, or recognisers as loaded.
        corpus: a corpus, or what :func:`intona.read_corpus` takes.
        tests: families or tests, ``"fairness,phone"`` or a list; none runs all.
        speakers: only these, for example ``"ravdess-2[1-4],emodb-*"``.
        clips: utterances that the changed sounds are tried on.
        noises: a folder of recorded noises to test with as well.
        rooms: a folder of recorded impulse responses, likewise.
        emotions: labels to keep, of corpus and models.
        merge: labels to merge first, ``"calm=neutral"`` or a mapping.
        allow_leaks: audit on training speakers, stamped LEAKY.
        seed: of everything random.
        workers: processes.
        progress: called as ``progress(done, total, text)``.

    Raises:
        UsageError: no model, an unknown test, or labels that do not fit.
        LeakError: a model was trained on speakers of the audit.
        IntonaError: see :func:`intona.audit.prepare.prepare`.
    """
    wanted = models if isinstance(models, list | tuple) else [models]
    if not wanted:
        raise UsageError("there is no model to audit: name one, for example 'default'")
    files = [model_file(one) for one in wanted]
    for one, file in zip(wanted, files, strict=True):
        if file is None:
            raise UsageError(
                f"cannot audit {one!r}: give an .onnx file, 'default', 'small' or a recogniser"
            )
    on = parallel.engine(workers=workers)
    options = AuditOptions(
        labels_of(tests) or (),
        clips,
        None if noises is None else Path(noises),
        None if rooms is None else Path(rooms),
        seed,
        on,
    )
    with on.session():
        prepared = prepare(
            [*(file for file in files if file is not None), *_several(corpus)],
            speakers=labels_of(speakers),
            emotions=labels_of(emotions),
            merge=merge_of(merge),
            allow_leaks=allow_leaks,
            on=on,
            progress=progress,
        )
        result = run(prepared.models, prepared.dataset, options, progress)
    return Audit(result, prepared.context)


def _several(corpus: Any) -> list[Any]:
    return list(corpus) if isinstance(corpus, list | tuple) else [corpus]
