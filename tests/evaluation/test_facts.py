"""What an evaluation says beside its numbers: typed, written as JSON and read back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from intona.errors import UsageError
from intona.evaluation.facts import Control, EnrolmentFacts, Facts, outcome_table
from intona.evaluation.result import Evaluation, without_nan
from intona.evaluation.text import summary
from intona.models.task import Answers

# Written by intona before facts were typed (commit ed783d0): a recipe with controls and two model
# seeds, and a finished model with its label mapping and enrolment.
BEFORE = Path(__file__).parent / "data"
# What the numbers give, not the facts.
NUMBERS = {"schema", "target", "numeric", "labels", "metrics", "per_model_seed", "per_class"}
NUMBERS |= {"per_speaker", "groups", "confusion", "predictions"}
OF_A_FOLD = {"utterances", "unweighted_average_recall", "weighted_average_recall"}


def before(name: str) -> dict[str, Any]:
    return json.loads((BEFORE / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["recipe", "model"])
def test_an_evaluation_written_before_is_read_and_written_the_same(name: str) -> None:
    content = before(name)
    again = json.loads(json.dumps(without_nan(Facts.from_dict(content).to_dict())))
    expected = {key: value for key, value in content.items() if key not in NUMBERS}
    expected["folds"] = [
        {key: value for key, value in fold.items() if key not in OF_A_FOLD}
        for fold in content["folds"]
    ]
    # A finished model did not say so; nothing of it is normalised.
    expected.setdefault("transductive", False)
    assert again == expected


def test_what_was_written_before_is_typed() -> None:
    recipe, model = Facts.from_dict(before("recipe")), Facts.from_dict(before("model"))
    assert [one.name for one in recipe.controls] == [
        "permuted labels",
        "majority class",
        "speaker probe",
    ]
    assert np.isnan(recipe.controls[2].low)
    assert recipe.model_seeds == (0, 1)
    assert sum(fold.test_utterances for fold in recipe.folds) == recipe.corpus_details.utterances
    assert recipe.mapping is None
    assert model.enrolment is not None
    assert model.enrolment.speech == "place"
    assert model.folds[0].train_utterances is None
    assert model.leaks.checked == ("the speakers and corpora the model says it was trained on",)
    assert [row["model"] for row in model.mapping or ()] == ["sad", "angry"]


def test_it_is_read_with_its_predictions(result: Evaluation, tmp_path: Path) -> None:
    folder = result.save(tmp_path)
    content = {**before("recipe"), "labels": list(result.labels)}
    (folder / "evaluation.json").write_text(json.dumps(content), encoding="utf-8")
    assert "classic-svm on synthetic" in summary(Evaluation.load(folder))
    del content["protocol"]
    (folder / "evaluation.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UsageError, match="protocol"):
        Evaluation.load(folder)


def test_a_reason_makes_it_leaky(result: Evaluation) -> None:
    assert not result.facts.leaky
    leaky = replace(result.facts, leaky_reasons=("voices are known",))
    assert leaky.leaky
    assert leaky.to_dict()["leaky"] is True


def test_what_only_some_evaluations_say_is_left_out_of_the_others(result: Evaluation) -> None:
    found = result.facts.to_dict()
    assert not {"model", "mapping", "answers", "enrolment", "by_corpus"} & set(found)
    enrolled = replace(result.facts, enrolment=EnrolmentFacts("mixed", 4, 0, {}), mapping=[])
    assert enrolled.to_dict()["enrolment"]["count"] == 4
    assert enrolled.to_dict()["mapping"] == []
    assert asdict(Control("a", "b", "c", 0.5)).keys() == found["controls"][0].keys()


def test_a_label_a_fold_lacked_gets_no_probability() -> None:
    index = pd.MultiIndex.from_tuples([("a.wav", 0, 1)], names=["file", "start", "end"])
    rows = pd.DataFrame({"emotion": ["sad"], "speaker": ["x"]}, index=index)
    found = ("happy", "sad"), Answers.of(np.array([[0.4, 0.6]]), threshold=0.7)
    labels = ("happy", "angry", "sad")
    table = outcome_table(rows, "emotion", labels, found, fold="1", model_seed=3)
    (row,) = table.to_dict("records")
    assert [row[label] for label in labels] == [0.4, 0.0, 0.6]
    assert (row["truth"], row["emotion"], row["status"]) == ("sad", "sad", "unsure")
    assert (row["fold"], row["model_seed"]) == ("1", 3)
