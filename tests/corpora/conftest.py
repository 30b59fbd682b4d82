from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 8000


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
