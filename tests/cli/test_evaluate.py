from __future__ import annotations

import json
from inspect import signature

import pytest
import soundfile

from intona.cli.evaluate import GOES_WITH, MODEL, RECIPE, refuse_pairs, run
from intona.corpora import synthetic
from intona.errors import UsageError


@pytest.fixture(scope="module")
def reports(voices, tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


def test_evaluate_then_compare(intona, voices, reports):
    done = intona("evaluate", voices, "-r", "classic-svm", "-p", "loso", "--report", reports / "a")
    assert done.code == 0, done.err
    for expected in ("UAR", "WAR", "macro F1", "recall", "confusion", "limitation: 2 of 2"):
        assert expected in done.out
    for name in ("evaluation.json", "predictions.parquet", "report.html", "confusion.png"):
        assert (reports / "a" / name).is_file()
    assert intona("evaluate", voices, "-r", "classic-svm", "-p", "loso", "--model-seeds", "0-1",
                  "--report", reports / "b").code == 0  # fmt: skip
    compared = intona("compare", reports / "a", reports / "b", "--json")
    assert compared.code == 0, compared.err
    assert json.loads(compared.out)["pairs"][0]["difference"]["value"] == 0.0
    plain = intona("compare", reports / "a", reports / "b", "--out", reports / "c")
    assert "p Wilcoxon" in plain.out
    assert (reports / "c" / "comparison.png").is_file()


def test_random_says_leaky_and_why(intona, voices, tmp_path):
    done = intona("evaluate", voices, "-r", "classic-svm", "-p", "random:0.25", "--seed", 9,
                  "--report", tmp_path)  # fmt: skip
    assert done.out.startswith("LEAKY: a random split puts the same speakers")
    assert "LEAKY" in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "evaluation.json").read_text())["leaky"] is True


def test_a_finished_model(intona, voices, tmp_path):
    model = tmp_path / "m.onnx"
    assert intona("train", voices, "-r", "classic-svm", "--out", model).code == 0
    refused = intona("evaluate", model, voices)
    assert refused.code == 1
    assert "trained on 4 of the speakers under test" in refused.err
    assert intona("evaluate", model, voices, "--allow-leaks").out.startswith("LEAKY")
    assert intona("evaluate", model).code == 2


def test_normalising_by_speaker_says_transductive(intona, voices):
    done = intona("evaluate", voices, "-r", "classic-svm", "-p", "loso", "--normalise", "speaker")
    assert done.code == 0, done.err
    assert done.out.startswith("TRANSDUCTIVE: ")
    wrong = intona("evaluate", voices, "-r", "classic-svm", "-p", "loso", "--normalise", "mood")
    assert wrong.code != 0
    assert 'write normalise = "speaker"' in wrong.err


def test_several_targets_one_after_the_other(intona, tmp_path):
    rows = ["file,emotion,speaker,arousal,valence"]
    for number in range(12):
        emotion, speaker = ("happy", "sad", "angry")[number % 3], number // 3
        sound = synthetic.utterance(emotion, speaker, number)
        soundfile.write(tmp_path / f"{number}.wav", sound.samples, sound.rate)
        rows.append(f"{number}.wav,{emotion},s{speaker},{number % 3 / 2},{number % 4 / 3}")
    (tmp_path / "t.csv").write_text("\n".join(rows), "utf-8")
    done = intona("evaluate", tmp_path / "t.csv", "-r", "classic-svm", "-p", "speakers:2",
                  "--target", "arousal, valence", "--report", tmp_path / "report")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.count("CCC") == 2
    for target in ("arousal", "valence"):
        stored = json.loads((tmp_path / "report" / target / "evaluation.json").read_text("utf-8"))
        assert stored["target"] == target
    missing = intona("evaluate", tmp_path / "t.csv", "-r", "classic-svm", "-p", "speakers:2",
                     "--target", "arousal,joy")  # fmt: skip
    assert missing.code != 0
    assert "joy" in missing.err


def test_numbers(intona, voices):
    words = "neutral=1,happy=2,sad=0,angry=3"
    done = intona("evaluate", voices, "-r", "classic-svm", "-p", "loso", "--numbers", words)
    assert done.code == 0, done.err
    assert "CCC" in done.out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--protocol", "kfold"], 2, "cannot read the protocol 'kfold'"),
        (["--protocol", "speakers:9"], 1, "needs at least 9 speakers"),
        (["--protocol", "file:none.csv"], 2, "cannot read the folds"),
        (["--model-seeds", "x"], 2, "cannot read the seeds"),
        (["--recipe", "none"], 2, "no recipe 'none'"),
        (["--emotions", "proud"], 2, "proud not in the corpus"),
        (["--target", "arousal"], 1, "no column 'arousal'"),
        (["--numbers", "happy"], 2, "word=number"),
        (["--numbers", "proud=1"], 1, "proud does not occur"),
        (["--report", "/dev/null/x"], 2, "cannot make the folder"),
        (["--report", "x", "--explain"], 2, "goes with a finished model"),
    ],
)
def test_bad_options(intona, voices, words, code, message):
    done = intona("evaluate", voices, *words)
    assert (done.code, message in done.err) == (code, True), done.err


def test_compare_needs_evaluations(intona, tmp_path):
    done = intona("compare", tmp_path, tmp_path / "none")
    assert done.code == 2
    assert "holds no evaluation" in done.err


@pytest.mark.parametrize(
    ("way", "given", "message"),
    [
        (MODEL, ["--normalise"], "--normalise goes with a recipe, not with a finished model"),
        (MODEL, ["--report", "--explain", "--model-seeds"], "--model-seeds goes with a recipe"),
        (MODEL, ["--explain"], "--explain goes with a finished model and --report$"),
        (RECIPE, ["--explain", "--report"], "and --report, not with a recipe"),
    ],
)
def test_options_that_do_not_go_together(way, given, message):
    with pytest.raises(UsageError, match=message):
        refuse_pairs(way, given)


def test_options_that_go_together():
    refuse_pairs(MODEL, ["--report", "--explain", "--enrol", "--merge", "--workers"])
    refuse_pairs(RECIPE, [option for option in GOES_WITH if option != "--explain"])


def test_every_option_of_the_table_exists():
    written = {f"--{name.replace('_', '-')}" for name in signature(run).parameters}
    assert {*GOES_WITH, *(n for needs in GOES_WITH.values() for n in needs)} <= {
        *written,
        RECIPE,
        MODEL,
    }


@pytest.mark.parametrize(
    "words",
    [["-r", "classic"], ["-p", "loso"], ["--model-seeds", "0"], ["--controls"], ["--extra", "x"]],
)
def test_what_a_finished_model_has_no_use_for_is_refused(intona, tmp_path, words):
    done = intona("evaluate", tmp_path / "m.onnx", tmp_path, *words)
    assert done.code == 2
    assert "goes with a recipe, not with a finished model" in done.err
