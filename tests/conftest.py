from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from intona import corpora
from intona.cli import main
from intona.corpora import synthetic
from intona.corpora.base import Corpus
from intona.models import recipes
from intona.models.linear_model import LinearModel
from intona.models.linear_model import fit as fit_linear
from intona.models.task import Task
from intona.models.train import provenance, train

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


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no fixture, reads or fills the user's cache; all of a run share one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTONA_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


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


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of one layer, the narrowest that Whisper's form allows."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    from intona.models.encoders.whisper import WhisperEncoder

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("encoder") / "encoder.safetensors"
    save_file(WhisperEncoder(1, 64, 64).state_dict(), path)
    return path


@pytest.fixture(scope="session")
def tiny_recipe(tiny_encoder: Path) -> recipes.Recipe:
    """A committee on the tiny encoder that sees all views."""
    plan = recipes.load("encoder-lr")
    return replace(
        plan,
        front_end={**plan.front_end, "model": str(tiny_encoder), "layers": [1]},
        model={**plan.model, "committee": True},
        training={**plan.training, "views": {"plain": 1.0, "corpus": 1.0, "speaker": 1.0}},
    )


@pytest.fixture(scope="session")
def two_corpora(voices: Path) -> Corpus:
    """The synthetic voices as if the first two speakers were one corpus, the others another."""
    found = corpora.load(voices)
    first = found.table["speaker"].isin(found.speakers[:2])
    names = first.map({True: "one", False: "two"})
    return replace(found, name="one+two", table=found.table.assign(corpus=names))


@pytest.fixture(scope="session")
def tiny_fitted(two_corpora: Corpus, tiny_recipe: recipes.Recipe) -> LinearModel:
    """A committee of two corpora on the tiny encoder, in Python.

    The voices are told apart so plainly that nothing could be seen to change its answers: they are
    softened.
    """
    model = fit_linear(Task(tiny_recipe, two_corpora.table))
    low, high, *temperatures, moved = model.blend.values
    softer = (low, high, *(value + 3.0 for value in temperatures), moved)
    return replace(model, blend=replace(model.blend, values=softer))


@pytest.fixture(scope="session")
def tiny_adaptable(
    two_corpora: Corpus, tiny_fitted: LinearModel, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same as a model file that can be adapted."""
    facts: dict[str, Any] = {"version": "0", "name": "tiny", "seed": 0, "licence": "none"}
    facts["corpora"] = provenance(two_corpora.table)
    path = tmp_path_factory.mktemp("adaptable") / "tiny.onnx"
    return tiny_fitted.export(path, metadata=facts)


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
