"""What is released: one version everywhere, and packages that work where they are installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from intona._version import __version__

ROOT = Path(__file__).parents[1]


def test_the_version_is_the_same_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [__version__]
    deposit = json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    assert deposit["version"] == __version__
    assert f"license: {deposit['license']}" in citation
    assert json.dumps(deposit["title"]) in citation
    for creator in deposit["creators"]:
        assert f"- name: {creator['name']}" in citation


def run(words: Sequence[str | Path], folder: Path, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **more},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of this tree."""
    pytest.importorskip("hatchling", reason="it builds the packages: pip install hatchling")
    place = tmp_path_factory.mktemp("built")
    tree = place / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a checkout: what belongs to the packages is not known")
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    run(["-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", place], tree)
    return place


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_packages_are_whole_and_work_where_they_are_installed(
    built: Path, tmp_path: Path, kind: str
) -> None:
    (package,) = built.glob(kind)
    assert __version__ in package.name
    if kind == "*.whl":
        with zipfile.ZipFile(package) as opened:
            names = opened.namelist()
        assert all(name.startswith(("intona/", f"intona-{__version__}")) for name in names)
    else:
        with tarfile.open(package) as opened:
            names = [name.partition("/")[2].removeprefix("src/") for name in opened.getnames()]
        assert {"README.md", "LICENSE", "pyproject.toml"} <= set(names)
    wanted = ("default.onnx", "small.onnx", "versions.json", "MODEL_CARD.md", "SILERO_LICENSE")
    assert {f"intona/assets/{name}" for name in wanted} <= set(names)
    assert "intona/server/page/index.html" in names
    assert "intona/py.typed" in names
    place = tmp_path / "installed"
    quiet = ["-q", "--no-deps", "--no-build-isolation", "--no-index", "--target", place]
    run(["-m", "pip", "install", *quiet, package], tmp_path)
    where = {"PYTHONPATH": str(place)}
    home = run(["-c", "import intona; print(intona.__file__)"], tmp_path, **where)
    assert Path(home.strip()).is_relative_to(place)
    voices = place / "intona" / "assets"
    said = run(["-m", "intona", "predict", voices, "--format", "json"], tmp_path, **where)
    rows = json.loads(said)
    assert len(rows) == 3
    assert all(row["model"]["name"] == "default" and row["model"]["version"] for row in rows)
    assert run(["-m", "intona", "--version"], tmp_path, **where) == f"intona {__version__}\n"
