"""Metadata: what a model file says of itself, with the type and range of each entry.

All of it is checked once, when a file is read or written; behind that the command line, the
service and Python rely on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import PurePath
from typing import Any, TypedDict, cast

from intona.errors import ModelError
from intona.files import is_plain
from intona.labels import RESERVED, tidy
from intona.licences import Terms
from intona.models.adaptation import decoded
from intona.models.heard import Heard

SCHEMA = 1
BUNDLED = ("default", "small")  # models that ship with intona
LONGEST = 20_000  # characters of a text, for example of a licence
LABEL = 100  # characters
LABELS = 1000
DEPTH = 16  # of lists and objects in each other
RATES = (1000, 384_000)  # Hz
WIDEST = 2**20  # dimensions of an embedding


class Metadata(TypedDict, total=False):
    """What a model file says of itself; the first nine are always there.

    Attributes:
        schema: version of this form.
        version: of intona that made the file.
        labels: emotions in the order of the probability columns.
        target: what is predicted.
        input: ``kind`` (``waveform`` or ``front_end``), ``rate`` in Hz, of a waveform whether
            signals are heard ``alone`` and not side by side, and of a front end its
            ``name``, ``version`` and ``parameters``.
        recipe: the recipe.
        corpora: per training corpus its utterances, speakers and languages.
        licence: of the weights.
        threshold: least confidence of an answer that is ``ok``, of what is familiar.
        name: of the recipe.
        numeric: whether that is a number.
        thresholds: the same at familiarity 0 and 1.
        familiar: familiarity below which a doubt is put down to it.
        priors: of each label; see :func:`intona.labels.merging_matrix`.
        embedding: dimensions of the output ``embedding``.
        adaptation: of a model that can be adapted, what that needs beside the graph's inputs.
        blend: see :class:`intona.models.blend.Blend`.
        temperature: that scores were divided by, of other models.
        abstention: what the threshold gave on held-out speakers, of other models.
        calibration: in words, on what it was done.
        encoder: the encoders inside the graph.
        base: the finished model that this one stands on.
        heard: see :class:`intona.models.heard.Heard`.
        seed: of everything random.
        identity: which model it is, see :mod:`intona.models.identity`.
        metrics: measured numbers in words.
        terms: what each part it was made from allows, see
            :class:`intona.models.permission.Permission`.
    """

    schema: int
    version: str
    labels: list[str]
    target: str
    input: dict[str, Any]
    recipe: dict[str, Any]
    corpora: dict[str, Any]
    licence: str
    threshold: float
    name: str
    numeric: bool
    thresholds: list[float]
    familiar: float
    priors: list[float]
    embedding: int
    adaptation: dict[str, Any]
    blend: list[float]
    temperature: float
    abstention: dict[str, float]
    calibration: str
    encoder: Any
    base: dict[str, Any]
    heard: dict[str, Any]
    seed: int
    identity: dict[str, Any]
    metrics: dict[str, Any]
    terms: dict[str, Any]
    selected: dict[str, Any]


REQUIRED = (
    "schema",
    "version",
    "labels",
    "target",
    "input",
    "recipe",
    "corpora",
    "licence",
    "threshold",
)


def validated(content: Any, where: object) -> Metadata:
    """Return metadata of which every entry has its type and range.

    Args:
        content: of the file, as JSON gives it.
        where: what to call the file in messages.

    Raises:
        ModelError: an entry is missing or is not what it must be.
    """
    if not isinstance(content, dict):
        raise ModelError(f"{where}: its intona metadata is not an object")
    schema = content.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise ModelError(f"{where} was made by a newer intona: git pull and pip install .")
    if not shallow(content, DEPTH):
        raise ModelError(f"{where}: its intona metadata is nested too deeply")
    for name in (*REQUIRED, *content):
        if name in _CHECKS and not _CHECKS[name](content.get(name)):
            raise ModelError(f"{where}: its intona metadata lacks a valid {name!r}")
    _require_fitting(content, where)
    if "heard" in content:
        try:
            Heard.from_dict(content["heard"])
        except ModelError as error:
            raise ModelError(f"{where}: {error}; make the model again") from None
    return cast("Metadata", content)


def label_fault(label: object) -> str | None:
    """Return what makes a label unfit to be printed, passed on and told from an option, in words.

    Examples:
        >>> label_fault("sad"), label_fault("--help")
        (None, 'it begins like an option')
    """
    if not isinstance(label, str) or not label.strip():
        return "it is empty"
    if len(label) > LABEL:
        return f"it has more than {LABEL} characters"
    if not is_plain(label):
        return "it holds control characters"
    if label.startswith("-"):
        return "it begins like an option"
    parts = PurePath(label.replace("\\", "/")).parts
    if ".." in parts or label.startswith(("/", "\\", "~")):
        return "it is a path"
    return None


def shallow(value: Any, depth: int) -> bool:
    """Tell whether lists and objects are in each other at most so deep.

    Examples:
        >>> shallow({"a": [1]}, 2), shallow({"a": [[1]]}, 2)
        (True, False)
    """
    if not isinstance(value, dict | list):
        return True
    each = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(shallow(one, depth - 1) for one in each)


def require_labels(labels: Any, where: object) -> None:
    """Refuse labels that could not be in a model file.

    Raises:
        ModelError: one is empty, too long, repeated, a path, begins like an option or holds
            control characters; or there are none, or too many.
    """
    if not isinstance(labels, list | tuple) or not 0 < len(labels) <= LABELS:
        raise ModelError(f"{where}: its intona metadata lacks a valid 'labels'")
    for number, label in enumerate(labels, 1):
        fault = label_fault(label)
        if fault is not None:
            raise ModelError(f"{where}: its label {number} cannot be used, {fault}")
    if len(set(map(tidy, labels))) < len(labels):
        raise ModelError(f"{where}: its labels are not distinct")


def _require_columns(labels: Sequence[str], numeric: bool, where: object) -> None:
    """Refuse labels that no column of a table can be called by, for it has another of that name."""
    taken = RESERVED - {"emotion", "arousal", "valence"} if numeric else RESERVED
    for number, label in enumerate(labels, 1):
        if tidy(label) in taken:
            raise ModelError(
                f"{where}: its label {number} cannot be used, a column of the results is called "
                f"{tidy(label)}"
            )


def _require_fitting(content: Mapping[str, Any], where: object) -> None:
    """Refuse entries that do not fit each other."""
    labels, source = content["labels"], content["input"]
    require_labels(labels, where)
    _require_columns(labels, bool(content.get("numeric")), where)
    if content.get("numeric") and len(labels) != 1:
        raise ModelError(f"{where}: a model of numbers has one label, its target")
    if "priors" in content and len(content["priors"]) != len(labels):
        raise ModelError(f"{where}: its intona metadata lacks a valid 'priors'")
    if source.get("kind") not in ("waveform", "front_end"):
        raise ModelError(f"{where}: its input kind is neither 'waveform' nor 'front_end'")
    waveform = source["kind"] == "waveform"
    if not _whole(*RATES)(source.get("rate")) and (waveform or source.get("rate") is not None):
        raise ModelError(f"{where}: its input has no sample rate from {RATES[0]} to {RATES[1]} Hz")
    if not waveform:
        _require_front_end(source, where)
    if "adaptation" in content:
        _require_adaptation(content, where)


def _require_front_end(source: Mapping[str, Any], where: object) -> None:
    parameters = source.get("parameters", {})
    named = isinstance(source.get("name"), str) and _whole(0)(source.get("version"))
    if not named or not isinstance(parameters, dict):
        raise ModelError(f"{where}: its input names no front end, version and parameters")
    if not _list_of(_text(LABEL))(source.get("packages", [])):
        raise ModelError(f"{where}: its input names no packages")
    for part in _objects({"name": source["name"], **parameters}):
        other, own = part.get("model", ""), part.get("name")
        if own == "default" and other not in ("", *BUNDLED):
            fault = "only a bundled model"
        elif own == "encoder" and not _known_encoder(other, part.get("weights")):
            fault = "only an encoder by its name and the digest of its weights"
        else:
            continue
        raise ModelError(
            f"{where}: its front end reads another file, {str(other)[:LABEL]!r}: {fault} may be "
            "named"
        )


def _known_encoder(name: Any, weights: Any) -> bool:
    """Tell whether a file may name an encoder: published by Whisper, or pinned by a digest.

    Examples:
        >>> _known_encoder("microsoft/wavlm-base", "0123456789abcdef"), _known_encoder("../x", "")
        (True, False)
    """
    if not isinstance(name, str):
        return False
    pinned = isinstance(weights, str) and _DIGEST.fullmatch(weights) is not None
    return bool(_PUBLISHED.fullmatch(name) or (pinned and _NAMED.fullmatch(name)))


def _require_adaptation(content: Mapping[str, Any], where: object) -> None:
    try:
        difference = content["adaptation"].get("difference")
        fits = "embedding" in content
        if difference is not None:
            values = decoded(difference)
            fits = fits and len(values) == content["embedding"] and bool(isfinite(values.sum()))
    except ValueError:
        fits = False
    if not fits:
        raise ModelError(f"{where}: its intona metadata lacks a valid 'adaptation'")


# Encoders that a file may name, beside none, which is the one of the user's settings.
_PUBLISHED = re.compile(r"(openai/whisper-[a-z0-9-]+(\.en)?)?")
# Others: a name of the hub, or of a folder that INTONA_ENCODER holds, and never a path.
_NAMED = re.compile(r"(\w[\w.-]{0,95}/)?\w[\w.-]{0,95}")
_DIGEST = re.compile(r"[0-9a-f]{16}")


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """Return all objects in a value, the value itself included."""
    if isinstance(value, dict):
        return [value, *(found for each in value.values() for found in _objects(each))]
    if isinstance(value, list):
        return [found for each in value for found in _objects(each)]
    return []


Check = Callable[[Any], bool]


def _text(longest: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= longest


def _whole(least: int, most: int = 2**63) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _number(least: float, most: float) -> Check:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def _list_of(check: Check, count: int | None = None) -> Check:
    return lambda value: (
        isinstance(value, list | tuple)
        and (count is None or len(value) == count)
        and all(map(check, value))
    )


def _map_of(check: Check) -> Check:
    return lambda value: (
        isinstance(value, dict)
        and all(isinstance(key, str) and len(key) <= LONGEST for key in value)
        and all(map(check, value.values()))
    )


def _entries(**checks: Check) -> Check:
    """Return a check of an object: entries of these names, where it has them, and any others."""
    return lambda value: (
        isinstance(value, dict)
        and all(check(value[name]) for name, check in checks.items() if name in value)
    )


_SHARE = _number(0.0, 1.0)
_FINITE = _number(-1e6, 1e6)
_WORDS = _list_of(_text(LONGEST))
_CORPORA = _map_of(_entries(utterances=_whole(0), speakers=_WORDS, languages=_WORDS))
_ANY_OBJECT = _map_of(lambda value: True)


def _abstention(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"coverage", "risk", "target"} <= value.keys()
        and _map_of(_SHARE)(value)
    )


def _identity(value: Any) -> bool:
    return (
        _entries(version=_whole(1, 10**9), created=_text(LABEL), content=_hash, recipe=_hash)(value)
        and {"version", "created", "content", "recipe"} <= value.keys()
        and is_plain(value["created"])
    )


def _hash(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def _terms(value: Any) -> bool:
    try:
        return all(Terms.from_dict(one) for one in value.values())
    except (AttributeError, ValueError):
        return False


_CHECKS: Mapping[str, Check] = {
    "schema": _whole(1),
    "version": _text(LABEL),
    "labels": lambda value: isinstance(value, list | tuple),
    "target": lambda value: label_fault(value) is None,
    "input": _ANY_OBJECT,
    "recipe": _entries(name=_text(LABEL)),
    "corpora": _CORPORA,
    "licence": _text(LONGEST),
    "threshold": _SHARE,
    "name": _text(LABEL),
    "numeric": lambda value: isinstance(value, bool),
    "thresholds": _list_of(_SHARE, 2),
    "familiar": _SHARE,
    "priors": _list_of(_SHARE),
    "embedding": _whole(1, WIDEST),
    "adaptation": _ANY_OBJECT,
    "blend": _list_of(_FINITE),
    "temperature": _number(1e-6, 1e6),
    "abstention": _abstention,
    "calibration": _text(LONGEST),
    "base": _entries(corpora=_CORPORA, version=_text(LABEL), licence=_text(LONGEST)),
    "seed": _whole(-(2**63)),
    "identity": _identity,
    "metrics": _map_of(lambda value: isinstance(value, str | int | float)),
    "selected": _ANY_OBJECT,
    "terms": _terms,
}
