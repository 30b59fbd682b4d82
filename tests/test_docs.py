"""Every code block of README and docs runs, or says why not; every command is at least parsed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
import typer.main

import stand_ins
from intona.cli import build

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>.+?) -->\n+)?^```(?P<kind>\w*)\n(?P<code>.*?)^```", re.S | re.M
)
DATA = {"toml", "ini", "sql", "mermaid", "json", "cpp", "xml"}  # shown, not run
ELSEWHERE = {"js"}  # run by tests/test_js.py

# Names that a page's code takes for granted.
GIVEN: dict[str, Callable[[], Any]] = {
    "samples": lambda: stand_ins.synthetic.utterance("happy", 3).samples,
    "blocks": lambda: np.array_split(
        stand_ins.synthetic.utterance("sad", 3, rate=48_000).samples, 9
    ),
}

# Commands that are parsed and not run: what is in them, and why.
NOT_RUN = {
    r"\[": "brackets stand for options that may be left out",
    r"RECIPE": "a word stands for others",
    r"^intona listen": "needs a microphone, or a program that pipes; tests/cli/test_listen.py",
    r"^intona serve": "runs until it is stopped; tests/server",
    r"corpus get": "downloads; tests/corpora",
    r"--engine ray": "needs a cluster; tests/parallel",
    r"predict - ": "what is piped in comes from another program",
    r"--recipe (default|encoder-lr|open)": "needs the weights of Whisper",
    r"--recipe compare-|--recipe light": "takes minutes",
    r"--controls": "takes minutes",
    r"fearful,disgust": "the stand-ins have four emotions",
    r"--target intensity": "the stand-ins have one intensity",
    r"^intona audit": "a whole audit takes minutes; tests/audit",
    r"evaluate model.onnx EMODB/ --adapt": "the bundled ones know EmoDB: refused as a leak",
    r"explain .* --check": "takes minutes; tests/explain",
    r"mine:judge|hf:|answers\.csv": "needs recognisers of others; tests/evaluation/test_judged.py",
    r"^intona push (?!.*--into)": "writes to the hub; tests/models/test_hub.py",
    r"evaluate open.onnx RAVDESS": "the stand-in for RAVDESS has nothing calm",
    r"/shared/": "a folder of another machine",
}
NOT_OURS = re.compile(r"^(pip|python|pytest|npm|npx|curl|ffmpeg|arecord|\$|\{|INTONA_TOKEN=)")


@dataclass(frozen=True)
class Block:
    kind: str
    code: str
    why: str | None

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block, without comments."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [" ".join(re.sub(r"(^|\s+)#.*", "", line).split()) for line in lines if line.strip()]


def blocks(page: Path) -> list[Block]:
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [Block(one["kind"], one["code"], one["why"]) for one in found]


def ours(command: str) -> bool:
    return not NOT_OURS.search(command)


def reason(command: str) -> str | None:
    return next((why for words, why in NOT_RUN.items() if re.search(words, command)), None)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_ins.build(tmp_path_factory.mktemp("world"))


@pytest.fixture
def here(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all stand-ins, in which a page may write what it likes."""
    for entry in world.iterdir():
        if entry.name.startswith(("report", "run_")):
            shutil.copytree(entry, tmp_path / entry.name)
        else:
            (tmp_path / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path


def test_every_kind_of_block_is_known():
    kinds = {block.kind for page in PAGES for block in blocks(page)}
    assert kinds <= {"", "python", *DATA, *ELSEWHERE}
    assert sum(len(blocks(page)) for page in PAGES) == sum(
        len(re.findall(r"^```", page.read_text("utf-8"), re.M)) // 2 for page in PAGES
    )


def test_every_reason_is_still_needed():
    commands = {
        line
        for page in PAGES
        for block in blocks(page)
        for line in block.commands
        if block.kind == ""
    }
    for words in NOT_RUN:
        assert any(re.search(words, command) for command in commands), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_is_one(page: Path):
    for block in blocks(page):
        for command in block.commands if block.kind == "" else ():
            if ours(command) and "[" not in command:
                _parse(command)


def _parse(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "intona", command
    found: Any = typer.main.get_command(build(words[1]))
    rest = words[1:]
    while hasattr(found, "commands"):  # a group; its class is click's or typer's own, by version
        found, rest = found.commands[rest[0]], rest[1:]
    values = {"RECIPE": "classic", "PROTOCOL": "loso"}
    found.make_context(words[1], [values.get(word, word) for word in rest])


def test_a_command_that_is_none_is_noticed():
    for wrong in (
        "intona evaluate own/ --owt x",
        "intona corpus gett ravdess",
        "intona predcit a.wav",
    ):
        with pytest.raises(Exception, match=r"owt|gett|predcit"):
            _parse(wrong)


SLOW = {"audit", "python", "tutorial"}
PYTHON = [
    pytest.param(page, id=page.stem, marks=[pytest.mark.slow] if page.stem in SLOW else [])
    for page in PAGES
    if any(block.kind == "python" for block in blocks(page))
]


@pytest.mark.parametrize("page", PYTHON)
def test_python_blocks_run(page: Path, here: Path, intona: Callable):
    if page.stem == "artefact":  # is about models that take waveforms
        (here / "model.onnx").unlink()
        (here / "model.onnx").symlink_to(ROOT / "src" / "intona" / "assets" / "small.onnx")
        (here / "silero.onnx").symlink_to(ROOT / "js" / "silero.onnx")
    if page.stem == "tutorial":  # has nothing but what it makes
        for entry in here.iterdir():
            shutil.rmtree(entry) if entry.name.startswith(("report", "run_")) else entry.unlink()
    if page.stem == "enrolment":  # what its shell blocks made before
        assert intona("enroll", "me", "--speech", "mixed", "--from", "talk.wav").code == 0
    space = {name: value() for name, value in GIVEN.items()}
    for block in blocks(page):
        if block.kind == "python" and block.why is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                exec(compile(block.code, str(page), "exec"), space)


SHELL = sorted(
    {
        line
        for page in PAGES
        for block in blocks(page)
        if block.kind == "" and block.why is None
        for line in block.commands
        if ours(line) and reason(line) is None
    }
)


@pytest.mark.slow
@pytest.mark.parametrize("command", SHELL)
def test_commands_run(command: str, here: Path, intona: Callable):
    words = shlex.split(re.sub(r"--workers \d+", "--workers 2", command))
    if "--profile" in words:
        assert intona("enroll", "me", "--speech", "mixed", "--from", "talk.wav").code == 0
    done = intona(*words[1:])
    assert done.code == 0, done.err
    if "--out" in words:
        assert Path(words[words.index("--out") + 1]).exists()


def test_the_notebook_is_the_page():
    made = run_path(str(ROOT / "scripts" / "notebook.py"))
    page = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    kept = (ROOT / "examples" / "tutorial.ipynb").read_text("utf-8")
    assert kept == made["notebook"](page), "run: python scripts/notebook.py"
    cells = json.loads(kept)["cells"]
    code = "\n".join("".join(one["source"]) for one in cells if one["cell_type"] == "code")
    for block in blocks(ROOT / "docs" / "tutorial.md"):
        assert block.kind != "python" or block.code.strip() in code


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path):
    nbclient = pytest.importorskip("nbclient", reason="the notebook runs with nbclient")
    nbformat = pytest.importorskip("nbformat", reason="the notebook runs with nbformat")
    pytest.importorskip("ipykernel", reason="the notebook runs with ipykernel")
    notebook = nbformat.read(ROOT / "examples" / "tutorial.ipynb", as_version=4)
    nbformat.validate(notebook)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbclient.NotebookClient(
            notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    pages = "".join(output.get("data", {}).get("text/html", "") for output in shown)
    for words in ("LEAKY: ", "Leave", "<b>ravdess: 54 utterances", "Recognizer model.onnx"):
        assert words in pages, words
    assert any("image/png" in output.get("data", {}) for output in shown)
    assert os.path.exists(tmp_path / "model.onnx")


_PROGRAM = re.compile(r"(?<![\w/])((?:tests|benchmarks|scripts)/[\w/]+\.py)")


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "src/intona/assets/MODEL_CARD.md"], ids=lambda page: page.stem
)
def test_programs_that_are_named_are_there(page: Path):
    named = set(_PROGRAM.findall(page.read_text("utf-8")))
    assert [one for one in sorted(named) if not (ROOT / one).is_file()] == []
