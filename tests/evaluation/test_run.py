from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from intona import metrics, registry
from intona.corpora.base import Corpus
from intona.corpora.targets import as_numbers
from intona.errors import CorpusError, LeakError, UsageError
from intona.evaluation import Evaluation, Options, evaluate
from intona.evaluation.protocols import parse
from intona.evaluation.result import without_nan
from intona.evaluation.run import parse_seeds
from intona.evaluation.text import summary
from intona.features import front_end
from intona.features.classic import Classic
from intona.features.extract import extract
from intona.models.lineage import Training
from intona.models.recipes import Recipe
from intona.parallel import Local


def test_every_utterance_is_tested_once_by_a_model_that_never_heard_its_speaker(result, corpus):
    table = result.predictions
    assert sorted(table.index) == sorted(corpus.table.index)
    assert (table["fold"] == table["speaker"]).all()
    labels = list(result.labels)
    assert labels == ["neutral", "happy", "sad", "angry"]
    np.testing.assert_allclose(table[labels].sum(axis=1), 1.0)
    assert (table["emotion"] == table[labels].idxmax(axis=1)).all()
    assert (table["truth"] == corpus.table["emotion"].reindex(table.index)).all()


def test_metrics_are_those_of_the_predictions(result):
    table = result.predictions
    expected = metrics.unweighted_average_recall(table["truth"], table["emotion"])
    assert result.headline.value == pytest.approx(expected)
    assert result.headline.low <= expected <= result.headline.high
    assert result.headline.value > 0.5
    recalls = metrics.recall_per_class(table["truth"], table["emotion"])
    for label, row in result.per_class.items():
        assert row["recall"] == pytest.approx(recalls[label])
        assert row["utterances"] == 12
    assert set(result.per_speaker) == set(table["speaker"])
    assert set(result.groups) >= {"sex", "statement"}


def test_controls_behave(result):
    controls = {control.name: control for control in result.facts.controls}
    assert controls["majority class"].value == pytest.approx(0.25)
    assert controls["permuted labels"].value < result.headline.value - 0.2
    assert controls["speaker probe"].value > 0.25


def test_what_is_written_can_be_read_back(result, tmp_path):
    folder = result.save(tmp_path / "run")
    facts = json.loads((folder / "evaluation.json").read_text())
    assert facts["protocol"] == "loso"
    assert facts["recipe"] == "classic-svm"
    assert facts["corpus"] == "ravdess"
    assert (facts["speakers"], facts["seed"], facts["leaky"]) == (4, 0, False)
    found = facts["metrics"]["unweighted_average_recall"]
    assert found["low"] <= found["value"] <= found["high"]
    assert {fold["name"] for fold in facts["folds"]} == set(result.per_speaker)
    assert facts["folds"][0]["train_speakers"] == 3
    again = Evaluation.load(folder)
    assert without_nan(again.facts.to_dict()) == without_nan(result.facts.to_dict())
    assert again.headline == result.headline
    # Parquet gives text columns pandas' own string type back.
    pd.testing.assert_frame_equal(
        again.predictions, result.predictions, check_dtype=False, check_index_type=False
    )


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"schema": 99}'])
def test_what_is_not_an_evaluation_is_refused(result, tmp_path, content):
    if content is not None:
        result.predictions.to_parquet(tmp_path / "predictions.parquet")
        (tmp_path / "evaluation.json").write_text(content)
    with pytest.raises(UsageError, match=r"evaluation|newer intona"):
        Evaluation.load(tmp_path)


def test_random_is_stamped_on_every_output(corpus, svm):
    result = evaluate(svm, corpus, parse("random:0.25"), Options(seed=9, model_seeds=(0, 1)))
    assert result.leaky
    assert summary(result).startswith("LEAKY: a random split puts the same speakers")
    assert len(result.predictions) == 2 * 12
    assert set(result.per_model_seed) == {"0", "1"}
    assert result.to_dict()["leaky"] is True
    assert any("speakers are on both sides" in reason for reason in result.facts.leaky_reasons)


def test_the_same_seed_gives_the_same_result(corpus, svm):
    one, same = (evaluate(svm, corpus, parse("speakers:2"), Options(seed=3)) for _ in range(2))
    pd.testing.assert_frame_equal(one.predictions, same.predictions)
    shared = ("corpus_details", "folds", "leaks", "seed")
    assert [getattr(one.facts, key) for key in shared] == [
        getattr(same.facts, key) for key in shared
    ]


@pytest.mark.slow
def test_processes_do_not_change_the_result(result, corpus, svm):
    other = evaluate(svm, corpus, parse("loso"), on=Local(2))
    pd.testing.assert_frame_equal(other.predictions, result.predictions)


def test_a_leaky_division_is_refused_or_stamped(corpus, svm, tmp_path):
    sheet = tmp_path / "folds.csv"
    names = corpus.table.index.get_level_values("file")
    sheet.write_text("file,fold\n" + "\n".join(f"{name},{k % 2}" for k, name in enumerate(names)))
    split = parse(f"file:{sheet}")
    with pytest.raises(LeakError, match="4 speakers are on both sides"):
        evaluate(svm, corpus, split)
    assert evaluate(svm, corpus, split, Options(allow_leaks=True)).leaky


def test_extra_material_of_a_speaker_under_test_is_dropped(corpus, svm):
    table = corpus.table
    first = replace(corpus, table=table[table["statement"] == table["statement"].iloc[0]])
    rest = replace(corpus, table=table.drop(first.table.index))
    result = evaluate(svm, first, parse("loso"), Options(extra=rest))
    assert len(result.predictions) == len(first.table)
    for fold in result.facts.folds:
        assert fold.train_utterances == len(table) * 3 // 4
        assert fold.train_speakers == 3
    nameless = replace(rest, table=rest.table.assign(speaker=None))
    with pytest.raises(CorpusError, match="extra training material needs speakers"):
        evaluate(svm, first, parse("loso"), Options(extra=nameless))


def test_numbers_are_predicted_and_judged_by_concordance(corpus, svm):
    numbered = as_numbers(corpus, "emotion", {"sad": 0, "neutral": 1, "happy": 2, "angry": 3})
    result = evaluate(svm, numbered, parse("loso"), Options(target="emotion", controls=True))
    assert result.numeric
    table = result.predictions
    expected = metrics.concordance_correlation(table["truth"], table["emotion"])
    assert result.headline.value == pytest.approx(expected)
    assert expected > 0.5
    controls = {control.name: control.value for control in result.facts.controls}
    # The mean of the other speakers hardly varies.
    assert abs(controls["mean value"]) < 0.05
    assert "CCC" in summary(result)


def test_targets_that_are_not_there(corpus, svm):
    with pytest.raises(CorpusError, match="no column 'arousal'"):
        evaluate(svm, corpus, parse("loso"), Options(target="arousal"))
    empty = Corpus("x", corpus.table.assign(valence=np.nan))
    with pytest.raises(CorpusError, match="has a value of 'valence'"):
        evaluate(svm, empty, parse("loso"), Options(target="valence"))


@pytest.mark.parametrize("text", ["", "a", "3-", "-3", "1,,2", "5-3"])
def test_unreadable_seeds(text):
    with pytest.raises(UsageError, match="seed"):
        parse_seeds(text)


# --- recipes that cheat ----------------------------------------------------------------------


@dataclass
class Standardised:
    """A model whose scaler was fitted wherever the cheat says."""

    labels: tuple[str, ...]
    recipe: Recipe
    scaler: Any
    head: Any
    fresh: bool
    details: dict[str, Any] = field(default_factory=dict)

    def probabilities(self, table):
        from sklearn.preprocessing import StandardScaler

        values = extract(table, front_end("classic"))
        scaler = StandardScaler().fit(values) if self.fresh else self.scaler
        found = self.head.predict_proba(scaler.transform(values))
        return found[:, [list(self.head.classes_).index(label) for label in self.labels]]


def scaler_fit(reach):
    """Return a trainer whose scaler is fitted on ``reach(table)``, or anew on each test batch."""

    def fit(task):
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        # All a recipe is handed: rows of the training part.
        table = task.table
        fit.seen.append(table)
        wide = reach(table) if reach else table
        scaler = StandardScaler().fit(extract(wide, front_end("classic")))
        values = scaler.transform(extract(table, front_end("classic")))
        head = LogisticRegression(max_iter=500).fit(values, table["emotion"])
        labels = tuple(sorted(set(table["emotion"])))
        return Standardised(labels, task.recipe, scaler, head, fresh=reach is None)

    fit.seen = []
    return fit


@pytest.fixture
def cheat(monkeypatch):
    """Register a trainer as a recipe's model kind."""

    def register(trainer):
        module = ModuleType("cheats")
        module.fit = trainer
        monkeypatch.setitem(sys.modules, "cheats", module)
        monkeypatch.setitem(registry._HOMES["models"], "cheat", "cheats:fit")
        return Recipe("cheat", {"name": "classic"}, {"kind": "cheat"})

    return register


def test_a_scaler_inside_the_fold_passes(corpus, cheat):
    trainer = scaler_fit(lambda table: table)
    result = evaluate(cheat(trainer), corpus, parse("loso"))
    assert not result.leaky
    for part, fold in zip(trainer.seen, parse("loso").folds(corpus.table), strict=True):
        assert not set(part["speaker"]) & set(corpus.table["speaker"].iloc[fold.test])


def test_a_scaler_fitted_on_the_whole_corpus_is_caught(corpus, cheat):
    with pytest.raises(LeakError, match="tried to use the test recording"):
        evaluate(cheat(scaler_fit(lambda table: corpus.table)), corpus, parse("loso"))


def test_a_scaler_fitted_on_the_test_part_is_caught(corpus, cheat):
    recipe = cheat(scaler_fit(None))
    with pytest.raises(LeakError, match="uses statistics of the test part"):
        evaluate(recipe, corpus, parse("loso"))
    assert evaluate(recipe, corpus, parse("loso"), Options(allow_leaks=True)).leaky


def test_a_recipe_is_tested_on_rows_without_any_column(corpus, cheat):
    seen = []

    def fit(task):
        fitted = scaler_fit(lambda rows: rows)(task)
        original = fitted.probabilities

        def spy(rows):
            seen.append(list(rows.columns))
            return original(rows)

        fitted.probabilities = spy
        return fitted

    evaluate(cheat(fit), corpus, parse("loso"))
    assert seen
    assert all(columns == [] for columns in seen)


def test_an_embedding_that_heard_the_speakers_is_refused(corpus, svm, monkeypatch):
    training = Training({"ravdess": {"speakers": list(corpus.speakers[:1])}})
    monkeypatch.setattr(Classic, "training", training, raising=False)
    with pytest.raises(LeakError, match="1 of the speakers under test: ravdess-01"):
        evaluate(svm, corpus, parse("loso"))


def test_the_summary_says_what_ok_is_worth(result):
    table = result.predictions
    fine = table[table["status"] == "ok"]
    wrong = (fine["truth"] != fine["emotion"]).mean()
    share = len(fine) / len(table)
    assert f"ok: {100 * share:.0f} % of the answers, {100 * wrong:.0f} % of them wrong" in summary(
        result
    )
