"""Recognisers of others in `intona evaluate`, `compare`, `audit` and `explain`, from outside."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

from intona import corpora
from intona.corpora import synthetic
from intona.evaluation import evaluate_model
from intona.evaluation.result import Evaluation

DOCS = Path(__file__).parents[2] / "docs"
# It reads the truth of the synthetic voices off their level, so that every number is known.
LEVEL = """
def judge(signal, rate):
    loud = min(4.0 * float(signal.std()), 1.0)
    return {"Anger": loud, "Neutrality": 1.0 - loud}

def fails(signal, rate):
    if signal.std() > 0.125:
        raise RuntimeError("too loud")
    return judge(signal, rate)

def silent(signal, rate):
    return None

silent.labels = ["angry", "neutral"]
"""


@pytest.fixture
def here(voices, tmp_path, monkeypatch):
    """A working folder with the functions above and the corpus V."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "levels.py").write_text(LEVEL)
    (tmp_path / "V").symlink_to(voices)
    yield tmp_path
    sys.modules.pop("levels", None)


def test_a_function_is_evaluated(here, intona):
    done = intona("evaluate", "levels:judge", "V", "--report", "r")
    assert done.code == 0, done.err
    assert done.out.startswith("levels:judge on ravdess: emotion (2 classes), 24 utterances")
    assert "labels were read as ours: Anger as angry, Neutrality as neutral" in done.out
    assert "happy        -> (the model does not know it: left out)" in done.out
    assert "unknown: it does not say what it was trained on" in done.out
    assert "nothing found" not in done.out
    result = Evaluation.load("r")
    assert result.headline.value == 1.0
    assert result.facts.model == {"file": "levels:judge", "made_by": "others"}
    assert result.facts.answers == {"angry": "angry", "neutral": "neutral"}
    for (file, _, _), row in result.predictions.iterrows():
        samples, _ = __import__("soundfile").read(file)
        assert row["angry"] == pytest.approx(min(4 * samples.std(), 1), abs=1e-4)
    assert "Recipe levels:judge" in Path("r/report.html").read_text()


@pytest.mark.slow
def test_worker_processes_find_the_function_too(here, intona):
    assert intona("evaluate", "levels:judge", "V", "--report", "one").code == 0
    assert intona("evaluate", "levels:judge", "V", "--workers", 2, "--report", "two").code == 0
    one, two = (Evaluation.load(name).predictions for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)


def test_labels_without_a_meaning_are_renamed(here, intona):
    (here / "levels.py").write_text(
        LEVEL + "def numbered(signal, rate):\n"
        "    return dict(zip(['LABEL_0', 'LABEL_1'], judge(signal, rate).values()))\n"
    )
    done = intona("evaluate", "levels:numbered", "V")
    assert done.code == 1
    assert "the model knows label_0, label_1, the corpus has neutral" in done.err
    assert "--merge old=new" in done.err
    done = intona("evaluate", "levels:numbered", "V", "--merge", "LABEL_0=angry,label_1=neutral")
    assert re.search(r"UAR +100.0 %", done.out), done.err


def test_a_failure_stops_or_counts_as_wrong(here, intona):
    done = intona("evaluate", "levels:fails", "V")
    assert done.code == 1
    assert re.fullmatch(
        r"error: V\S+\.wav: levels:fails failed with RuntimeError: too loud .*\n",
        done.err,
    )
    done = intona("evaluate", "levels:fails", "V", "--skip-bad", "--report", "r")
    assert done.code == 0, done.err
    result = Evaluation.load("r")
    failed = (result.predictions["status"] == "no_speech").sum()
    assert failed > 0
    assert f"At {failed} of these it failed, first: V" in done.out
    right = (result.predictions["truth"] == result.predictions["emotion"]).mean()
    assert right == 1 - failed / 24
    silent = intona("evaluate", "levels:silent", "V")
    assert "In 24 of 24 utterances it finds no speech: that counts as wrong" in silent.out


def test_a_table_of_our_answers_gives_the_numbers_of_the_model(here, intona, tiny_model):
    model = evaluate_model(tiny_model, corpora.load("V"), allow_leaks=True)
    for name in ("answers.csv", "answers.json", "answers.parquet"):
        assert intona("predict", "V", "--model", tiny_model, "--out", name).code == 0
        table = evaluate_model(name, corpora.load("V"))
        for metric, value in model.metrics.items():
            assert table.metrics[metric].value == pytest.approx(value.value, abs=1e-4), metric
        assert (table.predictions["status"] == model.predictions["status"]).all()
    model.save("kept")
    again = evaluate_model("kept/predictions.parquet", corpora.load("V"))
    assert again.headline == model.headline
    done = intona("evaluate", "kept/predictions.parquet", "V", "--report", "kept")
    assert done.code == 2
    assert "would be overwritten" in done.err


def labelled(name, rows):
    with open(name, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_table_of_labels_is_held_against_all_of_the_corpus(here, intona):
    files = [str(file) for file, _, _ in corpora.load("V").table.index]
    labelled("same.csv", [["file", "prediction"], *([file, "Neutral"] for file in files)])
    done = intona("evaluate", "same.csv", "V")
    assert done.code == 0, done.err
    assert "emotion (4 classes), 48 utterances" in done.out
    assert re.search(r"UAR +25.0 %", done.out)
    labelled("few.csv", [["file", "prediction"], *([file, "sad"] for file in files[5:])])
    done = intona("evaluate", "few.csv", "V")
    assert done.code == 2
    assert f"few.csv has no answer to 5 of the 48 utterances, the first is {files[0]}" in done.err


def test_a_table_that_may_be_a_corpus_must_be_named(here, intona):
    table = corpora.load("V").table
    rows = [[str(file), label] for (file, _, _), label in table["emotion"].items()]
    labelled("either.csv", [["file", "emotion"], *rows])
    done = intona("evaluate", "either.csv", "V")
    assert done.code == 2
    assert "write table:either.csv to test the answers, or name the --recipe" in done.err
    done = intona("evaluate", "table:either.csv", "V")
    assert re.search(r"UAR +100.0 %", done.out)
    assert "name a corpus" in intona("evaluate", "table:either.csv").err


def test_options_of_models_of_ours_are_refused(here, intona):
    for more, said in (
        (["--adapt"], "levels:judge cannot be adapted"),
        (["--recipe", "classic"], "--recipe goes with a recipe"),
        (["--emotions", "sad,angry"], "the model does not know sad; it knows angry, neutral"),
    ):
        done = intona("evaluate", "levels:judge", "V", *more)
        assert done.code == 2
        assert said in done.err
    labelled("t.csv", [["file", "prediction"], ["a.wav", "sad"]])
    done = intona("evaluate", "t.csv", "V", "--report", "r", "--explain")
    assert (done.code, Path("r").exists()) == (2, False)
    assert "cannot be asked about other sounds" in done.err


def test_evaluations_of_others_are_compared(here, intona):
    merged = ("--emotions", "angry,neutral")
    files = [str(file) for file, _, _ in corpora.load("V").table.index]
    labelled("same.csv", [["file", "prediction"], *([file, "neutral"] for file in files)])
    assert intona("evaluate", "levels:judge", "V", *merged, "--report", "one").code == 0
    assert intona("evaluate", "same.csv", "V", *merged, "--report", "two").code == 0
    done = intona("compare", "one", "two", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["pairs"][0]["difference"]["value"] == pytest.approx(0.5)
    assert [text.partition(": it does not say")[0] for text in found["unknown"]] == ["one", "two"]


def test_a_function_is_explained(here, intona):
    clip = sorted(Path("V").rglob("*-05-01-*.wav"))[0]
    done = intona("explain", clip, "--model", "levels:judge", "--emotion", "anger")
    assert done.code == 0, done.err
    assert f"{clip}: angry " in done.out
    done = intona("explain", clip, "--model", "levels:judge", "--profile", "nobody")
    assert done.code == 2
    done = intona("explain", clip, "--model", "table:t.csv")
    assert (done.code, "cannot be asked" in done.err) == (2, True)
    assert intona("explain", clip, "--model", "small", "--json").code == 0


def test_python_programs_judge_them_too(here, intona):
    from intona import audit, evaluate
    from intona.inference.opening import open_recognizer

    assert evaluate("levels:judge", "V").headline.value == 1.0
    assert evaluate(open_recognizer("levels:judge"), "V").headline.value == 1.0
    found = audit("levels:judge", "V", tests="classification", emotions="angry,neutral")
    assert found.result.models[0].name == "levels:judge"


# What stands in the documentation.


def section(page: str) -> str:
    text = (DOCS / page).read_text(encoding="utf-8")
    return text.partition("\n## Recognisers of others\n")[2].partition("\n## ")[0]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "commands"), [("evaluation.md", 3), ("audit.md", 2)])
def test_the_documentation_runs_as_written(
    page, commands, tmp_path, monkeypatch, intona, tiny_model
):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("mine", None)
    (program,) = re.findall(r"(?ms)^```python\n(.*?)^```", section("evaluation.md"))
    (tmp_path / "mine.py").write_text(program)
    name = {"evaluation.md": "EMODB", "audit.md": "RAVDESS"}[page]
    synthetic.corpus(tmp_path / name, emotions=("angry", "sad"), speakers=4, takes=2)
    (tmp_path / "model.onnx").write_bytes(tiny_model.read_bytes())
    assert intona("predict", name, "--model", "model.onnx", "--emotions", "angry,sad", "--out",
                  "answers.csv").code == 0  # fmt: skip
    torch.manual_seed(0)
    words = {0: "ang", 1: "sad"}
    configuration = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
        classifier_proj_size=8, id2label=words, label2id={v: k for k, v in words.items()},
    )  # fmt: skip
    transformers.Wav2Vec2ForSequenceClassification(configuration).save_pretrained("mine")
    transformers.Wav2Vec2FeatureExtractor().save_pretrained("mine")
    lines = re.findall(r"^intona .*", section(page), re.MULTILINE)
    assert len(lines) == commands
    for line in lines:
        # The tiny model has heard these voices; two changed sounds show as much as 120.
        known = ["--allow-leaks", "--clips", "2"] if "audit" in line else []
        done = intona(*shlex.split(line)[1:], *known)
        assert done.code == 0, (line, done.err)
        assert "it does not say what it was trained on" in done.out


@pytest.fixture
def two(here):
    """Two corpora of other labels: four utterances that LEVEL knows in one, two in the other."""
    import soundfile

    for corpus, plan in (
        ("loud", {"angry": (0.2, 0.24), "neutral": (0.02, 0.03)}),
        ("soft", {"neutral": (0.01, 0.24)}),
    ):
        for emotion, levels in plan.items():
            for speaker, level in enumerate(levels):
                path = here / corpus / emotion / f"speaker{speaker}_0.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                sound = synthetic.utterance(emotion, speaker, seconds=1.2)
                samples = sound.samples * level / sound.samples.std()
                soundfile.write(path, samples, sound.rate, subtype="FLOAT")
    return here


def test_each_corpus_has_a_line_of_its_own(two, intona):
    done = intona("evaluate", "levels:judge", "loud", "soft", "--report", "r")
    assert done.code == 0, done.err
    lines = {line.split("  ")[0]: line.split() for line in done.out.splitlines()}
    assert lines["loud"][1:5] == ["4", "2", "50.0", "100.0"]  # utterances, speakers, chance, UAR
    assert lines["soft"][1:5] == ["2", "2", "100.0", "50.0"]
    assert lines["mean over corpora"][3] == "75.0"
    assert "all corpora in one heap" in done.out
    found = json.loads(Path("r/evaluation.json").read_text())["by_corpus"]
    assert found["soft"]["utterances"] == 2
    assert found["soft"]["unweighted_average_recall"]["value"] == 0.5
    assert found["soft"]["macro_f1"]["value"] == pytest.approx(2 / 3)  # of neutral, which is there
    assert "Each corpus" in Path("r/report.html").read_text()
    with open("r/table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["corpus"] for row in rows] == [
        "loud",
        "soft",
        "mean over corpora",
        "all in one heap",
    ]
    assert [float(row["UAR"]) for row in rows] == [1.0, 0.5, 0.75, 0.875]
    assert [row["utterances"] for row in rows] == ["4", "2", "", "6"]
    assert "soft & 2 & 2 & 100.0 & 50.0 [" in Path("r/table.tex").read_text()
    assert "| soft | 2 | 2 | 100.0 | 50.0 [" in Path("r/table.md").read_text()


def test_no_answer_counts_as_wrong_in_its_corpus(two, intona):
    done = intona("evaluate", "levels:silent", "loud", "soft", "--report", "r")
    assert done.code == 0, done.err
    found = json.loads(Path("r/evaluation.json").read_text())["by_corpus"]
    assert found["loud"]["unweighted_average_recall"]["value"] == 0.0
    assert found["soft"]["coverage"]["value"] == 0.0
    assert found["soft"]["error_when_ok"]["value"] is None


@pytest.mark.parametrize("protocol", ["loso", "speakers:2", "random:0.5"])
def test_a_recipe_has_a_line_per_corpus_under_every_protocol(two, intona, protocol):
    done = intona("evaluate", "loud", "V", "-r", "classic-svm", "-p", protocol, "--report", "r")
    assert done.code == 0, done.err
    found = json.loads(Path("r/evaluation.json").read_text())["by_corpus"]
    assert list(found) == ["loud", "ravdess", "mean over corpora"]
    table = pd.read_parquet("r/predictions.parquet")
    for name in ("loud", "ravdess"):
        part = table[table["corpus"] == name]
        assert found[name]["utterances"] == len(part)
        assert found[name]["chance"] == 1 / part["truth"].nunique()
        right = part["truth"] == part["emotion"]
        assert found[name]["unweighted_average_recall"]["value"] == pytest.approx(
            right.groupby(part["truth"]).mean().mean()
        )
    assert intona("evaluate", "V", "-r", "classic-svm", "-p", protocol, "--report", "r").code == 0
    assert "by_corpus" not in json.loads(Path("r/evaluation.json").read_text())


def test_numbers_have_a_line_per_corpus(here, intona):
    from intona.metrics import concordance_correlation

    files = sorted(str(path) for path in Path("V").resolve().rglob("*.wav"))
    rows = [
        {
            "file": file,
            "emotion": "neutral",
            "arousal": 0.1 * (number % 5) + 0.05 * number % 0.3,
            "speaker": f"s{number % 6}",
            "corpus": "one" if number % 6 < 3 else "two",
        }
        for number, file in enumerate(files)
    ]
    pd.DataFrame(rows).to_csv("numbers.csv", index=False)
    command = ("evaluate", "numbers.csv", "-r", "classic-svm", "--target", "arousal", "-p", "loso")
    done = intona(*command, "--report", "r")
    assert done.code == 0, done.err
    found = json.loads(Path("r/evaluation.json").read_text())["by_corpus"]
    table = pd.read_parquet("r/predictions.parquet")
    part = table[table["corpus"] == "two"]
    assert found["two"]["concordance_correlation"]["value"] == pytest.approx(
        concordance_correlation(part["truth"], part["arousal"])
    )
    assert "chance" not in found["two"]
    head = next(line for line in done.out.splitlines() if "CCC" in line)
    assert head.split() == ["utterances", "speakers", "CCC", "PCC", "MAE"]
    assert "two: CCC" in Evaluation.load("r")._repr_html_()


def test_predict_asks_a_function(two, intona):
    files = sorted(str(path) for path in Path("loud").rglob("*.wav"))
    Path("loud/broken.wav").write_bytes(b"RIFF")
    done = intona("predict", "loud", "--model", "levels:judge", "--out", "answers.csv")
    assert done.code == 1
    assert "error: " in done.err
    assert "broken.wav" in done.err
    assert "note: Its labels were read as ours: Anger as angry, Neutrality as neutral." in done.err
    table = pd.read_csv("answers.csv")
    assert list(table["file"]) == files
    assert list(table["emotion"]) == ["angry", "angry", "neutral", "neutral"]
    for row in table.itertuples():
        samples, _ = __import__("soundfile").read(row.file)
        assert row.angry == pytest.approx(min(4 * samples.std(), 1), abs=1e-4)
    # The same by many, with the bad one in the table of errors.
    command = ("predict", "loud", "--model", "levels:judge", "--out", "answers.parquet")
    assert intona(*command).code == 1
    pd.testing.assert_frame_equal(
        pd.read_parquet("answers.parquet").reset_index()[["file", "emotion", "angry"]],
        table[["file", "emotion", "angry"]],
    )
    assert len(pd.read_parquet("answers.errors.parquet")) == 1
    # And evaluate takes what predict wrote.
    assert intona("evaluate", "answers.csv", "loud", "--skip-bad", "--report", "r").code == 0
    assert Evaluation.load("r").headline.value == 1.0


@pytest.mark.parametrize("out", ["answers.csv", "answers.parquet"])
def test_a_recording_at_which_it_fails_is_one_row(two, intona, out):
    (two / "levels.py").write_text(LEVEL + "fails.labels = ['Anger', 'Neutrality']\n")
    done = intona("predict", "loud", "--model", "levels:fails", "--out", out)
    assert done.code == 1
    read = pd.read_csv if out.endswith("csv") else pd.read_parquet
    assert list(read(out)["emotion"]) == ["neutral", "neutral"]
    if out.endswith("csv"):
        said = done.err.splitlines()
    else:
        said = list(pd.read_parquet("answers.errors.parquet")["error"])
    assert [("too loud" in line, "/angry/" in line) for line in said[:2]] == [(True, True)] * 2


def test_predict_says_that_there_is_no_answer(two, intona):
    done = intona("predict", "soft", "--model", "levels:silent", "--format", "csv")
    assert done.code == 0, done.err
    assert [row["status"] for row in csv.DictReader(io.StringIO(done.out))] == ["no_speech"] * 2


def test_answers_of_others_can_be_narrowed(two, intona):
    (two / "levels.py").write_text(
        "def three(signal, rate):\n"
        "    return {'calm': 0.2, 'neutral': 0.4, 'sad': 0.2, 'angry': 0.2}"
    )
    command = ("predict", "soft", "-m", "levels:three", "--format", "json")
    done = intona(*command, "--emotions", "sad,neutral", "--merge", "calm=neutral")
    assert done.code == 0, done.err
    answer = json.loads(done.out)[0]["probabilities"]
    assert answer == {"neutral": pytest.approx(0.75), "sad": pytest.approx(0.25)}
    refused = intona(*command, "--emotions", "sad,happy")
    assert refused.code == 2
    assert "happy" in refused.err
    assert "two are needed" in intona(*command, "--emotions", "sad").err


def test_others_over_time(two, intona):
    loud = next(Path("loud").rglob("angry/*.wav"))
    done = intona("predict", loud, "-m", "levels:judge", "--timeline", "--format", "csv")
    assert done.code == 0, done.err
    assert {row["emotion"] for row in csv.DictReader(io.StringIO(done.out))} == {"angry"}
    done = intona("predict", loud, "-m", "levels:silent", "--timeline", "--format", "csv")
    assert done.code == 0, done.err
    assert {row["status"] for row in csv.DictReader(io.StringIO(done.out))} == {"unsure"}


def test_a_live_stream_is_judged_by_others(two, intona, monkeypatch):
    loud = next(Path("loud").rglob("angry/*.wav"))
    with open(loud, "rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        done = intona("listen", "-", "-m", "levels:judge", "--json")
    assert done.code == 0, done.err
    events = [json.loads(line) for line in done.out.splitlines()]
    assert "angry" in {event.get("emotion") for event in events}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("predict V --model answers.csv", "cannot be asked about other sounds"),
        ("listen - --model answers.csv", "cannot be asked about other sounds"),
        ("predict V --model levels:judge --adapt", "only model files of ours can"),
        ("predict V --model levels:judge --adapt --out a.parquet", "only model files of ours can"),
        ("predict V --model levels:judge --profile me", "only model files of ours can"),
        ("listen - --model levels:judge --adapt", "only model files of ours can"),
        ("predict V --model levels:nothing", "levels has no nothing; it has fails, judge, silent"),
        ("enroll me --from V --model levels:judge", "functions and hf:NAME go with predict"),
        ("info levels:judge", "functions and hf:NAME go with predict"),
        (
            "serve --model hf:./mine",
            "what others have made, intona predict, evaluate and audit can ask",
        ),
    ],
)
def test_where_others_do_not_fit_one_sentence_says_so(here, intona, command, words):
    Path("answers.csv").write_text("file,prediction\na.wav,angry\n")
    done = intona(*shlex.split(command))
    assert done.code in (1, 2)
    assert words in done.err
    assert len(done.err.splitlines()) == 1
