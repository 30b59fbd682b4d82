from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona import corpora
from intona.cli import main
from intona.corpora import synthetic
from intona.models import recipes
from intona.models.train import train

# Some tests use onnxruntime without our hands in between; it reports to its maker otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def data_folder() -> Path | None:
    named = os.environ.get("INTONA_DATA")
    found = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    return found if found.is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real corpora; tests that need it skip without."""
    found = data_folder()
    if found is None:
        pytest.skip("no real corpora: set INTONA_DATA to the folder that holds them")
    return found


@pytest.fixture(scope="session")
def reference(data: Path) -> Path:
    """The folder of golden values that lies beside the corpora."""
    found = data.parent / "reference"
    if not found.is_dir():
        pytest.skip(f"no golden values: {found} does not exist")
    return found


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's cache; all tests of a run share one."""
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic corpus with RAVDESS names: 4 emotions, 4 speakers."""
    return synthetic.corpus(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="session")
def tiny_model(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that answers at once: classic features of the synthetic voices."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    train(recipes.load("classic-svm"), corpora.load(voices), path)
    return path


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def intona(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run the command line as a user would, without the cost of a new process."""

    def call(*words: object) -> Outcome:
        monkeypatch.setattr("sys.argv", ["intona", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def grow() -> Callable[[Path, Iterable[str]], Path]:
    """Write one short noise burst per name below a root, each another one; return the root."""

    def write(root: Path, names: Iterable[str]) -> Path:
        for seed, name in enumerate(names):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = 0.1 * np.random.default_rng(seed).standard_normal(400)
            kind = {".flac": "FLAC", ".opus": "OGG", ".ogg": "OGG"}.get(path.suffix, "WAV")
            subtype = "OPUS" if path.suffix == ".opus" else None
            soundfile.write(path, samples.astype("float32"), 8000, subtype=subtype, format=kind)
        return root

    return write
