from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pandas as pd
import pytest
import soundfile

from intona import corpora
from intona.audio import read
from intona.corpora import synthetic
from intona.errors import CorpusError, LeakError, UsageError
from intona.evaluation import evaluate_model
from intona.evaluation.enrolment import Enrolment
from intona.evaluation.report import write_report
from intona.evaluation.result import Evaluation
from intona.evaluation.text import summary
from intona.inference.enroll import enroll
from intona.inference.recognizer import Recognizer
from intona.models.artefact import read_model, write_model
from intona.models.train import train
from intona.tables import segmented_index


@pytest.fixture(scope="module")
def model(corpus, svm, tmp_path_factory):
    """A model of two of the four speakers."""
    heard = corpus.table["speaker"].isin(corpus.speakers[:2])
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    train(svm, replace(corpus, table=corpus.table[heard]), path)
    return path


@pytest.fixture(scope="module")
def unheard(corpus):
    return replace(corpus, table=corpus.table[corpus.table["speaker"].isin(corpus.speakers[2:])])


def test_a_model_is_tested_as_a_user_meets_it(model, unheard):
    result = evaluate_model(model, unheard)
    recognizer = Recognizer.load(model)
    file = unheard.table.index[0][0]
    expected = recognizer.predict(file)
    row = result.predictions.loc[file].iloc[0]
    assert row["confidence"] == pytest.approx(expected.confidence)
    assert row["emotion"] == expected.emotion
    assert [item["model"] for item in result.facts.mapping] == list(result.labels)
    # Other speakers of the corpus it was trained on: said, but no leak.
    assert not result.leaky
    assert "other speakers of ravdess" in result.facts.leaks.findings[0].text


def test_speakers_it_was_trained_on_are_refused(model, corpus):
    with pytest.raises(LeakError, match="trained on 2 of the speakers under test"):
        evaluate_model(model, corpus)
    assert evaluate_model(model, corpus, allow_leaks=True).leaky


def test_restricting_and_merging_work_on_both_sides(model, unheard):
    result = evaluate_model(
        model, unheard, emotions=("neutral", "angry"), merge={"happy": "angry", "sad": "neutral"}
    )
    assert result.labels == ("neutral", "angry")
    full = evaluate_model(model, unheard)
    np.testing.assert_allclose(
        result.predictions["angry"],
        full.predictions["angry"] + full.predictions["happy"],
        rtol=1e-6,  # what is left is made to sum to 1, in single precision
    )
    kept = evaluate_model(model, unheard, emotions=("happy", "sad"))
    assert set(kept.predictions["truth"]) == {"happy", "sad"}
    np.testing.assert_allclose(kept.predictions[["happy", "sad"]].sum(axis=1), 1.0)


def test_emotions_are_named_in_any_case_and_form(model, unheard):
    plain = evaluate_model(model, unheard, emotions=("happy", "angry"))
    other = evaluate_model(model, unheard, emotions=("Happy", "anger"), merge={"SAD": "Sadness"})
    pd.testing.assert_frame_equal(plain.predictions, other.predictions)


@pytest.fixture
def odd(unheard, tmp_path):
    """Utterances whose beginning is noise, and one that is nothing else."""
    noise = np.random.default_rng(0).normal(0, 0.02, 16_000).astype(np.float32)
    files = []
    for number, (file, _, _) in enumerate(unheard.table.index[:4]):
        clip = read(file, rate=16_000)
        sound = np.concatenate([noise, clip.samples]) if number else np.tile(noise, 3)
        files.append(tmp_path / f"{number}.wav")
        soundfile.write(files[-1], sound, 16_000)
    table = unheard.table.iloc[:4].set_axis(segmented_index(files))
    return replace(unheard, table=table)


def test_without_speech_there_is_no_answer_and_that_is_wrong(model, odd):
    result = evaluate_model(model, odd)
    recognizer = Recognizer.load(model)
    for (file, _, _), row in result.predictions.iterrows():
        expected = recognizer.predict(file)
        assert row["status"] == expected.status
        if expected.status == "no_speech":
            assert pd.isna(row["emotion"])
            assert row[list(result.labels)].tolist() == [1 / len(result.labels)] * 4
        else:
            assert row["emotion"] == expected.emotion
            assert row[list(result.labels)].to_dict() == pytest.approx(expected.probabilities)
    silent = result.predictions["status"] == "no_speech"
    assert silent.tolist() == [True, False, False, False]
    right = (result.predictions["truth"] == result.predictions["emotion"]).mean()
    assert result.metrics["weighted_average_recall"].value == pytest.approx(right)
    assert result.answers[-1] == "no speech"
    assert sum(row[-1] for row in result.confusion) == 1
    assert "In 1 of 4 utterances it finds no speech: that counts as wrong" in summary(result)


def test_an_evaluation_with_unanswered_rows_can_be_kept_and_shown(model, odd, tmp_path):
    result = evaluate_model(model, odd)
    page = write_report(result, tmp_path / "report")
    assert "no speech" in page.read_text(encoding="utf-8")
    again = Evaluation.load(tmp_path / "report")
    assert again.headline.value == result.headline.value
    assert again.confusion == result.confusion


def test_labels_the_model_does_not_know_are_left_out_in_the_open(model, tmp_path):
    folder = synthetic.corpus(
        tmp_path / "c", emotions=("happy", "fearful"), speakers=4, takes=1, style="ravdess"
    )
    other = corpora.load(folder)
    table = other.table.assign(speaker="ravdess-" + other.table["speaker"] + "x")
    result = evaluate_model(model, replace(other, table=table), allow_leaks=True)
    assert {row["corpus"]: row["model"] for row in result.facts.mapping} == {
        "happy": "happy",
        "fearful": None,
    }
    assert set(result.predictions["truth"]) == {"happy"}
    only = replace(other, table=table[table["emotion"] == "fearful"])
    with pytest.raises(CorpusError, match="nothing to compare"):
        evaluate_model(model, only)


def test_impossible_requests(model, unheard):
    with pytest.raises(UsageError, match="proud not in the corpus or the model: there are neutral"):
        evaluate_model(model, unheard, emotions=("proud",))
    with pytest.raises(UsageError, match="fewer than two"):
        evaluate_model(model, unheard, emotions=("happy",))
    table = unheard.table.assign(emotion=unheard.table["emotion"].replace("sad", "fearful"))
    with pytest.raises(UsageError, match="does not know fearful; it knows neutral"):
        evaluate_model(model, replace(unheard, table=table), emotions=("happy", "fearful"))
    with pytest.raises(CorpusError, match="which ravdess does not have"):
        evaluate_model(model, replace(unheard, table=unheard.table.drop(columns="emotion")))


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Two speakers that no model has met."""
    folder = tmp_path_factory.mktemp("others")
    for emotion in ("neutral", "angry", "sad"):
        for speaker in (30, 31):
            for take in range(3):
                sound = synthetic.utterance(emotion, speaker, take, seconds=1.2)
                path = folder / emotion / f"speaker{speaker}_{take}.wav"
                path.parent.mkdir(exist_ok=True)
                soundfile.write(path, sound.samples, sound.rate)
    return corpora.load(folder)


def answers_of(model, rows):
    """What `intona predict` says of each row."""
    return [model.predict(str(file)) for file in rows.index.get_level_values("file")]


def test_adapted_it_answers_as_predict_does(tiny_adaptable, others):
    adapting = evaluate_model(tiny_adaptable, others, enrolment=Enrolment.parse("adapt"))
    model = Recognizer.load(tiny_adaptable)
    files = [str(file) for file in others.table.index.get_level_values("file")]
    expected = answers_of(model.adapt(files), adapting.predictions)
    rows = adapting.predictions
    for (_, row), one in zip(rows.iterrows(), expected, strict=True):
        assert (row["emotion"], row["status"]) == (one.emotion, one.status)
        assert row[list(model.labels)].to_dict() == pytest.approx(one.probabilities, abs=1e-4)
        assert row["familiarity"] == pytest.approx(one.familiarity, abs=1e-4)
        assert row["arousal"] == pytest.approx(one.arousal, abs=1e-4)
    assert adapting.facts.transductive
    assert not adapting.leaky
    assert adapting.facts.protocol == "model+enrol:adapt"
    assert summary(adapting).startswith("TRANSDUCTIVE: ")
    plain = evaluate_model(tiny_adaptable, others)
    assert not plain.facts.transductive
    without = adapting.facts.enrolment.without["unweighted_average_recall"]["value"]
    assert without == plain.headline.value
    assert not np.allclose(plain.predictions["angry"], rows["angry"], atol=1e-3)


def test_an_enrolled_answer_is_what_a_profile_gives(tiny_adaptable, others):
    """Every utterance, scored with a profile of all the others, as `intona predict` scores it."""
    table, model = others.table, Recognizer.load(tiny_adaptable)
    first, second = sorted(table["speaker"].unique())
    found = evaluate_model(tiny_adaptable, others, enrolment=Enrolment("place", 9)).predictions
    heard = table[table["speaker"] == first].index.get_level_values("file")
    profile = enroll(model, [str(name) for name in heard], name="there", speech="place")
    assert profile.count == 9
    theirs = found[found["speaker"] == second]
    for (_, row), one in zip(
        theirs.iterrows(), answers_of(model.adapted(profile), theirs), strict=True
    ):
        assert row[list(model.labels)].to_dict() == pytest.approx(one.probabilities, abs=1e-4)
    # Neutral speech of the speaker: what it usually lacks is added.
    found = evaluate_model(tiny_adaptable, others, enrolment=Enrolment("neutral", 3)).predictions
    own = table[(table["speaker"] == first) & (table["emotion"] == "neutral")]
    profile = enroll(model, [str(name) for name in own.index.get_level_values("file")], name="x")
    theirs = found[(found["speaker"] == first) & (found["truth"] != "neutral")]
    for (_, row), one in zip(
        theirs.iterrows(), answers_of(model.adapted(profile), theirs), strict=True
    ):
        assert row[list(model.labels)].to_dict() == pytest.approx(one.probabilities, abs=1e-4)


def test_a_restricted_answer_is_sure_where_the_narrowed_model_is(tiny_adaptable, others, tmp_path):
    """The confidence that is asked for depends on familiarity, whatever the labels."""
    _, metadata = read_model(tiny_adaptable)
    # What is familiar is always sure, what is not never; these voices are not.
    changed = {**metadata, "thresholds": [1.0, 0.0], "threshold": 0.0}
    path = write_model(onnx.load(tiny_adaptable), changed, tmp_path / "strict.onnx")
    result = evaluate_model(path, others, emotions=("angry", "sad"))
    model = Recognizer.load(path).narrowed(["sad", "angry"])
    expected = [one.status for one in answers_of(model, result.predictions)]
    assert result.predictions["status"].tolist() == expected
    assert set(expected) == {"unsure"}


def test_a_model_that_cannot_adapt_is_not_evaluated_so(model, unheard):
    with pytest.raises(UsageError, match="cannot be adapted"):
        evaluate_model(model, unheard, enrolment=Enrolment.parse("adapt"))
