from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 8000


@pytest.fixture
def real() -> Path:
    """The folder with real corpora; skips where there is none."""
    for candidate in (os.environ.get("INTONA_DATA"), "../shared/data"):
        if candidate and (Path(candidate) / "ravdess").is_dir():
            return Path(candidate)
    pytest.skip("no real corpora: set INTONA_DATA to the folder that holds ravdess/, emodb/, ...")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def grow() -> Callable[[Path, Iterable[str]], Path]:
    """Write one short noise burst per name below a root, each another one; return the root."""

    def write(root: Path, names: Iterable[str]) -> Path:
        for seed, name in enumerate(names):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = 0.1 * np.random.default_rng(seed).standard_normal(RATE // 20)
            kind = {".flac": "FLAC", ".opus": "OGG", ".ogg": "OGG"}.get(path.suffix, "WAV")
            subtype = "OPUS" if path.suffix == ".opus" else None
            soundfile.write(path, samples.astype("float32"), RATE, subtype=subtype, format=kind)
        return root

    return write
