"""The emotion vocabulary, and how label sets are restricted or merged.

RAVDESS's eight words are the vocabulary, plus ``bored``. Every corpus module maps its
own codes into it; nothing is merged silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from intona.errors import CorpusError, UsageError

__all__ = ["EMOTIONS", "canonical", "order", "parse_list", "parse_merge", "relabel"]

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


def canonical(label: str) -> str:
    """Return the vocabulary's word for another form of it; any other label in lower case.

    Examples:
        >>> canonical("Anger"), canonical("joy"), canonical(" Proud")
        ('angry', 'happy', 'proud')
    """
    word = label.strip().lower()
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

    Examples:
        >>> parse_list("happy, sad")
        ('happy', 'sad')
    """
    if not text:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_merge(text: str | None) -> dict[str, str]:
    """Parse ``"calm=neutral,bored=neutral"`` into a mapping from old to new label.

    Raises:
        UsageError: when a part is not of the form ``old=new``.

    Examples:
        >>> parse_merge("calm=neutral")
        {'calm': 'neutral'}
    """
    merge: dict[str, str] = {}
    for part in parse_list(text) or ():
        old, sign, new = (piece.strip() for piece in part.partition("="))
        if not (sign and old and new):
            raise UsageError(f"cannot read the merge {part!r}: write it as old=new")
        merge[old] = new
    return merge


def relabel(
    labels: Sequence[str | None],
    keep: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
) -> list[str | None]:
    """Merge labels, then drop (as ``None``) those not in ``keep``.

    Args:
        labels: one label per utterance, ``None`` where the corpus gives none.
        keep: labels to keep after merging; ``None`` keeps all.
        merge: old label to new label.

    Raises:
        CorpusError: when ``keep`` or ``merge`` names a label that does not occur.

    Examples:
        >>> relabel(["calm", "sad", "angry"], ["neutral", "sad"], {"calm": "neutral"})
        ['neutral', 'sad', None]
    """
    merge = merge or {}
    present = {label for label in labels if label is not None}
    _require(merge, present, "merge")
    merged = [merge.get(label, label) if label is not None else None for label in labels]
    if keep is None:
        return merged
    _require(keep, {label for label in merged if label is not None}, "emotions")
    wanted = set(keep)
    return [label if label in wanted else None for label in merged]


def _require(names: Iterable[str], present: set[str], option: str) -> None:
    missing = [name for name in names if name not in present]
    if missing:
        raise CorpusError(
            f"--{option}: {', '.join(missing)} not in the corpus, which has "
            f"{', '.join(order(present))}"
        )
