"""Python API: what the verbs of the command line do, as functions that return objects.

Where the shell takes a word (a recipe, a protocol, ``"calm=neutral"``), these take it too, or the
object it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona import parallel
from intona.errors import RecipeError, UsageError
from intona.extras import require_training
from intona.inference.model_file import model_file
from intona.inference.recognizer import Recognizer, load
from intona.labels import Labels, Merge, labels_of, merge_of
from intona.models.artefact import BUNDLED
from intona.models.recipes import Recipe
from intona.models.recipes import load as recipe_named
from intona.parallel import Progress
from intona.spelling import for_python

if TYPE_CHECKING:
    from intona.corpora.base import Corpus
    from intona.evaluation.compare import Comparison
    from intona.evaluation.result import Evaluation
    from intona.evaluation.split import Split


@for_python
def read_corpus(
    source: Any,
    name: str | None = None,
    *,
    emotions: Labels = None,
    merge: Merge = None,
    **options: Any,
) -> Corpus:
    """Read a corpus, or several as one.

    Args:
        source: a folder, archive or table; a data frame, an audformat database, a Hugging Face data
            set; a corpus; or a list of those.
        name: which corpus it is, see :func:`intona.corpora.load`; ``None`` finds out.
        emotions: labels to keep, ``"happy,sad"`` or a list; ``None`` keeps all.
        merge: labels to merge first, ``"calm=neutral"`` or a mapping from old to new.
        **options: of the corpora, for example ``channel="song"`` or ``columns="speaker=spk"``.

    Raises:
        UsageError: no such corpus name or option, or labels that do not fit.
        CorpusError: no such path, or nothing in it that can be read or is left.
    """
    from intona import corpora

    corpus = corpora.load(source, name, **options)
    return corpus.select(emotions, merge) if emotions or merge else corpus


@for_python
def train(
    recipe: str | Path | Recipe,
    corpus: Any,
    out: str | Path = "model.onnx",
    *,
    target: str = "emotion",
    licence: str | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Recognizer:
    """Train a model on a corpus, write it as one file, and return it loaded.

    Args:
        recipe: the name of a built-in recipe, the path of a ``.toml`` file, or a recipe.
        corpus: a corpus, or what :func:`read_corpus` takes.
        out: the ``.onnx`` file to write.
        target: ``"emotion"`` or a numeric column.
        licence: of data of your own, ``"CC-BY-4.0"``; ``"commercial"`` also refuses what may not be
            used commercially.
        seed: of everything random.
        workers: processes.
        progress: called as ``progress(done, total, text)``.

    Raises:
        IntonaError: see :func:`intona.models.train.train`.
    """
    require_training("intona.train")
    from intona.models.train import train as write_model

    on = parallel.engine(workers=workers)
    with on.session():
        write_model(
            recipe_of(recipe),
            read_corpus(corpus),
            out,
            target=target,
            licence=licence,
            seed=seed,
            on=on,
            progress=progress,
        )
    return load(out)


@for_python
def evaluate(
    what: str | Path | Recipe | Recognizer,
    corpus: Any,
    protocol: str | Split | None = None,
    *,
    target: str = "emotion",
    emotions: Labels = None,
    merge: Merge = None,
    extra: Any = None,
    enrol: str | None = None,
    test_only: Labels = None,
    normalise: str | None = None,
    seed: int = 0,
    model_seeds: str | int | Iterable[int] = 0,
    controls: bool = False,
    allow_leaks: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> Evaluation:
    """Train and test a recipe fold by fold, or test a finished model, and check for leaks.

    Args:
        what: a recipe or its name; or a finished model: its file, ``"default"``, ``"small"``, or a
            recogniser as it was loaded. ``"default"`` is the recipe where there is a protocol.
        corpus: a corpus, or what :func:`read_corpus` takes.
        protocol: of a recipe, as :mod:`intona.evaluation.protocols` has them; ``"speakers:5"``
            where nothing is said.
        target: of a recipe: ``"emotion"`` or a numeric column.
        emotions: labels to keep, ``"happy,sad"`` or a list.
        merge: labels to merge first, ``"calm=neutral"`` or a mapping from old to new.
        extra: further training material of a recipe, never tested.
        enrol: what every utterance is judged against, for example ``"mixed:16"`` or ``"adapt"``.
        test_only: corpora that are never trained on, for the protocol ``corpora``.
        normalise: of a recipe: ``"speaker"``.
        seed: of the division into folds.
        model_seeds: of a recipe, ``"0-7"``, a number or several.
        controls: of a recipe: also run the controls.
        allow_leaks: compute a leaky result, and stamp it, instead of refusing.
        workers: processes.
        progress: called as ``progress(done, total, text)``.

    Raises:
        LeakError: training and test share what they must not.
        UsageError: what is asked does not go together.
        IntonaError: see :func:`intona.evaluation.evaluate` and
            :func:`intona.evaluation.evaluate_model`.
    """
    require_training("intona.evaluate")
    from intona.evaluation.enrolment import Enrolment
    from intona.evaluation.finished import evaluate_model
    from intona.evaluation.protocols import FORMS, parse
    from intona.evaluation.run import Options, evaluate

    on = parallel.engine(workers=workers)
    keep, merged = labels_of(emotions), merge_of(merge)
    adaptation = None if enrol is None else Enrolment.parse(enrol)
    loaded = read_corpus(corpus)
    model = model_file(what)
    if model is not None and (protocol is None or what not in BUNDLED):
        _refuse_of_model(
            protocol=protocol is not None,
            target=target != "emotion",
            extra=extra is not None,
            test_only=test_only is not None,
            normalise=normalise is not None,
            model_seeds=model_seeds != 0,
            controls=controls,
        )
        with on.session():
            return evaluate_model(
                model,
                loaded,
                emotions=keep,
                merge=merged,
                enrolment=adaptation,
                seed=seed,
                allow_leaks=allow_leaks,
                on=on,
                progress=progress,
            )
    plan = recipe_of(what).normalised(normalise)
    split = "speakers:5" if protocol is None else protocol
    if isinstance(split, str):
        split = parse(split, labels_of(test_only) or ())
    elif not hasattr(split, "folds"):
        raise UsageError(f"a protocol is written as {FORMS}, not {split!r}")
    more = None if extra is None else read_corpus(extra)
    asked = Options(
        target=target,
        seed=seed,
        model_seeds=_seeds(model_seeds),
        controls=controls,
        enrolments=() if adaptation is None else (adaptation,),
        allow_leaks=allow_leaks,
    )
    if protocol == "corpora":  # models learn all labels, answers are restricted
        asked = replace(asked, emotions=keep, merge=merged)
    elif target == "emotion" or keep or merged:
        loaded = loaded.select(keep, merged)
        more = more and more.select(keep, merged)
    with on.session():
        return evaluate(plan, loaded, split, replace(asked, extra=more), on=on, progress=progress)


@for_python
def compare(*runs: Evaluation | str | Path, **named: Evaluation | str | Path) -> Comparison:
    """Compare evaluations made on the same folds: paired tests over speakers.

    Args:
        *runs: evaluations, called by their recipes, or folders written by
            ``intona evaluate --report``, called by their names.
        **named: further ones under names of your own.

    Raises:
        UsageError: fewer than two, one name twice, or other folds.
    """
    require_training("intona.compare")
    from intona.evaluation.compare import compare as compare_named
    from intona.evaluation.result import Evaluation

    for run in (*runs, *named.values()):
        if not isinstance(run, Evaluation | str | Path):
            raise UsageError(f"compare evaluations or report folders, not {run!r}")
    pairs = [
        (run.facts.recipe if isinstance(run, Evaluation) else Path(run).resolve().name, run)
        for run in runs
    ]
    return compare_named(
        [
            (name, run if isinstance(run, Evaluation) else Evaluation.load(run))
            for name, run in [*pairs, *named.items()]
        ]
    )


def recipe_of(given: Any) -> Recipe:
    """Return a recipe as it is, or by name or path.

    Raises:
        RecipeError: no such recipe, or one that lacks what every recipe has.
    """
    if isinstance(given, str | Path):
        return recipe_named(given)
    if not isinstance(given, Recipe):
        raise RecipeError(
            "a recipe is a name, the path of a .toml file or intona.Recipe, not a "
            f"{type(given).__name__}"
        )
    for part, key in (("front_end", "name"), ("model", "kind")):
        section = getattr(given, part)
        if not isinstance(section, Mapping) or not isinstance(section.get(key), str):
            raise RecipeError(f'recipe {given.name}: {part} is a mapping with "{key}" in it')
    return given


def _seeds(given: str | int | Iterable[int]) -> list[int]:
    from intona.evaluation.run import parse_seeds

    if isinstance(given, str):
        return parse_seeds(given)
    seeds = [given] if isinstance(given, int) else list(given)
    if not seeds:
        raise UsageError("there is no model seed: give at least one")
    return [int(seed) for seed in seeds]


def _refuse_of_model(**given: bool) -> None:
    wrong = [name for name, present in given.items() if present]
    if wrong:
        raise UsageError(f"{', '.join(wrong)}: of a recipe, not of a finished model")
