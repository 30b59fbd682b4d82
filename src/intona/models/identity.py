"""Identity: which model answered; its version, day, and hashes of its content and recipe.

A model file's content is its graph and what it says of itself, but for its identity. The version
counts the contents that were written to one place: it rises by one when, and only when, the content
changes (:func:`intona.models.artefact.write_model`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from intona.files import spelled
from intona.models.wire import located

KEY = "intona"  # of the entry of a model file that holds what it says of itself
SHORT = 16  # digits of a hash, in answers and profiles
_METADATA_PROPS = 14  # the field of ModelProto, see onnx.proto


@dataclass(frozen=True)
class Identity:
    """Which model it is.

    Attributes:
        name: of its recipe.
        version: 1 for the first; ``None`` of files made before there were versions, and of those
            that something has changed since they were written.
        created: day it was first written with this content, ISO 8601, UTC; ``None`` likewise.
        content: SHA-256 of its content, hexadecimal digits.
        recipe: SHA-256 of its recipe, likewise.
    """

    name: str
    version: int | None
    created: str | None
    content: str
    recipe: str

    @classmethod
    def of(cls, content: bytes, metadata: Mapping[str, Any]) -> Identity:
        """Return the identity of a model file.

        Args:
            content: of the file.
            metadata: what it says of itself, as :func:`intona.models.artefact.read_model` gives it.
        """
        found = content_hash(content, metadata)
        said = metadata.get("identity", {})
        kept = said if said.get("content") == found else {}
        return cls(
            str(metadata.get("name") or metadata["recipe"].get("name", "unknown")),
            kept.get("version"),
            kept.get("created"),
            found,
            recipe_hash(metadata["recipe"]),
        )

    @property
    def mark(self) -> str:
        """The first 16 digits of its content: profiles belong to one model."""
        return self.content[:SHORT]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON, the hashes whole."""
        return asdict(self)

    def short(self) -> dict[str, Any]:
        """Return it as every answer says it: of hashes the first 16 digits."""
        return {**asdict(self), "content": self.mark, "recipe": self.recipe[:SHORT]}

    def __str__(self) -> str:
        """Its name, version, day and content in a few words."""
        return f"{self.name}, {self.version_words} ({self.mark})"

    @property
    def version_words(self) -> str:
        """Its version and day in words."""
        if self.version is None:
            return "without a version"
        return f"version {self.version} of {self.created}"


def recipe_hash(recipe: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a recipe: of its JSON, keys sorted, in hexadecimal digits."""
    return sha256(spelled_json(recipe).encode()).hexdigest()


def content_hash(content: bytes, metadata: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a model's content: of its graph, then of its metadata but for identity.

    Args:
        content: of a file, with its metadata or without.
        metadata: what it says of itself.
    """
    digest = sha256()
    for part in _bare(content):
        digest.update(part)
    said = {key: value for key, value in metadata.items() if key != "identity"}
    digest.update(spelled_json(said).encode())
    return digest.hexdigest()


def next_identity(
    content: bytes, metadata: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a file says as ``identity`` that takes the place of another, or of none.

    Args:
        content: of the new file, with its metadata or without.
        metadata: what it says of itself.
        before: the ``identity`` of the file that lies there; empty where there is none.
    """
    found = content_hash(content, metadata)
    kept = before.get("content") == found
    return {
        "version": before["version"] if kept else 1 + before.get("version", 0),
        "created": before["created"] if kept else datetime.now(UTC).date().isoformat(),
        "content": found,
        "recipe": recipe_hash(metadata["recipe"]),
    }


def with_metadata(content: bytes, metadata: Mapping[str, Any]) -> bytes:
    """Return a model file whose metadata is replaced; nothing else in it changes.

    Args:
        content: of an ONNX file.
        metadata: what it is to say of itself.
    """
    key, value = KEY.encode(), spelled_json(metadata).encode()
    pair = _bytes_field(1, key) + _bytes_field(2, value)
    return b"".join([*_bare(content), _bytes_field(_METADATA_PROPS, pair)])


def is_own(number: int, value: int | memoryview) -> bool:
    """Tell whether a field of an ONNX file is the entry of intona."""
    if number != _METADATA_PROPS or not isinstance(value, memoryview):
        return False
    key = next((each for n, each, _, _ in located(value) if n == 1), None)
    return isinstance(key, memoryview) and bytes(key) == KEY.encode()


def spelled_json(value: Any) -> str:
    """Return JSON with sorted keys, in which what is no Unicode is spelled out."""
    return spelled(json.dumps(value, sort_keys=True, ensure_ascii=False))


def _bare(content: bytes) -> list[memoryview]:
    """Return a file but for the entry of intona, in parts."""
    view = memoryview(content)
    parts, done = [], 0
    for number, value, begin, end in located(view):
        if is_own(number, value):
            parts.append(view[done:begin])
            done = end
    return [*parts, view[done:]]


def _bytes_field(number: int, value: bytes) -> bytes:
    """Return a field of a Protocol Buffers message that holds bytes."""
    head, length = bytearray([number << 3 | 2]), len(value)
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes(head) + bytes([length]) + value
