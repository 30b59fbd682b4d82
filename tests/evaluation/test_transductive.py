"""Normalisation by the test speaker: allowed where declared, and then on every output."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from intona.errors import RecipeError
from intona.evaluation import Options, evaluate
from intona.evaluation.compare import compare, comparison_text
from intona.evaluation.fold import shown
from intona.evaluation.protocols import parse
from intona.evaluation.report import render
from intona.evaluation.text import summary
from intona.features import front_end
from intona.features.extract import extract
from intona.models.task import Task
from intona.models.train import fit


@pytest.fixture(scope="module")
def normalised(corpus, svm, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTONA_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return evaluate(svm.normalised("speaker"), corpus, parse("loso"), Options(controls=True))


def test_the_answers_are_those_of_normalised_features(normalised, corpus) -> None:
    features = extract(corpus.table, front_end("classic")).astype(np.float64)
    speakers = corpus.table["speaker"].to_numpy()
    for name in corpus.speakers:
        features[speakers == name] = StandardScaler().fit_transform(features[speakers == name])
    truth = corpus.table["emotion"].to_numpy()
    for fold in parse("loso").folds(corpus.table):
        head = SVC(C=5.0).fit(features[fold.train], truth[fold.train])
        ours = normalised.predictions.loc[corpus.table.index[fold.test], "emotion"]
        assert (head.predict(features[fold.test]) == ours.to_numpy()).mean() > 0.95


def test_every_output_says_so(normalised, result, tmp_path) -> None:
    assert normalised.facts.transductive
    assert not normalised.leaky
    assert normalised.facts.protocol == "loso+normalise:speaker"
    assert normalised.facts.recipe_details["training"]["normalise"] == "speaker"
    assert summary(normalised).startswith("TRANSDUCTIVE: recordings under test were standardised")
    assert "<strong>TRANSDUCTIVE</strong>" in render(normalised, tmp_path)
    text = comparison_text(compare([("own", normalised), ("plain", result)]))
    assert text.startswith("TRANSDUCTIVE: own: ")
    assert "on the same folds (loso)" in text
    assert "TRANSDUCTIVE" not in summary(result) + render(result, tmp_path)


def test_the_probe_for_speakers_is_left_out_where_the_speaker_is_told(normalised, result) -> None:
    def names(run):
        return {control.name for control in run.facts.controls}

    assert names(result) - names(normalised) == {"speaker probe"}


def test_only_a_recipe_that_declares_it_is_told_who_speaks(corpus, svm) -> None:
    assert list(shown(svm.normalised("speaker"), corpus.table).columns) == ["speaker"]
    assert list(shown(svm, corpus.table).columns) == []


def test_no_model_file_can_be_made_of_it(corpus, svm, tmp_path) -> None:
    fitted = fit(Task(svm.normalised("speaker"), corpus.table))
    with pytest.raises(RecipeError, match="normalises by speaker"):
        fitted.export(tmp_path / "model.onnx", metadata={})
