"""Recognisers of others under audit, side by side with models of ours."""

from __future__ import annotations

import csv
import json
import sys

import pytest

from intona import corpora
from intona.audit import AuditedModel, AuditOptions, Dataset, run
from intona.audit.run import TESTS
from intona.errors import ModelError, UsageError
from intona.inference.foreign.table import AnswerTable
from intona.inference.opening import open_recognizer

MODULE = """
def judge(signal, rate):
    loud = min(4.0 * float(signal.std()), 1.0)
    return {"angry": loud, "neutral": 1.0 - loud} if len(signal) else None

def shy(signal, rate):
    return judge(signal, rate) if 0.03 < signal.std() else None

shy.labels = ["angry", "neutral"]

def fails(signal, rate):
    raise ValueError("no idea")

fails.labels = shy.labels
"""


@pytest.fixture
def here(voices, tmp_path, monkeypatch):
    """A working folder with the functions above, the corpus V, and a table of right answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "loudness.py").write_text(MODULE)
    (tmp_path / "V").symlink_to(voices)
    table = corpora.load("V").table
    rows = [[str(file), label.upper()] for (file, _, _), label in table["emotion"].items()]
    with open("right.csv", "w", newline="") as file:
        csv.writer(file).writerows([["file", "prediction"], *rows])
    yield tmp_path
    sys.modules.pop("loudness", None)


def two_classes():
    table = corpora.load("V").table
    return Dataset.of(table[table["emotion"].isin(["angry", "neutral"])])


def test_they_are_ranked_beside_a_model_of_ours(here, intona, tiny_model):
    done = intona(
        "audit", "loudness:judge", tiny_model, "right.csv", "V", "--emotions", "angry,neutral",
        "--tests", "classification,distribution,silence", "--clips", 2, "--allow-leaks",
        "--report", "r",
    )  # fmt: skip
    assert done.code == 0, done.err
    for name in ("loudness:judge", "right.csv"):
        assert f"note: {name}: it does not say what it was trained on" in done.out
    assert "warning: silence: right.csv holds answers to the recordings as they are" in done.out
    found = json.loads((here / "r" / "audit.json").read_text())
    names = [model["name"] for model in found["models"]]
    assert names == ["loudness:judge", "tiny", "right.csv", "random"]
    for model in (found["models"][0], found["models"][2]):
        outcomes = {outcome["metric"]: outcome for outcome in model["outcomes"]}
        recall = outcomes["unweighted average recall"]
        assert recall["value"] == 1.0
    assert {o["test"] for model in found["models"] for o in model["outcomes"]} == {
        "classification",
        "distribution",
    }


def test_a_function_hears_the_changed_sounds(here):
    model = AuditedModel.of(open_recognizer("loudness:judge"), "mine")
    options = AuditOptions(("format", "abstention"), clips=2)
    result = run([model], two_classes(), options)
    found = {outcome.case: outcome for outcome in result.outcomes[0] if outcome.test == "format"}
    softer = next(outcome for case, outcome in found.items() if "softer" in case)
    assert softer.value == 0.5  # 20 dB softer nobody is angry any more
    # It always names an emotion; the other gives no answer where it hears next to nothing.
    shy = AuditedModel.of(open_recognizer("loudness:shy"), "shy")
    (outcomes, _) = run([shy], two_classes(), options).outcomes
    abstained = {o.case: o.value for o in outcomes if o.test == "abstention"}
    assert abstained["digital silence"] == 1.0
    never = [o.value for o in result.outcomes[0] if o.test == "abstention"]
    assert never == [0.0] * len(never)


def test_a_failure_names_recording_and_function(here, intona):
    done = intona("audit", "loudness:fails", "V", "--tests", "silence", "--clips", 1)
    assert done.code == 1
    assert ".wav: loudness:fails failed with ValueError: no idea (loudness.py, line 12)" in done.err
    model = AuditedModel.of(open_recognizer("loudness:fails"), "mine")
    with pytest.raises(ModelError, match="no idea"):
        run([model], two_classes(), AuditOptions(("abstention",)))


def test_a_table_is_given_the_tests_it_can_answer(here, intona):
    table = AnswerTable("right.csv").knowing(["angry"])
    model = AuditedModel.of(table, "right.csv")
    result = run([model], Dataset.of(corpora.load("V").table))
    tests = {outcome.test for outcome in result.outcomes[0]}
    assert tests <= {*TESTS["correctness"], *TESTS["fairness"]}
    assert {"classification", "distribution"} <= tests
    assert "codec, " in result.warnings[0]
    with pytest.raises(UsageError, match=r"phone: right.csv .* choose from --tests correctness"):
        run([model], two_classes(), AuditOptions(("phone",)))
    with pytest.raises(UsageError, match="cannot be asked"):
        model.predict([corpora.synthetic.utterance("sad")])
    done = intona("audit", "table:right.csv", "V", "--tests", "sex,pitch", "--report", ".")
    assert done.code == 0, done.err


def test_pitch_is_measured_beside_a_table_alone(here, monkeypatch):
    model = AuditedModel.of(AnswerTable("right.csv"), "right.csv")
    asked = []
    monkeypatch.setattr("intona.audit.cases._mean_pitch", lambda clip: asked.append(clip) or 200.0)
    run([model], Dataset.of(corpora.load("V").table), AuditOptions(("pitch",)))
    assert len(asked) == 48


def test_a_table_that_lacks_answers_is_refused(here, intona):
    lines = (here / "right.csv").read_text().splitlines()
    (here / "few.csv").write_text("\n".join(lines[:-2]) + "\n")
    done = intona("audit", "few.csv", "V", "--tests", "sex")
    assert done.code == 2
    assert "few.csv has no answer to 2 of the 48 utterances" in done.err


def test_tables_of_corpora_stay_corpora(here, intona):
    rows = [["file", "emotion", "speaker"]]
    for (file, _, _), row in corpora.load("V").table.iterrows():
        rows.append([str(file), row["emotion"], row["speaker"]])
    with open("corpus.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    done = intona("audit", "loudness:judge", "corpus.csv", "--tests", "classification",
                  "--emotions", "angry,neutral")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.count("passed") == 2
