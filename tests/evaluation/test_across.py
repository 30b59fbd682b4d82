"""Leave one corpus out: folds, shared labels, results by corpus, from the command line too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score, roc_auc_score

from intona import corpora
from intona.corpora import synthetic
from intona.corpora.base import Corpus, table
from intona.errors import CorpusError, UsageError
from intona.evaluation import Options, evaluate
from intona.evaluation.across import LeaveOneCorpusOut, shared_labels
from intona.evaluation.by_corpus import MEAN, MEASURES, as_rows, by_corpus
from intona.evaluation.protocols import parse
from intona.evaluation.report import render
from intona.evaluation.result import Evaluation, without_nan
from intona.evaluation.text import summary
from intona.metrics.probabilities import expected_calibration_error
from intona.tables import segmented_index


@pytest.fixture
def utterances() -> pd.DataFrame:
    """Three corpora; of the first a part is sung, of a fourth all."""
    rows = [
        {
            "file": f"{name}/{speaker}/{emotion}-{take}.wav",
            "emotion": emotion,
            "speaker": f"{name}-{speaker}",
            "corpus": name,
            "vocal_channel": "song" if name == "d" or (name == "a" and take) else "speech",
        }
        for name in "abcd"
        for speaker in range(2)
        for emotion in ("happy", "sad", "angry")
        for take in range(2)
    ]
    return table(rows)


def test_each_corpus_is_tested_by_what_was_trained_on_the_others(utterances: pd.DataFrame) -> None:
    names = utterances["corpus"].to_numpy()
    song = (utterances["vocal_channel"] == "song").to_numpy()
    folds = parse("corpora").folds(utterances)
    assert [fold.name for fold in folds] == ["a", "b", "c"]  # there is no speech in d
    for fold in folds:
        assert np.array_equal(fold.test, np.flatnonzero((names == fold.name) & ~song))
        # Singing is learned from, but not with its own corpus under test.
        assert np.array_equal(fold.train, np.flatnonzero(names != fold.name))


def test_some_are_tested_and_never_trained_on(utterances: pd.DataFrame) -> None:
    names = utterances["corpus"].to_numpy()
    split = parse("corpora", ["c", "b"])
    assert "b" in split.words
    folds = {fold.name: fold for fold in split.folds(utterances)}
    assert set(folds) == {"a", "b", "c"}
    assert set(names[folds["a"].train]) == {"d"}
    assert set(names[folds["b"].train]) == set(names[folds["c"].train]) == {"a", "d"}


def test_what_cannot_be_divided(utterances: pd.DataFrame) -> None:
    with pytest.raises(CorpusError, match="--test-only: no corpus e among those given"):
        parse("corpora", ["a", "e"]).folds(utterances)
    with pytest.raises(CorpusError, match="at least two corpora to train on"):
        parse("corpora", ["a", "b", "c"]).folds(utterances)
    with pytest.raises(CorpusError, match="at least two corpora to train on"):
        parse("corpora").folds(utterances[utterances["corpus"] == "a"])
    with pytest.raises(UsageError, match="--test-only goes with --protocol corpora"):
        parse("loso", ["a"])
    with pytest.raises(UsageError, match="cannot read the protocol"):
        parse("corpora:3")


def test_labels_are_those_both_know() -> None:
    becomes: dict[str, str | None] = {
        "calm": "neutral",
        "neutral": "neutral",
        "sad": "sad",
        "bored": "bored",
        "happy": None,
    }
    assert shared_labels(["sad", "calm", "happy"], ["neutral", "sad", "bored"], becomes) == (
        "neutral",
        "sad",
    )
    with pytest.raises(CorpusError, match="fewer than two labels"):
        shared_labels(["sad", "happy"], ["neutral", "sad", "happy"], becomes)


@pytest.fixture
def predictions() -> pd.DataFrame:
    """Answers to two corpora, one of which was not asked for happiness."""
    rng = np.random.default_rng(0)
    parts = []
    for name, labels in (("a", ["neutral", "happy", "sad"]), ("b", ["neutral", "sad"])):
        count = 60
        truth = rng.choice(labels, count)
        scores = rng.dirichlet(np.ones(len(labels)), count)
        frame = pd.DataFrame(scores, columns=labels)
        frame["truth"], frame["emotion"] = truth, np.array(labels)[scores.argmax(axis=1)]
        frame["confidence"] = scores.max(axis=1)
        frame["status"] = np.where(frame["confidence"] > 0.6, "ok", "unsure")
        frame["arousal"] = rng.uniform(size=count) + 0.3 * (truth == "happy")
        frame["valence"] = rng.uniform(size=count) + 0.3 * (truth == "happy")
        frame["speaker"] = [f"{name}{k % 5}" for k in range(count)]
        parts.append(frame.assign(corpus=name))
    found = pd.concat(parts)
    return found.set_axis(segmented_index([f"{k}.wav" for k in range(len(found))]))


def test_the_numbers_are_those_computed_otherwise(predictions: pd.DataFrame) -> None:
    found = by_corpus(predictions, "emotion", ["neutral", "happy", "sad"], resamples=200)
    assert list(found) == ["a", "b", MEAN]
    expected: dict[str, dict[str, float]] = {}
    for name in "ab":
        part = predictions[predictions["corpus"] == name]
        fine = part[part["status"] == "ok"]
        expected[name] = {
            "unweighted_average_recall": recall_score(
                part["truth"], part["emotion"], average="macro"
            ),
            "weighted_average_recall": accuracy_score(part["truth"], part["emotion"]),
            "macro_f1": f1_score(part["truth"], part["emotion"], average="macro"),
            "expected_calibration_error": expected_calibration_error(
                part["confidence"], part["truth"] == part["emotion"]
            ),
            "coverage": len(fine) / len(part),
            "error_when_ok": (fine["truth"] != fine["emotion"]).mean(),
        }
    part = predictions[predictions["corpus"] == "a"]
    expected["a"]["arousal_area_under_roc"] = roc_auc_score(
        part["truth"] == "happy", part["arousal"]
    )
    part = part[part["truth"] != "neutral"]  # which is neither pleasant nor unpleasant
    expected["a"]["valence_area_under_roc"] = roc_auc_score(
        part["truth"] == "happy", part["valence"]
    )
    for name, values in expected.items():
        for measure, value in values.items():
            one = found[name][measure]
            assert one.value == pytest.approx(value), (name, measure)
            assert one.low <= one.value <= one.high
    # Nothing in b is high, so dimensions have nothing to tell there, and their mean is that of a.
    for name in ("arousal", "valence"):
        assert np.isnan(found["b"][f"{name}_area_under_roc"].value)
    for measure in MEASURES:
        known = [v[measure] for v in expected.values() if measure in v]
        assert found[MEAN][measure].value == pytest.approx(np.mean(known))
    assert as_rows(found)["a"]["coverage"].keys() == {"value", "low", "high"}


def test_intervals_are_over_speakers(predictions: pd.DataFrame) -> None:
    """Where every speaker is as right as the others there is no doubt, however few answers."""
    even = predictions[predictions["corpus"] == "a"].copy()
    even["status"] = "ok"
    even["truth"] = even["emotion"]
    wrong = even.groupby("speaker").head(6).index
    even.loc[wrong, "truth"] = even.loc[wrong, "emotion"].map(
        {"neutral": "sad", "sad": "happy", "happy": "neutral"}
    )
    one = by_corpus(even, "emotion", ["neutral", "happy", "sad"])["a"]["error_when_ok"]
    assert one.low == one.value == one.high == 0.5


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Synthetic corpora of other speakers and other labels."""
    folder = tmp_path_factory.mktemp("three")
    plans = {
        "alpha": (("neutral", "happy", "sad", "angry"), (0, 1)),
        "beta": (("neutral", "sad", "angry"), (2, 3)),
        "gamma": (("calm", "happy", "angry"), (4, 5)),
    }
    import soundfile

    for name, (emotions, speakers) in plans.items():
        for emotion in emotions:
            for speaker in speakers:
                for take in range(2):
                    sound = synthetic.utterance(emotion, speaker, take, seconds=1.2)
                    path = folder / name / emotion / f"speaker{speaker:02}_{take}.wav"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    soundfile.write(path, sound.samples, sound.rate)
    return [folder / name for name in plans]


@pytest.fixture(scope="module")
def together(three: list[Path]) -> Corpus:
    return corpora.load(three)


def test_a_recipe_is_tested_on_corpora_it_has_not_met(
    together: Corpus, tiny_recipe: Any, tmp_path: Path
) -> None:
    options = Options(merge={"calm": "neutral"})
    result = evaluate(tiny_recipe, together, parse("corpora"), options)
    assert result.labels == ("neutral", "happy", "sad", "angry")
    counts = result.predictions.groupby("corpus").size().to_dict()
    # Alpha's labels are all known to the others; gamma's calm counts as neutral.
    assert counts == {"alpha": 16, "beta": 12, "gamma": 12}
    assert set(result.predictions.query("corpus == 'gamma'")["truth"]) == {
        "neutral",
        "happy",
        "angry",
    }
    asked = result.predictions.query("corpus == 'gamma'")
    assert not asked["sad"].any()
    np.testing.assert_allclose(asked[list(result.labels)].sum(axis=1), 1.0)
    found = result.facts.by_corpus
    assert found is not None
    assert list(found) == ["alpha", "beta", "gamma", MEAN]
    part = result.predictions.query("corpus == 'beta'")
    assert found["beta"]["unweighted_average_recall"]["value"] == pytest.approx(
        recall_score(
            part["truth"], part["emotion"], average="macro", labels=["neutral", "sad", "angry"]
        )
    )
    text = summary(result)
    for word in ("alpha", "beta", "gamma", MEAN, "wrong when ok", "arousal AUC"):
        assert word in text
        assert word in render(result, tmp_path)
    again = Evaluation.load(result.save(tmp_path))
    assert again.facts.by_corpus == without_nan(found)


def test_answers_can_be_restricted(together: Corpus, tiny_recipe: Any) -> None:
    options = Options(emotions=("Anger", "happy"))
    part = replace(together, table=together.table[together.table["corpus"] != "beta"])
    result = evaluate(tiny_recipe, part, parse("corpora"), options)
    assert result.labels == ("happy", "angry")
    assert set(result.predictions["truth"]) == {"happy", "angry"}
    np.testing.assert_allclose(result.predictions[["happy", "angry"]].sum(axis=1), 1.0)


def test_from_the_command_line(intona: Any, three: list[Path], tmp_path: Path) -> None:
    command = ("evaluate", *three, "-r", "classic-svm", "-p", "corpora", "--merge", "calm=neutral")
    done = intona(*command, "--test-only", "gamma", "--report", tmp_path)
    assert done.code == 0, done.err
    assert "gamma never trained on" in done.out
    content = json.loads((tmp_path / "evaluation.json").read_text("utf-8"))
    assert list(content["by_corpus"]) == ["alpha", "beta", "gamma", MEAN]
    assert content["protocol"] == "corpora"
    assert {fold["name"]: fold["train_utterances"] for fold in content["folds"]} == {
        "alpha": 12,
        "beta": 16,
        "gamma": 28,
    }
    assert MEAN in (tmp_path / "report.html").read_text("utf-8")
    unknown = intona(*command, "--emotions", "happy,proud")
    assert unknown.code == 2
    assert "proud not in the corpora" in unknown.err
    few = intona(*command, "--emotions", "sad,angry")
    assert few.code == 1
    assert "they share fewer than two labels" in few.err
    alone = intona(*command[:2], "-r", "classic-svm", "-p", "corpora")
    assert alone.code == 1
    assert "at least two corpora" in alone.err
    refused = intona(*command, "--adapt")
    assert refused.code == 2
    assert "recipe classic-svm cannot be adapted" in refused.err


def test_of_a_model_that_says_nothing_of_arousal_there_is_no_area() -> None:
    frame = pd.DataFrame(
        {
            "corpus": ["a"] * 4,
            "truth": ["happy", "sad"] * 2,
            "emotion": ["happy"] * 4,
            "speaker": list("xxyy"),
            "status": "ok",
            "arousal": np.nan,
            "valence": np.nan,
            "happy": 0.6,
            "sad": 0.4,
        },
        index=segmented_index([f"{k}.wav" for k in range(4)]),
    )
    found = by_corpus(frame, "emotion", ["happy", "sad"])["a"]
    assert np.isnan(found["arousal_area_under_roc"].value)
    assert found["error_when_ok"].value == 0.5
    assert LeaveOneCorpusOut().name == "corpora"
