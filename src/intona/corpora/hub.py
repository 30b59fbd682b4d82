"""Your own data as a Hugging Face data set: an object, or a folder on disk.

Objects are ``datasets.Dataset`` and ``DatasetDict``. Folders are what ``save_to_disk`` writes
(Arrow files and ``dataset_info.json``) and what the hub holds (parquet files named
``train-00000-of-00001.parquet`` and so on). Folders are read with pyarrow; the package ``datasets``
is not needed. Audio inside the data set is written to files in the cache folder, once, named by its
content; audio named by path is used where it lies. The column ``split`` tells the parts apart.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from intona.corpora.base import Corpus
from intona.corpora.loading import Tree
from intona.corpora.parts import own_name, split_of, whole_of
from intona.corpora.sheet import folded
from intona.corpora.tables import from_frame, parse_columns
from intona.errors import CorpusError, UsageError, reason_of
from intona.features.cache import cache_folder
from intona.files import atomic

OPTIONS = frozenset({"columns", "language"})
_SHARD = re.compile(r"(.+)-\d+-of-\d+")


def is_dataset(source: Any) -> bool:
    """Say whether this is a ``Dataset`` or ``DatasetDict``, without importing the package."""
    one = next(iter(source.values()), None) if isinstance(source, dict) else source
    return hasattr(one, "features") and hasattr(one, "with_format")


def claims(tree: Tree) -> float:
    """Return 1 for a folder that holds a data set, else 0."""
    return 1.0 if _arrow_files(tree.root) or _parquet_files(tree.root) else 0.0


def from_object(source: Any, *, name: str | None = None, **options: Any) -> Corpus:
    """Turn a ``Dataset`` or ``DatasetDict`` into a corpus; options as for tables.

    Raises:
        UsageError: which column holds audio or emotion is not clear.
        CorpusError: the data set is empty.
    """
    parts = dict(source) if isinstance(source, dict) else {str(source.split or "all"): source}
    batches = (
        (split, batch)
        for split, part in parts.items()
        for batch in part.with_format("arrow").iter(256)
    )
    first = next(iter(parts.values()))
    names = _class_names({key: _plain(value) for key, value in first.features.items()})
    title = name or first.info.dataset_name or "dataset"
    return _corpus(batches, names, title, Path(), **options)


def read(folder: Path, **options: Any) -> Corpus:
    """Read a folder that ``save_to_disk`` wrote, or one as the hub holds them.

    Raises:
        UsageError: which column holds audio or emotion is not clear.
        CorpusError: the files cannot be read, or the data set is empty.
    """
    files = [*_arrow_files(folder), *_parquet_files(folder)]
    return _read(files, folder, folder, own_name(folder), **options)


def read_file(path: Path, **options: Any) -> Corpus:
    """Read one parquet file of the hub; a shard or part is called as the data set's folder is.

    Raises:
        UsageError: which column holds audio or emotion is not clear.
        CorpusError: the file cannot be read, or it is empty.
    """
    shard = _SHARD.fullmatch(path.stem)
    stem = whole_of(shard[1] if shard else path.stem)
    title = own_name(path.parent) if not stem or stem.isdigit() else stem
    return _read([path], path, path.parent, title, **options)


def is_hub_file(path: Path) -> bool:
    """Say whether a parquet file holds sound, or was written by the package ``datasets``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() != ".parquet" or not path.is_file():
        return False
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        return False
    return b"huggingface" in (schema.metadata or {}) or any(map(_holds_sound, schema))


def _holds_sound(field: Any) -> bool:
    import pyarrow as pa

    named = {each.name for each in field.type} if pa.types.is_struct(field.type) else set()
    return {"bytes", "path"} <= named


def _read(files: Sequence[Path], source: Path, folder: Path, title: str, **options: Any) -> Corpus:
    import pyarrow as pa

    names: dict[str, list[str]] = {}
    try:
        for info in sorted(folder.rglob("dataset_info.json")):
            names.update(_class_names(json.loads(info.read_text("utf-8")).get("features") or {}))
        return _corpus(_batches(files, folder, names), names, title, folder, **options)
    except (pa.ArrowException, OSError, ValueError, AttributeError) as error:
        raise CorpusError(f"{source}: not a readable data set ({reason_of(error)})") from None


def _arrow_files(folder: Path) -> list[Path]:
    if not any(folder.rglob("dataset_info.json")):
        return []
    return sorted(
        path
        for path in folder.rglob("*.arrow")
        if path.is_file() and not path.name.startswith("cache-")
    )


def _parquet_files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*.parquet"))
        if path.is_file() and (_SHARD.fullmatch(path.stem) or is_hub_file(path))
    ]


def _split(path: Path, folder: Path) -> str:
    """Return which part of a data set a file holds: by its name, or by its folder's."""
    shard = _SHARD.fullmatch(path.stem)
    if shard:
        return shard[1]
    split = split_of(path.stem) or split_of(path.parent.name)
    return split or (path.parent.name if path.parent != folder else "all")


def _batches(
    files: Sequence[Path], folder: Path, names: dict[str, list[str]]
) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in files:
        split = _split(path, folder)
        if path.suffix == ".arrow":
            with pa.memory_map(str(path)) as source:
                for batch in pa.ipc.open_stream(source):
                    yield split, batch
            continue
        with pq.ParquetFile(path) as file:
            stored = (file.schema_arrow.metadata or {}).get(b"huggingface")
            if stored:
                features = json.loads(stored).get("info", {}).get("features", {})
                names.update(_class_names(features))
            for batch in file.iter_batches(256):
                yield split, batch


def _plain(feature: Any) -> Any:
    """Return a feature object as the dict that stands in ``dataset_info.json``."""
    names = getattr(feature, "names", None)
    return {"_type": "ClassLabel", "names": names} if names else {}


def _class_names(features: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of the classes of every class column."""
    return {
        column: list(feature["names"])
        for column, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    }


def _corpus(
    batches: Iterable[tuple[str, Any]],
    names: Mapping[str, list[str]],
    title: str,
    folder: Path,
    *,
    columns: str | Mapping[str, str] | None = None,
    language: str | None = None,
) -> Corpus:
    import pandas as pd

    chosen = dict((parse_columns(columns) if isinstance(columns, str) else columns) or {})
    store = cache_folder() / "audio"
    rows: list[dict[str, Any]] = []
    column = chosen.get("file")
    for split, batch in batches:
        column = column or _audio_column(batch.schema, title)
        if column not in batch.schema.names:
            present = ", ".join(batch.schema.names)
            raise UsageError(f"{title}: no column {column!r} for file; its columns are {present}")
        for row in batch.to_pylist():
            known = {key: value for key, value in row.items() if key != column}
            for key, labels in names.items():
                code = known.get(key)
                if isinstance(code, int):
                    known[key] = labels[code] if 0 <= code < len(labels) else None
            rows.append({**known, "file": _file(row[column], folder, store), "split": split})
    if not rows:
        raise CorpusError(f"{title}: the data set holds no rows")
    return from_frame(
        pd.DataFrame(rows),
        name=title,
        columns={**chosen, "file": "file"},
        language=language,
    )


def _audio_column(schema: Any, title: str) -> str:
    """Return the column that holds sound (bytes and path), or else one called so."""
    sound = [field.name for field in schema if _holds_sound(field)]
    usual = (name for name in schema.names if folded(name) in ("audio", "file", "path"))
    for column in (*sound, *usual):
        return column
    raise UsageError(f"{title}: which column holds the audio? say --columns file=COLUMN")


def _file(value: Any, folder: Path, store: Path) -> str | None:
    """Return a path for one audio value, writing embedded bytes to the cache; or nothing."""
    content = value.get("bytes") if isinstance(value, dict) else None
    path = value.get("path") if isinstance(value, dict) else value
    if not content and not path:
        return None
    if not content:
        place = Path(str(path))
        return str(place if place.is_absolute() else folder / place)
    digest = hashlib.sha256(content).hexdigest()
    suffix = Path(str(path or "")).suffix or ".wav"
    place = store / digest[:2] / f"{digest}{suffix}"
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        with atomic(place) as temporary:
            temporary.write_bytes(content)
    return str(place)
