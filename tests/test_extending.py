"""docs/extending.md and the example package, executed; and what must not be imported."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from intona import corpora, registry
from intona.errors import ModelError, PlugInError, RecipeError
from intona.features import front_end
from intona.inference.recognizer import load
from intona.models import recipes
from intona.models.identity import KEY
from intona.models.train import train

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "extending.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "plugin"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def install(site: Path, name: str, entries: dict[str, dict[str, str]]) -> None:
    """Write what pip writes of a package's entry points."""
    info = site / f"{name.replace('-', '_')}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    lines = []
    for group, named in entries.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in named.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages; modules of it are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    registry.plug_in.cache_clear()
    yield folder
    registry.plug_in.cache_clear()
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def example(site: Path) -> Path:
    """The example package, as if installed."""
    shutil.copytree(EXAMPLE / "intona_example", site / "intona_example")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    install(site, project["name"], project["entry-points"])
    return site


@pytest.fixture
def theatre(voices: Path, tmp_path: Path) -> Path:
    """Some voices, named as the corpus of the example package names them."""
    folder = tmp_path / "theatre"
    folder.mkdir()
    words = {"angry": "angry", "happy": "glad", "neutral": "plain", "sad": "low"}
    table = corpora.load(voices).table
    for number, ((file, *_), row) in enumerate(table.iterrows()):
        who = "abcd"[int(row["speaker"][-1]) % 4]
        name = f"{who * 3}_{words[row['emotion']]}_{number:02}.wav"
        shutil.copy(file, folder / name)
    return folder


def test_the_page_does_what_it_says(
    example: Path,
    theatre: Path,
    voices: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    intona: Callable,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "RAVDESS").symlink_to(voices)
    shutil.copy(next(voices.rglob("*.wav")), tmp_path / "clip.wav")
    said = {}
    for kind, text in BLOCKS:
        if not kind:
            for line in text.strip().splitlines():
                done = intona(*shlex.split(line.removeprefix("intona ")))
                assert done.code == 0, (line, done.err)
                said[line.removeprefix("intona ")] = done.out
        else:
            name, _, rest = text.removeprefix("# ").partition("\n")
            if name.startswith("examples/"):
                assert rest in (ROOT / name).read_text("utf-8"), name
            else:
                (tmp_path / name).write_text(text, "utf-8")
    assert (
        "front end loudness version 1 at 16000 Hz, of the package intona-example 0.1"
        in (said["info loud.onnx"])
    )
    assert said["predict clip.wav --model loud.onnx --format markdown"].startswith("| file |")
    evaluation = said["evaluate theatre/ --recipe loud.toml --protocol halves"]
    assert evaluation.startswith("loud on theatre: emotion (4 classes), 48 utterances, 4 speakers")
    assert "Two halves of the speakers" in evaluation


def test_a_model_on_a_plug_in_needs_its_package(
    example: Path, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, intona: Callable
) -> None:
    plan = recipes.Recipe("loud", {"name": "loudness"}, {"kind": "logistic"})
    train(plan, corpora.load(voices), tmp_path / "loud.onnx")
    clip = next(voices.rglob("*.wav"))
    assert load(tmp_path / "loud.onnx").predict(clip).emotion
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place != str(example)])
    registry.plug_in.cache_clear()
    done = intona("predict", clip, "--model", tmp_path / "loud.onnx")
    assert done.code == 1
    assert "needs the front end loudness, which is not installed: install the package " in done.err
    assert "intona-example 0.1" in done.err
    assert intona("info", tmp_path / "loud.onnx").code == 0


def _with_input(model: Path, out: Path, **changes: object) -> Path:
    """Write a model file whose metadata names another front end."""
    graph = onnx.load(model)
    (entry,) = [one for one in graph.metadata_props if one.key == KEY]
    metadata = json.loads(entry.value)
    metadata["input"] |= changes
    entry.value = json.dumps(metadata)
    onnx.save(graph, out)
    return out


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "trap:Trap", "parameters": {}},
        {"name": "joined", "parameters": {"parts": [{"name": "trap:Trap"}]}},
        {
            "name": "joined",
            "parameters": {"parts": [{"name": "joined", "parts": [{"name": "trap:T"}]}]},
        },
    ],
)
def test_a_file_never_has_a_path_imported(
    tiny_model: Path, site: Path, tmp_path: Path, changes: dict
) -> None:
    (site / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n")
    path = _with_input(tiny_model, tmp_path / "evil.onnx", **changes)
    with pytest.raises(ModelError, match="trap:T"):
        load(path)
    assert not (tmp_path / "sprung").exists()
    assert "trap" not in sys.modules


def test_a_recipe_inside_a_file_is_only_words(
    tiny_model: Path, site: Path, tmp_path: Path, intona: Callable
) -> None:
    (site / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n")
    graph = onnx.load(tiny_model)
    (entry,) = [one for one in graph.metadata_props if one.key == KEY]
    metadata = json.loads(entry.value)
    metadata["recipe"] |= {"front_end": {"name": "trap:T"}, "model": {"kind": "trap:T"}}
    entry.value = json.dumps(metadata)
    onnx.save(graph, tmp_path / "evil.onnx")
    assert intona("info", tmp_path / "evil.onnx").code == 0
    assert load(tmp_path / "evil.onnx").labels
    assert not (tmp_path / "sprung").exists()


def test_a_built_in_name_is_not_taken_over(site: Path) -> None:
    install(site, "greedy", {"intona.features": {"classic": "os:getcwd"}})
    assert len(front_end("classic").names) == 180


def test_two_packages_of_one_name_are_refused(site: Path) -> None:
    for name in ("one", "two"):
        install(site, name, {"intona.features": {"twin": "os:getcwd"}})
    with pytest.raises(PlugInError, match="registered by one and by two"):
        front_end("twin")


def test_a_broken_package_does_no_harm_where_it_is_not_asked(
    site: Path, voices: Path, tmp_path: Path, intona: Callable
) -> None:
    groups = ("features", "models", "corpora", "protocols", "transforms", "formats")
    install(site, "broken", {f"intona.{group}": {"bad": "not_there:Thing"} for group in groups})
    with pytest.warns(UserWarning, match="bad .intona.corpora. of the package broken cannot be"):
        assert corpora.load(voices).name == "ravdess"
    clip = next(voices.rglob("*.wav"))
    said = "of the package broken cannot be loaded: ModuleNotFoundError"
    recipe = tmp_path / "bad.toml"
    recipe.write_text('[front_end]\nname = "classic"\n[model]\nkind = "bad"\n')
    for words in (
        ("features", clip, "--front-end", "bad", "--out", tmp_path / "a.csv"),
        ("evaluate", voices, "--recipe", recipe, "--protocol", "speakers:2"),
        ("evaluate", voices, "--protocol", "bad:3"),
        ("predict", clip, "--format", "bad"),
        ("predict", clip, "--timeline", "--format", "bad"),
        ("corpus", "stats", voices, "--corpus", "bad"),
    ):
        done = intona(*words)
        assert done.code == 2, words
        assert said in done.err, words


BAD = {
    "Slow": ("names = ()", "return [1.0]", "has no names"),
    "Twice": ("names = ('a', 'a')", "return [1.0, 2.0]", "has a name twice"),
    "Loud": ("names = ('a',); rate = -1", "return [1.0]", "has a rate that is neither"),
    "Long": (
        "names = ('a',)",
        "return [1.0, 2.0]",
        "gave numbers of shape (2,), and it has 1 names",
    ),
    "Nan": ("names = ('a',)", "return [float('nan')]", "gave numbers that are not finite"),
    "Falls": ("names = ('a',)", "return 1 / 0", "failed (ZeroDivisionError: division by zero)"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_front_end_is_held_to_its_promise(
    site: Path, voices: Path, tmp_path: Path, intona: Callable, name: str
) -> None:
    facts, returns, sentence = BAD[name]
    text = f"class {name}:\n    {facts}\n    def __call__(self, x, rate):\n        {returns}\n"
    (site / f"bad_{name.lower()}.py").write_text(text)
    recipe = tmp_path / "bad.toml"
    path = f"bad_{name.lower()}:{name}"
    recipe.write_text(f'[front_end]\nname = "{path}"\n[model]\nkind = "logistic"\n')
    done = intona("evaluate", voices, "--recipe", recipe, "--protocol", "speakers:2")
    assert done.code in (1, 2)
    assert sentence in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_one_bad_recording_is_one_row(site: Path, tmp_path: Path, intona: Callable) -> None:
    (site / "picky.py").write_text(
        "class Picky:\n    names = ('peak',)\n    def __call__(self, x, rate):\n"
        "        return [1 / round(float(abs(x).max()) - 0.5, 3)]\n"
    )
    for name, peak in (("a", 0.25), ("b", 0.5), ("c", 0.75)):
        soundfile.write(tmp_path / f"{name}.wav", np.tile([peak, -peak], 8000), 16_000, "FLOAT")
    out = tmp_path / "table.csv"
    done = intona("features", tmp_path, "--front-end", "picky:Picky", "--out", out)
    assert done.code == 1
    assert len(out.read_text().splitlines()) == 3
    assert "b.wav: the front end picky:Picky failed (ZeroDivisionError" in done.err


def test_changed_source_is_computed_anew(
    site: Path, voices: Path, tmp_path: Path, intona: Callable
) -> None:
    clip = next(voices.rglob("*.wav"))
    found = []
    for value in (1.0, 2.0):
        text = f"    names = ('v',)\n    def __call__(self, x, rate):\n        return [{value}]\n"
        (site / "fickle.py").write_text(f"class One:\n{text}")
        sys.modules.pop("fickle", None)
        shutil.rmtree(site / "__pycache__", ignore_errors=True)
        out = tmp_path / "t.csv"
        assert intona("features", clip, "--front-end", "fickle:One", "--out", out).code == 0
        found.append(float(out.read_text().splitlines()[1].rpartition(",")[2]))
    assert found == [1.0, 2.0]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"name": "clasic"}, r"no front end 'clasic' \(did you mean classic\?\)"),
        ({"name": "classic", "n_mffc": 20}, r"does not take n_mffc"),
        ({"name": "nowhere_at_all:X"}, "there is no module nowhere_at_all: install its package"),
        ({"name": "os:nope"}, "has no attribute 'nope'"),
        ({"name": "os:sep"}, "neither a class nor a function"),
        ({"name": ":X"}, "write module:Class"),
    ],
)
def test_unknown_front_ends_are_explained(settings: dict, sentence: str) -> None:
    from intona.features import of_recipe

    with pytest.raises((RecipeError, PlugInError), match=sentence):
        of_recipe(settings)
