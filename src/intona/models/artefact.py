"""The model file: one ``.onnx`` whose ``metadata_props["intona"]`` says what it is.

The metadata is read and validated from the bytes *before* anything is loaded: an ONNX file
is a Protocol Buffers message, and its key-value pairs (field 14 of ``ModelProto``, see
onnx.proto) can be found without parsing the graph. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

from intona.errors import ModelError
from intona.models.heard import Heard

if TYPE_CHECKING:
    import onnx

SCHEMA = 1
KEY = "intona"
BUNDLED = ("default", "small")
LARGEST = 512 * 2**20  # bytes; a model file beyond this is refused unread


class Metadata(TypedDict, total=False):
    """What a model file says of itself; the keys of ``_REQUIRED`` are always there.

    Attributes:
        schema: version of this form.
        version: of intona that made the file.
        name: of the recipe.
        labels: emotions in the order of the probability columns.
        target: what is predicted.
        numeric: whether that is a number.
        input: ``kind`` (``waveform`` or ``front_end``), ``rate`` in Hz, and of a front end its
            ``name``, ``version`` and ``parameters``, and the ``packages`` that bring it.
        recipe: the recipe.
        corpora: per training corpus its utterances, speakers and languages.
        licence: of the weights.
        threshold: least confidence of an answer that is ``ok``, of what is familiar.
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
        metrics: measured numbers in words.
    """

    schema: int
    version: str
    name: str
    labels: list[str]
    target: str
    numeric: bool
    input: dict[str, Any]
    recipe: dict[str, Any]
    corpora: dict[str, Any]
    licence: str
    threshold: float
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
    metrics: dict[str, Any]
    selected: dict[str, Any]


_REQUIRED: Mapping[str, type | tuple[type, ...]] = {
    "schema": int,
    "labels": list,
    "target": str,
    "input": dict,
    "threshold": (int, float),
    "recipe": dict,
    "corpora": dict,
    "licence": str,
    "version": str,
}


def bundled(name: str = "default") -> Path:
    """Return the path of a model that ships with intona: ``default`` or ``small``."""
    return Path(str(files("intona") / "assets" / f"{name}.onnx"))


def locate(model: str | Path | None) -> Path:
    """Return the path of a model: a file, the name of a bundled one, or ``None`` for the default.

    Examples:
        >>> locate("small").name, locate("mine/model.onnx").name
        ('small.onnx', 'model.onnx')
    """
    if model is None:
        return bundled()
    return bundled(str(model)) if _is_bundled(model) else Path(model)


def names_model(path: str | Path) -> bool:
    """Tell whether a path on a command line is a model rather than a corpus.

    Examples:
        >>> names_model("mine.onnx"), names_model("small"), names_model("RAVDESS")
        (True, True, False)
    """
    return Path(path).suffix.lower() == ".onnx" or _is_bundled(path)


def _is_bundled(name: str | Path) -> bool:
    return str(name) in BUNDLED and not Path(name).exists()


def read_model(path: str | Path) -> tuple[bytes, Metadata]:
    """Return a model file's bytes and its validated metadata.

    Raises:
        ModelError: missing, unreadable, too large, not ONNX, or not one of ours.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise ModelError(f"{path} is a folder: give the path of an .onnx file")
        if size > LARGEST:
            raise ModelError(f"{path} has {size} bytes, more than the {LARGEST} allowed")
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(
            f"no model file {path}: give the path of an .onnx file made by intona"
        ) from None
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror}") from None
    text = _metadata(content)
    if text is None:
        raise ModelError(
            f"{path} is not an intona model (it holds no intona metadata): "
            "make one with `intona train`"
        )
    try:
        metadata = json.loads(text)
    except ValueError:
        raise ModelError(f"{path}: its intona metadata is damaged; make the model again") from None
    _validate(metadata, path)
    return content, cast("Metadata", metadata)


def write_model(model: onnx.ModelProto, metadata: Mapping[str, Any], path: str | Path) -> Path:
    """Write the graph with its metadata to one file, atomically.

    Raises:
        ModelError: incomplete metadata.
        UsageError: the file cannot be written.
    """
    from intona.files import save, spelled

    path = Path(path)
    complete = {"schema": SCHEMA, **metadata}
    _validate(complete, path)
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, spelled(json.dumps(complete, sort_keys=True, ensure_ascii=False))
    content = model.SerializeToString()
    return save(path, lambda place: place.write_bytes(content))


def _validate(metadata: Any, path: Path) -> None:
    if not isinstance(metadata, dict):
        raise ModelError(f"{path}: its intona metadata is not an object")
    if isinstance(metadata.get("schema"), int) and metadata["schema"] > SCHEMA:
        raise ModelError(f"{path} was made by a newer intona: upgrade with pip install -U intona")
    for key, kind in _REQUIRED.items():
        if not isinstance(metadata.get(key), kind):
            raise ModelError(f"{path}: its intona metadata lacks a valid {key!r}")
    labels = metadata["labels"]
    if not labels or not all(isinstance(label, str) for label in labels):
        raise ModelError(f"{path}: its intona metadata lacks a valid 'labels'")
    for key, count in (("thresholds", 2), ("priors", len(labels)), ("familiar", None)):
        if key in metadata and not _numbers(metadata[key], count):
            raise ModelError(f"{path}: its intona metadata lacks a valid {key!r}")
    if "adaptation" in metadata and not (
        isinstance(metadata["adaptation"], dict) and isinstance(metadata.get("embedding"), int)
    ):
        raise ModelError(f"{path}: its intona metadata lacks a valid 'adaptation'")
    if "heard" in metadata:
        try:
            Heard.from_dict(metadata["heard"])
        except ModelError as error:
            raise ModelError(f"{path}: {error}; make the model again") from None
    if metadata["input"].get("kind") not in ("waveform", "front_end"):
        raise ModelError(f"{path}: its input kind is neither 'waveform' nor 'front_end'")


def _numbers(value: Any, count: int | None) -> bool:
    """Tell whether a value is a number in [0, 1], or so many of them."""
    values = [value] if count is None else value
    return (
        isinstance(values, list)
        and len(values) == (count or 1)
        and all(isinstance(one, int | float) and 0.0 <= one <= 1.0 for one in values)
    )


def _metadata(content: bytes) -> str | None:
    """Return the value stored under our key, or ``None`` when it is not such a file."""
    view = memoryview(content)
    try:
        for number, value in _fields(view):
            if number == 14 and isinstance(value, memoryview):
                pair = dict(_fields(value))
                key, text = pair.get(1), pair.get(2)
                if isinstance(key, memoryview) and bytes(key) == KEY.encode():
                    return bytes(text).decode() if isinstance(text, memoryview) else None
    except (IndexError, ValueError):
        return None
    return None


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield ``(field number, value)`` of a message, skipping over nested content."""
    position = 0
    while position < len(view):
        tag, position = _varint(view, position)
        number, wire = tag >> 3, tag & 7
        value: int | memoryview
        if wire == 0:
            value, position = _varint(view, position)
        elif wire == 2:
            length, position = _varint(view, position)
            if length > len(view) - position:
                raise ValueError("truncated message")
            value, position = view[position : position + length], position + length
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, position = view[position : position + size], position + size
        else:
            raise ValueError("not a Protocol Buffers message")
        yield number, value


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if not byte & 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("not a Protocol Buffers message")
