"""A process that may have little memory says so soon, whatever it was asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona.errors import IntonaError
from intona.memory import is_lack_of_memory, require_room

resource = pytest.importorskip("resource", reason="limits of memory are of Unix")
if not sys.platform.startswith("linux"):
    pytest.skip("RLIMIT_AS holds on Linux alone", allow_module_level=True)

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_{kind}, ({mib} << 20,) * 2)
from intona.cli import main
main()
"""


def limited(mib: int, *words: str | Path, kind: str = "AS") -> subprocess.CompletedProcess[str]:
    """Run a verb; one that hangs has to be killed, and fails the test by TimeoutExpired."""
    return subprocess.run(
        [sys.executable, "-c", LIMITED.format(mib=mib, kind=kind), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for number in range(8):
        path = folder / ("sad" if number % 2 else "angry") / f"speaker0{number % 4}_{number}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, rng.standard_normal(8000) / 9, 8000)
    return folder


# With 70 and 85 MiB numpy hung, with the others scipy or the first product of either.
@pytest.mark.parametrize("kind", ["AS", "DATA"])
@pytest.mark.parametrize("mib", [70, 85, 130])
def test_predict_without_memory_ends(corpus: Path, mib: int, kind: str) -> None:
    done = limited(mib, "predict", corpus / "sad" / "speaker01_1.wav", kind=kind)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "memory" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("mib", "verb"),
    [(300, "train"), (390, "train"), (635, "train"), (390, "features"), (635, "evaluate"),
     (390, "evaluate")],
)  # fmt: skip
def test_training_without_memory_ends(tmp_path: Path, corpus: Path, mib: int, verb: str) -> None:
    rest = {
        "train": ["--recipe", "classic", "--out", tmp_path / "m.onnx"],
        "features": ["--out", tmp_path / "f.csv"],
        "evaluate": ["--recipe", "classic", "--protocol", "random:0.5", "--allow-leaks"],
    }
    done = limited(mib, verb, corpus, *rest[verb])
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 0 or ("error: " in last and "memory" in last)
    assert "Traceback" not in done.stderr
    if mib < 400:
        assert done.returncode == 1
        assert last.startswith(f"error: intona {verb} needs at least 448 MiB of memory more")
        assert not (tmp_path / "m.onnx").exists()


def test_room_is_looked_for_and_not_taken() -> None:
    for _ in range(3):
        require_room("this", 64)
    with pytest.raises(IntonaError, match="this needs at least 1099511627776 MiB of memory more"):
        require_room("this", 1 << 40)


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (OSError(12, "Cannot allocate memory"), True),
        (OSError(2, "No such file"), False),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("something else"), False),
        (ImportError("a.so: cannot open shared object file"), False),
    ],
)
def test_what_lacks_memory_is_known(error: Exception, short: bool) -> None:
    assert is_lack_of_memory(error) is short
    outer = ValueError("because")
    outer.__cause__ = error
    assert is_lack_of_memory(outer) is short
