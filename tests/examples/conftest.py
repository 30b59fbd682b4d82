"""Examples are imported from their files, their hosts replaced by stubs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from intona.corpora import synthetic

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SimpleNamespace]:
    """Return what an example defines, with modules of its host as given: name to attributes."""

    def run(path: str, **hosts: dict[str, Any]) -> SimpleNamespace:
        for name, attributes in hosts.items():
            dotted = name.replace("__", ".")
            for end in range(1, dotted.count(".") + 2):
                part = ".".join(dotted.split(".")[:end])
                if part not in sys.modules or part == dotted:
                    monkeypatch.setitem(sys.modules, part, ModuleType(part))
            vars(sys.modules[dotted]).update(attributes)
        return SimpleNamespace(**run_path(str(EXAMPLES / path)))

    return run


@pytest.fixture
def turn() -> tuple[np.ndarray, int]:
    """What a user says: 16 bit, two channels."""
    audio = synthetic.utterance("happy", 3)
    mono = (audio.samples * 32767).astype(np.int16)
    return np.stack([mono, mono], axis=1), audio.rate
