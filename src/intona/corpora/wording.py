"""Names and labels of a table that are hardly meant as they stand: near doubles, slips, repeats."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from intona.audio import AUDIO_SUFFIXES
from intona.corpora.problem import Problem, examples
from intona.labels import EMOTIONS, canonical

if TYPE_CHECKING:
    import pandas as pd

_SHORT = 4  # letters; sad and mad are both words
_RARE = 0.25  # of the frequent one's count
_COMPARED = 100  # labels; more are no labels but texts


def near_doubles(speakers: Iterable[str]) -> list[tuple[str, ...]]:
    """Return speakers whose names differ only in case, signs, leading zeros or ``.0``.

    Examples:
        >>> near_doubles(["s1", "S1", "1", "1.0", "01", "s2", "anna"])
        [('1', '1.0', '01'), ('s1', 'S1')]
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in dict.fromkeys(speakers):
        alike.setdefault(_bare(name), []).append(name)
    return sorted(tuple(names) for names in alike.values() if len(names) > 1)


def _bare(name: str) -> tuple[str, ...]:
    parts = re.findall(r"\d+|[^\W\d_]+", re.sub(r"(?<=\d)\.0+$", "", name.casefold()))
    return tuple(part.lstrip("0") or "0" if part.isdigit() else part for part in parts) or (name,)


def misspelt(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the rare labels that are one slip away from a frequent one or a known word.

    A slip is a letter more, less, another, or two exchanged.

    Args:
        counts: how often each label occurs.

    Examples:
        >>> misspelt({"angry": 40, "angy": 1, "sad": 30, "mad": 20, "proud": 5})
        {'angy': 'angry'}
    """
    found: dict[str, str] = {}
    most = sorted(counts.items(), key=lambda item: -item[1])[:_COMPARED]
    for label, count in counts.items():
        if label in EMOTIONS:
            continue
        frequent = [other for other, times in most if count <= _RARE * times]
        for other in (*EMOTIONS, *frequent):
            if _one_slip(label, other):
                found[label] = other
                break
    return found


def _one_slip(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if short == long or len(long) - len(short) > 1 or len(long) < _SHORT:
        return False
    if any(map(str.isdigit, long)):
        return False
    pairs = zip(short, long, strict=False)
    head = next((k for k, (a, b) in enumerate(pairs) if a != b), len(short))
    a, b = short[head:], long[head:]
    if len(a) < len(b):
        return a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def remarks(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[Problem]:
    """Yield what is odd about the labels and speakers of a table.

    Args:
        rows: where each row stands, and its ``emotion`` and ``speaker``.
    """
    where: dict[str, list[str]] = {}
    for place, row in rows:
        if row["emotion"] is not None:
            where.setdefault(row["emotion"], []).append(place)
    for label, meant in misspelt({label: len(found) for label, found in where.items()}).items():
        yield Problem(
            f"{examples(where[label])}: the label {label!r} is one letter away from {meant!r}: "
            "if that is meant, correct it",
            "label",
        )
    spoken = Counter(row["speaker"] for _, row in rows if row["speaker"] is not None)
    for names in near_doubles(spoken):
        said = ", ".join(f"{name!r} (rows: {spoken[name]})" for name in names)
        yield Problem(f"speakers whose names hardly differ count as several: {said}", "speaker")


def settled(
    rows: Sequence[tuple[str, dict[str, Any]]],
) -> tuple[list[tuple[str, dict[str, Any]]], list[Problem]]:
    """Keep each of several equal rows once, and find utterances with several labels.

    Args:
        rows: where each row stands, and what stands there, with ``file``, ``start``, ``end``.

    Returns:
        The rows that stay (those of several labels all do), and what is to be said.
    """
    groups: dict[tuple[Any, ...], list[tuple[str, dict[str, Any]]]] = {}
    real = {name: os.path.realpath(name) for name in {row["file"] for _, row in rows}}
    for place, row in rows:
        key = (real[row["file"]], row.get("start") or 0.0, row.get("end"))
        groups.setdefault(key, []).append((place, row))
    kept = []
    problems = []
    for group in groups.values():
        file = group[0][1]["file"]
        told = [tuple((name, row[name]) for name in row if name != "file") for _, row in group]
        different = list(dict(zip(told[::-1], group[::-1], strict=True)).values())
        kept += different[::-1]
        times = examples([place for place, _ in group])
        if len(group) > 1:
            equal = ", of which equal ones count once" if len(group) > len(different) else ""
            said = f"{times}: {file} stands there {len(group)} times{equal}"
            problems.append(Problem(said, "duplicate"))
        labels = Counter(row["emotion"] for _, row in group if row["emotion"] is not None)
        if len(labels) > 1:
            said = " and ".join(f"{label} ({_of(label, group)})" for label in [*labels][:3])
            said += f" and {len(labels) - 3} more" if len(labels) > 3 else ""
            problems.append(Problem(f"{file}: one utterance is labelled {said}", "label"))
    return kept, problems


def _of(label: str, group: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    return examples([place for place, row in group if row["emotion"] == label])


def listed(columns: Sequence[str]) -> str:
    """Return names of columns for a sentence: the first twenty, in about 300 letters at most."""
    text = ", ".join(columns[:20])
    return text if len(text) < 300 else f"{text[:300]} ..."


def proposal(frame: pd.DataFrame, wanted: Collection[str], taken: Collection[str]) -> str:
    """Return how to say which columns hold what: the whole option, guessed from what is in them.

    Args:
        frame: the table.
        wanted: of ``file``, ``emotion`` and ``speaker`` those that no known name gives.
        taken: columns that are something already.

    Examples:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"rec": ["a.wav", "b.wav"], "mood": ["sad", "Happy"]})
        >>> proposal(table, {"file", "emotion", "speaker"}, ())
        'say --columns file=rec,emotion=mood (and speaker=COLUMN, where one names who speaks)'
    """
    if any(_is_sound(str(name)) for name in frame.columns):
        return "its first line must name them"
    columns = {str(name): [str(v) for v in frame[name].dropna()] for name in frame.columns}
    tests = {"file": _is_sound, "emotion": lambda text: canonical(text) in EMOTIONS}
    found: dict[str, str] = {}
    for ours in ("file", "emotion"):
        if ours in wanted:
            fitting = (
                name
                for name, values in columns.items()
                if name not in {*taken, *found.values()}
                and 2 * sum(map(tests[ours], values)) > len(values)
            )
            found[ours] = next(fitting, "COLUMN")
    said = ",".join(f"{ours}={name}" for ours, name in found.items())
    who = " (and speaker=COLUMN, where one names who speaks)" if "speaker" in wanted else ""
    return f"say --columns {said}{who}"


def _is_sound(text: str) -> bool:
    return os.path.splitext(text)[1].lower() in AUDIO_SUFFIXES
