"""Emotion labels: the vocabulary, and the one way labels are merged and restricted.

RAVDESS's eight words are the vocabulary, plus ``bored``. Every corpus module maps its
own codes into it; nothing is merged silently. :func:`relabel` merges and restricts the labels of
a corpus, :func:`merge_columns` the probabilities of a model; both follow :func:`label_map`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from intona.errors import UsageError

Labels: TypeAlias = str | Iterable[str] | None
"""``"happy,sad"``, labels one by one, or ``None`` for all."""

Merge: TypeAlias = str | Mapping[str, str] | None
"""``"calm=neutral"``, a mapping from old to new label, or ``None`` for nothing."""

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

EMOTIONS: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
    "bored",
)


_FORMS = {
    "neutrality": "neutral",
    "neu": "neutral",
    "calmness": "calm",
    "happiness": "happy",
    "joy": "happy",
    "joyful": "happy",
    "hap": "happy",
    "sadness": "sad",
    "anger": "angry",
    "ang": "angry",
    "fear": "fearful",
    "afraid": "fearful",
    "fea": "fearful",
    "disgusted": "disgust",
    "dis": "disgust",
    "surprise": "surprised",
    "sur": "surprised",
    "boredom": "bored",
}


# fmt: off
RESERVED = frozenset({
    "file", "start", "end", "emotion", "confidence", "status", "reason", "familiarity", "arousal",
    "valence", "adapted", "truth", "prediction", "fold", "model_seed", "speaker", "corpus",
    "language", "sex", "split", "size",
})
# fmt: on
"""Names of columns in tables that also have a column for each emotion; no emotion has one."""


def tidy(text: str) -> str:
    r"""Return a name as it is meant: composed Unicode, single spaces and none around it.

    Examples:
        >>> tidy(" anna  b\ufeff "), tidy("Zoe\u0308") == "Zo\xeb"
        ('anna b', True)
    """
    visible = text.replace("\ufeff", "").replace("\u200b", "")
    return " ".join(unicodedata.normalize("NFC", visible).split())


def refuse_reserved(labels: Iterable[str | None], where: str) -> None:
    """Refuse emotions that are called like columns of the tables they will head a column of.

    Raises:
        UsageError: one of them is.
    """
    taken = sorted({label for label in labels if label is not None} & RESERVED)
    if taken:
        raise UsageError(
            f"{where}: an emotion cannot be called {taken[0]}, as a column of the results is: "
            f"call it for example {taken[0]}_emotion"
        )


def refuse_target(column: str) -> None:
    """Refuse to learn a column that the results call otherwise; arousal and valence may be learnt.

    Raises:
        UsageError: the column is called like one of the results.
    """
    if column in RESERVED - {"emotion", "arousal", "valence"}:
        raise UsageError(
            f"the target cannot be called {column}, as a column of the results is: rename it, for "
            f"example {column}_value"
        )


def canonical(label: str) -> str:
    """Return the vocabulary's word for another form of it; any other label in lower case.

    Examples:
        >>> canonical("Anger"), canonical("joy"), canonical(" Proud")
        ('angry', 'happy', 'proud')
    """
    word = tidy(label).lower()
    return _FORMS.get(word, word)


def order(emotions: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct labels in vocabulary order, unknown ones last, alphabetically.

    Examples:
        >>> order(["sad", "happy", "sad", "proud"])
        ('happy', 'sad', 'proud')
    """
    known = {name: rank for rank, name in enumerate(EMOTIONS)}
    return tuple(sorted(set(emotions), key=lambda name: (known.get(name, len(known)), name)))


def parse_list(text: str | None) -> tuple[str, ...] | None:
    """Parse ``"happy,sad,angry"``; ``None`` or an empty text means no restriction.

    A part that holds a comma stands in quotes, as in CSV.

    Raises:
        UsageError: a quotation mark is not closed.

    Examples:
        >>> parse_list("happy, sad")
        ('happy', 'sad')
        >>> parse_list('"sad, very",happy')
        ('sad, very', 'happy')
    """
    import csv

    if not text:
        return None
    try:
        (parts,) = csv.reader([" ".join(text.split())], skipinitialspace=True, strict=True)
    except csv.Error as error:
        raise UsageError(f"cannot read {text!r}: a quotation mark is amiss ({error})") from None
    return tuple(part.strip() for part in parts if part.strip())


def parse_merge(text: str | None) -> dict[str, str]:
    """Parse ``"calm=neutral,bored=neutral"`` into a mapping from old to new label.

    Raises:
        UsageError: a part is not of the form ``old=new``, or one label gets two new ones.

    Examples:
        >>> parse_merge("calm=neutral")
        {'calm': 'neutral'}
    """
    merge: dict[str, str] = {}
    for part in parse_list(text) or ():
        old, sign, new = (piece.strip() for piece in part.partition("="))
        if not (sign and old and new):
            raise UsageError(f"cannot read the merge {part!r}: write it as old=new")
        if merge.setdefault(old, new) != new:
            raise UsageError(f"merge: {old} cannot become both {merge[old]} and {new}")
    return merge


def labels_of(given: Labels) -> tuple[str, ...] | None:
    """Return labels written as ``"happy,sad"`` or given one by one.

    Examples:
        >>> labels_of("happy, sad"), labels_of(["happy", "sad"]), labels_of(None)
        (('happy', 'sad'), ('happy', 'sad'), None)
    """
    if given is None or isinstance(given, str):
        return parse_list(given)
    return tuple(given)


def merge_of(given: Merge) -> dict[str, str]:
    """Return a merge written as ``"calm=neutral"`` or given as a mapping.

    Examples:
        >>> merge_of("calm=neutral") == merge_of({"calm": "neutral"})
        True
    """
    return parse_merge(given) if given is None or isinstance(given, str) else dict(given)


def label_map(
    known: Iterable[str],
    keep: Iterable[str] | None = None,
    merge: Mapping[str, str] | None = None,
    *,
    owner: str = "the corpus",
) -> dict[str, str | None]:
    """Return what each label becomes: merged first, then kept, or dropped (``None``).

    Every label, wherever it comes from, is read through :func:`canonical`, so that ``Happy`` and
    ``joy`` name the label ``happy``. The order of labels and of merges does not matter.

    Args:
        known: the labels there are.
        keep: labels to keep, after merging; ``None`` or none at all keeps every label.
        merge: old label to new label; a label merged into itself stays.
        owner: who has the labels, for messages.

    Raises:
        UsageError: a label that does not occur, a label merged twice or in a chain, a kept label
            that is merged away, or a new label that looks like a misspelt one.

    Examples:
        >>> label_map(["calm", "sad", "angry"], ["Sadness", "neutral"], {"calm": "neutral"})
        {'calm': 'neutral', 'sad': 'sad', 'angry': None}
    """
    known = list(known)
    present = {canonical(label) for label in known}
    merges = _merges(merge or {}, present, owner)
    found = {label: merges.get(canonical(label), canonical(label)) for label in known}
    wanted = {canonical(label) for label in keep or ()}
    for label in sorted(wanted & set(merges)):
        raise UsageError(f"emotions: {label} is merged into {merges[label]}: keep that one")
    _require(wanted, set(found.values()), "emotions", owner)
    return {old: new if new in wanted or not wanted else None for old, new in found.items()}


def relabel(
    labels: Sequence[str | None],
    keep: Iterable[str] | None = None,
    merge: Mapping[str, str] | None = None,
) -> list[str | None]:
    """Merge labels, then drop (as ``None``) those not in ``keep``; see :func:`label_map`.

    Args:
        labels: one label per utterance, ``None`` where the corpus gives none.
        keep: labels to keep after merging; ``None`` keeps all.
        merge: old label to new label.

    Raises:
        UsageError: what is asked does not fit the labels.

    Examples:
        >>> relabel(["calm", "Sad", "angry"], ["neutral", "sad"], {"calm": "neutral"})
        ['neutral', 'sad', None]
    """
    becomes = label_map(dict.fromkeys(name for name in labels if name is not None), keep, merge)
    return [None if label is None else becomes[label] for label in labels]


def merging_matrix(
    becomes: Sequence[str | None], priors: Sequence[float] | None = None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return what takes probabilities to merged and kept labels, up to their sum.

    With priors each new label is divided by how likely it is beforehand, so that among the new
    labels, too, none is likelier than another before anything is heard.

    Args:
        becomes: the new label of each column, ``None`` for a label that is dropped.
        priors: of each column, what a model answers on average where all labels are as frequent;
            ``None`` where that is not known.

    Returns:
        A matrix ``(labels, kept labels)``, and the kept labels in vocabulary order.

    Examples:
        >>> matrix, labels = merging_matrix(["neutral", "neutral", "sad"], [0.2, 0.2, 0.4])
        >>> labels, matrix.tolist()
        (('neutral', 'sad'), [[2.5, 0.0], [2.5, 0.0], [0.0, 2.5]])
    """
    import numpy as np

    labels = order(name for name in becomes if name is not None)
    matrix = np.array([[float(name == label) for label in labels] for name in becomes])
    matrix = matrix.reshape(len(becomes), len(labels))
    if priors is not None:
        matrix = matrix / (np.asarray(priors, dtype=np.float64) @ matrix)
    return matrix, labels


def merge_columns(
    probabilities: ArrayLike,
    becomes: Sequence[str | None],
    priors: Sequence[float] | None = None,
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Add up the probabilities of merged labels, and make those of the kept labels sum to 1.

    A row without any probability for the kept labels becomes uniform; a row of NaN (no speech)
    stays so.

    Args:
        probabilities: shape ``(..., labels)``.
        becomes: the new label of each column, ``None`` for a label that is dropped.
        priors: of each column; see :func:`merging_matrix`.

    Returns:
        The probabilities, shape ``(..., kept labels)``, and the kept labels in vocabulary order.
    """
    import numpy as np

    values = np.asarray(probabilities, dtype=np.float64)
    matrix, labels = merging_matrix(becomes, priors)
    if tuple(becomes) == labels:
        return values, labels
    sums = values @ matrix
    total = sums.sum(axis=-1, keepdims=True)
    uniform = np.full_like(sums, 1 / max(len(labels), 1))
    return np.divide(sums, total, out=uniform, where=total != 0), labels


def _merges(merge: Mapping[str, str], present: set[str], owner: str) -> dict[str, str]:
    """Return the merges in words of the vocabulary, those that change nothing left out."""
    merges: dict[str, str] = {}
    for old, new in merge.items():
        before, after = canonical(old), canonical(new)
        if before == after:
            continue
        if merges.setdefault(before, after) != after:
            raise UsageError(f"merge: {before} cannot become both {merges[before]} and {after}")
    _require(merges, present, "merge", owner)
    refuse_reserved(merges.values(), "merge")
    for old, new in sorted(merges.items()):
        if new in merges:
            raise UsageError(
                f"merge: {old} becomes {new}, and {new} becomes {merges[new]}: "
                "name the last label for both"
            )
        if new not in EMOTIONS and new not in present:
            _refuse_misspelt(new, {*EMOTIONS, *present})
    return merges


def _refuse_misspelt(new: str, known: set[str]) -> None:
    """Accept a new label such as ``negative``, but not one that is nearly a known one."""
    from difflib import get_close_matches

    meant = get_close_matches(new, sorted(known), n=1, cutoff=0.85)
    if meant:
        raise UsageError(f"merge: there is no label {new}; is {meant[0]} meant?")


def _require(names: Iterable[str], present: set[str], option: str, owner: str) -> None:
    missing = order(name for name in names if name not in present)
    if missing:
        has = ", ".join(order(present)) or "no labels"
        raise UsageError(f"{option}: {', '.join(missing)} not in {owner}: there are {has}")
