"""Evaluation protocols: the division into training and test folds, and its words.

:data:`FORMS` lists them. An installed package may register more (``intona.protocols``): a class or
function that is given what stands after the colon.

A recipe is given the training part of a fold and nothing else; what it must choose it chooses
on :func:`intona.corpora.folds.inner_folds` of that part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from intona import registry
from intona.corpora.cells import word
from intona.corpora.folds import inner_folds
from intona.corpora.sheet import folded
from intona.corpora.sheet import read as read_sheet
from intona.errors import CorpusError, IntonaError, PlugInError, UsageError, meant
from intona.evaluation.across import CrossCorpus, LeaveOneCorpusOut
from intona.evaluation.split import Fold, Split
from intona.labels import tidy

if TYPE_CHECKING:
    import pandas as pd

# As they are written on the command line.
FORMS: Mapping[str, str] = {
    "emobox": "the published speaker-disjoint folds of EmoBox (RAVDESS)",
    "loso": "leave one speaker out",
    "speakers:K": "K folds, grouped by speaker and balanced by label",
    "file:FOLDS.csv": "folds from a table with columns fold and file or speaker",
    "cross:TRAIN->TEST": "train on one corpus, test on another",
    "corpora": "leave one corpus out: train on all the others, each in turn",
    "random:FRACTION": "a random share of the utterances; LEAKY, only to reproduce papers",
}


def described() -> list[registry.Entry]:
    """Return all protocols, as they are written, with a line each."""
    return [
        *(registry.Entry(form, line) for form, line in FORMS.items()),
        *(registry.entry("protocols", name) for name in registry.names("protocols")),
    ]


def parse(text: str, test_only: Sequence[str] = ()) -> Split:
    """Read a protocol as written on the command line.

    Args:
        text: for example ``speakers:5``.
        test_only: corpora that are tested and never trained on, for ``corpora``.

    Raises:
        UsageError: unknown, or an impossible number.

    Examples:
        >>> parse("speakers:5")
        SpeakerFolds(count=5)
    """
    kind, _, value = text.partition(":")
    if kind == "corpora" and not value:
        return LeaveOneCorpusOut(tuple(test_only))
    if test_only:
        raise UsageError("--test-only goes with --protocol corpora")
    if kind == "emobox" and not value:
        return EmoBox()
    if kind == "loso" and not value:
        return LeaveOneSpeakerOut()
    if kind == "file" and value:
        return FileFolds(Path(value))
    if kind == "speakers" and value.isdigit() and int(value) >= 2:
        return SpeakerFolds(int(value))
    if kind == "cross":
        train, arrow, test = (part.strip() for part in value.partition("->"))
        if arrow and train and test and train != test:
            return CrossCorpus(train, test)
    if kind == "random":
        share = _number(value)
        if share is not None and 0.0 < share < 1.0:
            return RandomSplit(share)
    if registry.has("protocols", kind):
        return _plugged(kind, value)
    known = [*FORMS, *registry.names("protocols")]
    near = _meant(text) or meant(
        kind, [one for form in known if (one := form.partition(":")[0]) != kind]
    )
    raise UsageError(
        f"cannot read the protocol {text!r}{near}: write {', '.join(known[:-1])} or {known[-1]}"
    )


def _meant(text: str) -> str:
    """Return a question about what scikit-learn's users write; empty where it is not known."""
    share = _number(text.rpartition(":")[2])
    if share is not None and 0.0 < share < 1.0:
        return f" (did you mean random:{share:g}, stamped LEAKY?)"
    if text.isdecimal() and int(text) >= 2:
        return f" (did you mean speakers:{text}?)"
    kind, _, value = text.lower().partition(":")
    if kind.replace("-", "").replace("_", "") in ("leaveonegroupout", "logo", "leaveonespeakerout"):
        return " (did you mean loso?)"
    if "fold" in kind or kind in ("speakers", "cv"):
        return f" (did you mean speakers:{value if value.isdecimal() else 5}?)"
    return " (did you mean random:0.25, stamped LEAKY?)" if kind == "random" else ""


def _plugged(kind: str, value: str) -> Split:
    """Return a protocol of an installed package, checked for what every protocol offers."""
    try:
        made = registry.plug_in("protocols", kind)(value)
    except IntonaError:
        raise
    except Exception as error:  # whatever the package's own code raises
        raise PlugInError(f"protocol {kind}: {type(error).__name__}: {error}") from None
    lacking = [name for name in ("leaky", "name", "words", "folds") if not hasattr(made, name)]
    if lacking:
        raise PlugInError(f"the protocol {kind} of an installed package has no {lacking[0]}")
    split: Split = made
    return split


@dataclass(frozen=True)
class EmoBox:
    """The folds EmoBox publishes (Ma et al. 2024, arXiv:2406.07162), where speaker-disjoint."""

    leaky: ClassVar[str] = ""
    name: ClassVar[str] = "emobox"
    words: ClassVar[str] = (
        "EmoBox's six published folds (Ma et al. 2024, arXiv:2406.07162): four actors are held "
        "out at a time, and the model never hears a test speaker in training."
    )

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return the published folds; see :meth:`Split.folds`."""
        sheet = files("intona") / "assets" / "emobox_folds.json"
        published = json.loads(sheet.read_text("utf-8"))["corpora"]
        corpora = sorted(set(table["corpus"].astype(str)))
        if len(corpora) != 1 or corpora[0] not in published:
            raise CorpusError(
                f"the protocol emobox has speaker-disjoint folds for {', '.join(published)} only, "
                f"this is {', '.join(corpora)}: use loso or speakers:K"
            )
        speakers = _speakers(table, self.name)
        found = []
        for name, held_out in published[corpora[0]]["folds"].items():
            test = np.isin(speakers, [f"{corpora[0]}-{speaker}" for speaker in held_out])
            found.append(_fold(name, test))
        return _usable(found, self.name)


@dataclass(frozen=True)
class LeaveOneSpeakerOut:
    """Every speaker is tested by a model trained on all the others."""

    leaky: ClassVar[str] = ""
    name: ClassVar[str] = "loso"
    words: ClassVar[str] = (
        "Leave one speaker out: every speaker is tested by a model trained on all the others."
    )

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return one fold per speaker; see :meth:`Split.folds`."""
        speakers = _speakers(table, self.name)
        return _usable([_fold(name, speakers == name) for name in np.unique(speakers)], self.name)


@dataclass(frozen=True)
class SpeakerFolds:
    """K folds of whole speakers, as balanced by label as that allows."""

    count: int
    leaky: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """As written on the command line."""
        return f"speakers:{self.count}"

    @property
    def words(self) -> str:
        """The protocol in one sentence."""
        return (
            f"{self.count} folds of whole speakers, balanced by label: every speaker is tested "
            "once, by a model that never heard that speaker in training."
        )

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return the folds; see :meth:`Split.folds`."""
        speakers = _speakers(table, self.name)
        if len(np.unique(speakers)) < self.count:
            raise CorpusError(
                f"{self.name} needs at least {self.count} speakers, "
                f"the corpus has {len(np.unique(speakers))}"
            )
        parts = inner_folds(table[target], speakers, self.count, seed=seed)
        return [Fold(str(k + 1), train, test) for k, (train, test) in enumerate(parts)]


@dataclass(frozen=True)
class FileFolds:
    """Folds from a CSV table with the columns ``fold`` and ``file`` or ``speaker``.

    A file may be written as any end of its path (``Actor_01/a.wav``), a speaker with or without
    the corpus before it. The fold ``train`` is trained on always and never tested.
    """

    path: Path
    leaky: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """As written on the command line."""
        return f"file:{self.path}"

    @property
    def words(self) -> str:
        """The protocol in one sentence."""
        return f"The folds listed in {self.path.name}."

    @cached_property
    def _listed(self) -> tuple[str, dict[str, str]]:
        needs = "it needs the columns fold and file, or fold and speaker"
        names = ("file", "speaker", "fold")
        try:
            sheet = read_sheet(self.path, known=names, texts=names)
        except CorpusError as error:
            raise UsageError(f"cannot read the folds: {error}; {needs}") from None
        if sheet.problems:
            raise UsageError(f"{self.path}: {sheet.problems[0]}")
        lines = sheet.frame.rename(columns=folded)
        key = "file" if "file" in lines else "speaker"
        if not {key, "fold"} <= set(lines):
            raise UsageError(f"{self.path}: {needs}")
        listed: dict[str, str] = {}
        for name, fold in zip(lines[key], lines["fold"], strict=True):
            name, fold = word(name) or "", tidy(word(fold) or "")
            name = PurePath(name.replace("\\", "/")).as_posix() if key == "file" else tidy(name)
            if not fold:
                raise UsageError(f"{self.path}: {name} has no fold")
            if listed.setdefault(name, fold) != fold:
                raise UsageError(f"{self.path}: {name} is in the folds {listed[name]} and {fold}")
        return key, listed

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return the listed folds; see :meth:`Split.folds`."""
        key, listed = self._listed
        if key == "file":
            wanted = [str(name) for name in table.index.get_level_values("file")]
            chosen = [_by_end(name, listed) for name in wanted]
        else:
            wanted = _speakers(table, self.name).tolist()
            corpora = table["corpus"].astype(str)
            chosen = [
                listed.get(name, listed.get(name.removeprefix(f"{corpus}-")))
                for name, corpus in zip(wanted, corpora, strict=True)
            ]
        missing = [name for name, fold in zip(wanted, chosen, strict=True) if fold is None]
        if missing:
            raise CorpusError(
                f"{self.path} lists no fold for {len(missing)} utterances, first {missing[0]}"
            )
        names = [name for name in dict.fromkeys(sorted(map(str, chosen))) if name != "train"]
        assigned = np.array(chosen, dtype=object)
        return _usable([_fold(name, assigned == name) for name in names], self.name)


@dataclass(frozen=True)
class RandomSplit:
    """A random share of the utterances, whoever speaks: the split of most tutorials.

    Reproduces scikit-learn's ``train_test_split(files, test_size=fraction, random_state=seed)``
    on files in sorted order.
    """

    fraction: float
    leaky: ClassVar[str] = (
        "a random split puts the same speakers, saying the same sentences, on both sides; the "
        "model is tested on voices it was trained on, and the number says nothing about a new "
        "speaker"
    )

    @property
    def name(self) -> str:
        """As written on the command line."""
        return f"random:{self.fraction:g}"

    @property
    def words(self) -> str:
        """The protocol in one sentence."""
        return (
            f"A random {100 * self.fraction:g} % of the utterances are tested, the rest are "
            "trained on, regardless of who speaks."
        )

    def folds(self, table: pd.DataFrame, *, target: str = "emotion", seed: int = 0) -> list[Fold]:
        """Return the one fold; see :meth:`Split.folds`."""
        from sklearn.model_selection import train_test_split

        names = table.index.get_level_values("file")
        order = np.array(sorted(range(len(table)), key=lambda row: (names[row], row)))
        try:
            train, test = train_test_split(order, test_size=self.fraction, random_state=seed)
        except ValueError as error:
            raise CorpusError(f"{self.name}: {error}") from None
        # The order of the training rows is kept: it decides the batches of a network.
        return [Fold("random", train, np.sort(test))]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _speakers(table: pd.DataFrame, protocol: str) -> NDArray[np.object_]:
    """Return the speaker column; complains where a speaker is not known."""
    unknown = int(table["speaker"].isna().sum())
    if unknown:
        raise CorpusError(
            f"{protocol} needs to know who speaks, and {unknown} of {len(table)} utterances have "
            "no speaker: give a table with a speaker column"
        )
    return table["speaker"].astype(str).to_numpy(dtype=object)


def _fold(name: str, test: NDArray[np.bool_]) -> Fold:
    return Fold(str(name), np.flatnonzero(~test), np.flatnonzero(test))


def _usable(folds: Sequence[Fold], protocol: str) -> list[Fold]:
    """Drop folds that test nobody; complains when none is left or nothing is trained on."""
    tested = [fold for fold in folds if len(fold.test)]
    if not tested:
        raise CorpusError(f"{protocol} tests nothing of this corpus")
    if any(not len(fold.train) for fold in tested):
        raise CorpusError(f"{protocol} leaves nothing to train on: it needs at least two speakers")
    return tested


def _by_end(name: str, listed: Mapping[str, str]) -> str | None:
    """Look a path up by any of its ends, the longest first."""
    parts = PurePath(name).parts
    for k in range(len(parts)):
        found = listed.get(PurePath(*parts[k:]).as_posix())
        if found is not None:
            return found
    return None
