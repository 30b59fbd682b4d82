"""The model file: one ``.onnx`` whose ``metadata_props["intona"]`` says what it is.

The metadata is read and validated from the bytes *before* anything is loaded: an ONNX file
is a Protocol Buffers message, and its key-value pairs (field 14 of ``ModelProto``, see
onnx.proto) can be found without parsing the graph. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.errors import ModelError
from intona.models import hub
from intona.models.identity import is_own, next_identity, spelled_json, with_metadata
from intona.models.metadata import BUNDLED, SCHEMA, Metadata, validated
from intona.models.vetting import require_harmless
from intona.models.wire import fields

if TYPE_CHECKING:
    import onnx

LARGEST = 512 * 2**20  # bytes; a model file beyond this is refused unread
LARGEST_METADATA = 2**24  # bytes; what was heard in training takes most of it


def bundled(name: str = "default") -> Path:
    """Return the path of a model that ships with intona: ``default`` or ``small``."""
    return Path(str(files("intona") / "assets" / f"{name}.onnx"))


def locate(model: str | Path | None) -> Path:
    """Return the path of a model: a file, the name of a bundled one, or ``None`` for the default.

    One of the hub, ``hf:ORG/NAME``, is fetched: see :mod:`intona.models.hub`.

    Raises:
        ModelError: what is named of the hub cannot be had, or is not a model of ours.
        MissingExtraError: it is of the hub, and huggingface_hub is not installed.

    Examples:
        >>> locate("small").name, locate("mine/model.onnx").name
        ('small.onnx', 'model.onnx')
    """
    if model is None:
        return bundled()
    if hub.is_named(model):
        return hub.require(str(model), LARGEST)
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
    """Return a model file's bytes, vetted, and its validated metadata.

    Raises:
        ModelError: missing, unreadable, too large, not ONNX, not one of ours, or its graph is one
            that intona does not run (:mod:`intona.models.vetting`).
    """
    path = Path(path)
    try:
        status = path.stat()
        size = status.st_size
        if path.is_dir():
            raise ModelError(f"{path} is a folder: give the path of an .onnx file")
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{path} is no file: give the path of an .onnx file")
        if size > LARGEST:
            raise ModelError(f"{path} has {size} bytes, more than the {LARGEST} allowed")
        content = path.read_bytes()
    except FileNotFoundError:
        others = "; functions and hf:NAME go with predict, listen, evaluate, audit and explain"
        raise ModelError(
            f"no model file {path}: give the path of an .onnx file made by intona"
            f"{others if ':' in str(path) else ''}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"cannot read the model {path}: {reason}") from None
    text = _metadata(content)
    if text is None:
        raise ModelError(
            f"{path} is not an intona model (it holds no intona metadata): "
            "make one with `intona train`"
        )
    if len(text) > LARGEST_METADATA:
        raise ModelError(f"{path}: its intona metadata is larger than {LARGEST_METADATA} bytes")
    try:
        metadata = validated(json.loads(text), path)
    except (ValueError, RecursionError):
        raise ModelError(f"{path}: its intona metadata is damaged; make the model again") from None
    require_harmless(content, path)
    return content, metadata


def write_model(model: onnx.ModelProto, metadata: Mapping[str, Any], path: str | Path) -> Path:
    """Write the graph with its metadata to one file, atomically.

    The file says which model it is (:mod:`intona.models.identity`): where another lies there
    already, the version is the next, unless the content is the same.

    Raises:
        ModelError: incomplete metadata.
        UsageError: the file cannot be written.
    """
    from intona.files import save

    path = Path(path)
    complete = validated(json.loads(spelled_json({"schema": SCHEMA, **metadata})), path)
    del model.metadata_props[:]
    bare = model.SerializeToString()
    identity = next_identity(bare, complete, _identity_at(path))
    content = with_metadata(bare, {**complete, "identity": identity})
    require_harmless(content, path)  # what would be refused when read is not written
    return save(path, lambda place: place.write_bytes(content))


def _identity_at(path: Path) -> Mapping[str, Any]:
    """Return what the model that lies there says as its identity; nothing where there is none."""
    try:
        return read_model(path)[1].get("identity", {}) if path.is_file() else {}
    except ModelError:
        return {}


def _metadata(content: bytes) -> bytes | None:
    """Return the value stored under our key, or ``None`` when it is not such a file."""
    try:
        for number, value in fields(memoryview(content)):
            if is_own(number, value) and isinstance(value, memoryview):
                text = dict(fields(value)).get(2)
                return bytes(text) if isinstance(text, memoryview) else None
    except ValueError:
        return None
    return None
