"""The light core: what works with the base alone, and what the rest says it needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from intona.errors import MissingExtraError
from intona.extras import PACKAGES, TRAINING, lacking
from intona.models.artefact import bundled

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LARGEST = 350e6  # bytes, issue 20
ASSETS = bundled().parent
VOICE = str(ASSETS / "voice-1.flac")

# Runs many command lines in one process in which some modules are not installed.
PROGRAM = """
import contextlib, io, json, sys, traceback
blocked, lines = map(json.loads, sys.argv[1:])
sys.modules.update(dict.fromkeys(blocked))
from intona import cli
found = []
for words in lines:
    sys.argv = ["intona", *words]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as left:
            code = left.code or 0
        except BaseException:
            traceback.print_exc()
            code = "crash"
    found.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(found))
"""


def run(lines: list[list[str]], blocked: set[str], folder: Path) -> list[tuple[int, str, str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(sorted(blocked)), json.dumps(lines)],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


def test_the_base_does_what_it_says(tmp_path: Path) -> None:
    timelines = ["text", "json", "jsonl", "csv", "vtt", "srt", "textgrid", "audacity", "rttm"]
    lines = [
        ["predict", VOICE],
        ["predict", str(ASSETS), "--format", "csv", "--out", "all.csv"],
        ["predict", str(ASSETS), "--format", "json", "--adapt", "--model", "small"],
        *(["predict", VOICE, "--timeline", "--format", name] for name in timelines),
        ["explain", VOICE, "--model", "small"],
        ["explain", VOICE, "--model", "small", "--json"],
        ["enroll", "me", "--from", str(ASSETS), "--out", "me.json"],
        ["predict", VOICE, "--profile", "me.json"],
        ["info"],
        ["info", "--json"],
        ["models"],
        ["recipes"],
        ["protocols"],
        ["front-ends"],
        ["corpus", "list"],
        ["corpus", "info", "ravdess"],
        *([verb, "--help"] for verb in ("train", "evaluate", "compare", "audit", "serve")),
    ]
    for words, (code, out, err) in zip(lines, run(lines, set(PACKAGES), tmp_path), strict=True):
        assert (code, err) == (0, ""), (words, err)
        assert out or "--out" in words, words
    assert (tmp_path / "all.csv").read_text().count("voice-") == 3


def test_what_needs_more_says_what_in_one_sentence(tmp_path: Path) -> None:
    place = str(tmp_path / "t.parquet")
    wanted = {
        ("predict", VOICE, "--out", place): "parquet",
        ("predict", VOICE, "--out", place, "--workers", "2"): "parquet",
        ("predict", VOICE, "--timeline", "--out", place): "parquet",
        ("predict", VOICE, "--timeline", "--format", "audformat", "--out", "db"): "parquet",
        ("predict", VOICE, "--plot", "a.png"): "plot",
        ("explain", VOICE, "--plot", "a.png"): "plot",
        ("listen",): "mic",
        ("listen", "--devices"): "mic",
        ("enroll", "me", "--microphone", "3"): "mic",
        ("train", str(ASSETS)): "train",
        ("evaluate", str(ASSETS), "--recipe", "classic"): "train",
        ("evaluate", "default", str(ASSETS)): "train",
        ("compare", "a", "b"): "train",
        ("audit", "default", str(ASSETS)): "train",
        ("features", VOICE, "--out", "f.csv"): "train",
        ("corpus", "get", "ravdess"): "train",
        ("corpus", "check", str(ASSETS)): "train",
        ("corpus", "stats", str(ASSETS)): "train",
        ("explain", VOICE, "--model", "hf:some/name"): "hub",
        ("serve", "--port", "0"): "server",
        ("push", "org/name"): "hub",
    }
    lines = [list(words) for words in wanted]
    for words, (code, _, err) in zip(lines, run(lines, set(PACKAGES), tmp_path), strict=True):
        assert code == 2, (words, err)
        assert err.count("\n") == 1, (words, err)
        assert re.fullmatch(r"error: .* needs more packages: pip install [\w -]+, or .*\n", err)
        extra = wanted[tuple(words)]
        assert err.endswith(f'in a clone of intona pip install -e ".[{extra}]"\n'), (words, err)
    assert not list(tmp_path.iterdir())


def test_only_what_lacks_is_asked_for(tmp_path: Path) -> None:
    lines = [["train", str(ASSETS)]]
    ((code, _, err),) = run(lines, {"skl2onnx"}, tmp_path)
    assert code == 2
    assert "pip install skl2onnx, or" in err


def test_in_python_the_error_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import intona

    for name in TRAINING:
        monkeypatch.setitem(sys.modules, name, None)
    model = intona.load("small")
    assert model.predict(VOICE).status in ("ok", "unsure")
    asked = {
        "read_corpus": lambda: intona.read_corpus(ASSETS),
        "train": lambda: intona.train("classic", ASSETS),
        "evaluate": lambda: intona.evaluate("classic", ASSETS),
        "compare": lambda: intona.compare("a", "b"),
        "timeline": lambda: model.timeline(VOICE),
        "many": lambda: model.predict([VOICE]),
    }
    for call in asked.values():
        with pytest.raises(MissingExtraError, match=r'in a clone of intona pip install -e "\.\['):
            call()


def test_every_package_is_brought_by_the_extra_that_is_named() -> None:
    brought = {
        extra: {Requirement(line).name.lower() for line in lines}
        for extra, lines in PROJECT["optional-dependencies"].items()
    }
    for module, (package, extra) in PACKAGES.items():
        names = brought[extra]
        assert package.lower() in names or module == "starlette", module
    assert "train" in re.split(r"\W", PROJECT["optional-dependencies"]["dev"][0])
    whole = set(re.findall(r"\w+", PROJECT["optional-dependencies"]["all"][0]))
    assert {extra for _, extra in PACKAGES.values()} - {"plot", "parquet"} <= whole
    assert str(lacking("x", *TRAINING)).endswith('".[train]"')


def test_the_base_is_small() -> None:
    """A floor of what is installed: the files of the base's packages, without compiled Python."""
    found: dict[str, int] = {}
    waiting = [Requirement(line).name for line in PROJECT["dependencies"]]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        dist = distribution(name)
        found[name] = sum(file.size or 0 for file in dist.files or [])
        needs = [Requirement(line) for line in dist.requires or []]
        waiting += [
            one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})
        ]
    own = sum(file.stat().st_size for file in (ROOT / "src").rglob("*") if file.is_file())
    assert not {"pandas", "scipy", "scikit-learn", "torch", "onnx", "matplotlib"} & found.keys()
    assert found["numpy"] > 1e6
    assert sum(found.values()) + own < LARGEST
