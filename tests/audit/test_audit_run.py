from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from intona import corpora
from intona.audit import (
    AuditedModel,
    AuditOptions,
    Context,
    Dataset,
    choose_speakers,
    run,
    summary,
    write,
)
from intona.audit.model import chance
from intona.audit.predictions import Predictions
from intona.audit.prepare import prepare
from intona.audit.run import TESTS, choose
from intona.audit.suite import Suite
from intona.corpora import synthetic
from intona.corpora.base import table
from intona.errors import CorpusError, LeakError, UsageError
from intona.inference.recognizer import load
from intona.models import recipes
from intona.models.train import train
from intona.parallel import Local


@pytest.fixture(scope="module")
def model(voices, tmp_path_factory):
    """A model trained on two of the four synthetic speakers."""
    path = tmp_path_factory.mktemp("model") / "small.onnx"
    corpus = corpora.load(voices)
    table = choose_speakers(corpus.table, ["ravdess-01", "02"])
    train(recipes.load("classic-svm"), replace(corpus, table=table), path)
    return path


@pytest.fixture(scope="module")
def held_out(voices):
    return Dataset.of(choose_speakers(corpora.load(voices).table, ["ravdess-0[34]"]))


@pytest.fixture(scope="module")
def result(model, held_out):
    options = AuditOptions(
        ("classification", "small-changes", "position", "sample-rate", "abstention"), clips=4
    )
    return run([AuditedModel.of(load(model), "small")], held_out, options)


def test_all_chosen_tests_are_run_for_the_model_and_the_guesser(result):
    assert [model.name for model in result.models] == ["small", "random"]
    mine, guessed = ({outcome.key for outcome in outcomes} for outcomes in result.outcomes)
    assert mine == guessed
    assert {key[1] for key in mine} == {
        "classification",
        "small-changes",
        "position",
        "sample-rate",
        "abstention",
    }
    assert result.ranking()[0][0] == "small"


@pytest.mark.slow
def test_the_same_seed_gives_the_same_outcomes_on_two_processes(model, held_out):
    options = AuditOptions(("background-noise", "room"), clips=3)
    audited = AuditedModel.of(load(model), "small")
    alone = run([audited], held_out, options)
    together = run([audited], held_out, replace(options, on=Local(2)))
    assert [o.value for o in alone.outcomes[0]] == [o.value for o in together.outcomes[0]]


def test_report_and_json(result, tmp_path):
    context = Context("made", ("trained on the same",), ("a note",))
    page = write(result, context, tmp_path / "report")
    text = page.read_text()
    assert "LEAKY: trained on the same" in text
    assert "a note" in text
    assert text.count("<audio") == 2 * len(result.changes)
    assert 'src="http' not in text
    assert 'href="http' not in text
    data = json.loads((tmp_path / "report" / "audit.json").read_text())
    assert data["ranking"][0] == "small"
    assert data["sampled"] == 4
    first = data["models"][0]
    assert first["run"] == len(first["outcomes"]) == len(result.outcomes[0])
    assert first["passed"] == sum(outcome["passed"] for outcome in first["outcomes"])
    assert "NaN" not in (tmp_path / "report" / "audit.json").read_text()
    lines = summary(result, context)
    assert lines.startswith("LEAKY: trained on the same")
    assert "small failed:" in lines


def test_a_report_cannot_replace_a_file(result, tmp_path):
    (tmp_path / "taken").write_text("here")
    with pytest.raises(UsageError, match=r"cannot make the folder .*taken: File exists"):
        write(result, Context("made"), tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "here"


def test_own_noises_and_rooms(model, held_out, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("noises", "rooms"):
        (tmp_path / name).mkdir()
        sound = rng.standard_normal(4_000) * np.exp(-np.arange(4_000) / 800)
        soundfile.write(tmp_path / name / "one.wav", 0.2 * sound, 16_000)
    options = AuditOptions(("background-noise", "room"), 2, tmp_path / "noises", tmp_path / "rooms")
    found = run([AuditedModel.of(load(model), "small")], held_out, options)
    cases = {outcome.case for outcome in found.outcomes[0]}
    assert {"your noises 20 dB", "your rooms"} <= cases


def test_speakers_seen_in_training_are_refused(model, voices):
    with pytest.raises(LeakError, match="trained on 2 of the speakers"):
        prepare([model, voices])
    assert prepare([model, voices], allow_leaks=True).context.leaky
    clean = prepare([voices, model], speakers=["ravdess-0[34]"])
    assert clean.context.leaky == ()
    assert len(clean.dataset.names) == 2


def test_emotions_are_merged_and_restricted_on_both_sides(model, voices):
    ready = prepare(
        [model, voices],
        speakers=["03"],
        emotions=["neutral", "angry"],
        merge={"happy": "angry", "sad": "neutral"},
    )
    (audited,) = ready.models
    assert audited.labels == ("neutral", "angry")
    assert set(ready.dataset.column("emotion")) == {"neutral", "angry"}
    case = Suite(ready.dataset, np.arange(0), ()).case(0, ready.models)
    both = case.run().values[0][0]
    four = load(model).predict(case.utterance.file).probabilities
    assert both[0] == pytest.approx(four["neutral"] + four["sad"])


def test_emotions_are_named_in_any_case_and_form(model, voices):
    ready = prepare([model, voices], speakers=["03"], emotions=["Happy", "anger"])
    assert ready.models[0].labels == ("happy", "angry")
    assert set(ready.dataset.column("emotion")) == {"happy", "angry"}


def test_an_audit_measures_what_predict_answers(model, tmp_path):
    """Also where a recording begins with noise, is longer than 30 s, or holds no speech."""
    noise = np.random.default_rng(0).normal(0, 0.02, 24_000).astype(np.float32)
    speech = synthetic.utterance("happy", 2, seconds=3.0, rate=16_000).samples
    sounds = {
        "spoken": speech,
        "late": np.concatenate([noise, speech]),
        "long": np.concatenate([noise, np.tile(speech, 12)]),
        "noise": noise,
    }
    for name, sound in sounds.items():
        soundfile.write(tmp_path / f"{name}.wav", sound, 16_000)
    rows = [
        {"file": tmp_path / f"{name}.wav", "emotion": "happy", "speaker": "s", "corpus": "c"}
        for name in sounds
    ]
    dataset = Dataset.of(table(rows))
    audited, recognizer = AuditedModel.of(load(model), "small"), load(model)
    (found,), _ = Suite(dataset, np.arange(0), ()).run([audited])
    statuses = []
    for place, values in zip(dataset.utterances, found.original, strict=True):
        expected = recognizer.predict(place.file)
        statuses.append(expected.status)
        probabilities = dict(zip(audited.labels, values, strict=True))
        assert probabilities == pytest.approx(expected.probabilities, abs=1e-5, nan_ok=True)
    assert sorted(statuses)[0] == "no_speech"
    assert statuses.count("no_speech") == 1
    decisions = Predictions(audited, dataset, found.original).decisions()
    assert (decisions == -1).tolist() == [status == "no_speech" for status in statuses]


def test_a_model_of_numbers(voices, tmp_path):
    corpus = corpora.load(voices)
    energy = {"neutral": 0.45, "sad": 0.2, "happy": 0.7, "angry": 0.85}
    table = corpus.table.assign(arousal=corpus.table["emotion"].map(energy).astype(float))
    train(recipes.load("classic-svm"), replace(corpus, table=table), tmp_path / "a.onnx",
          target="arousal")  # fmt: skip
    audited = AuditedModel.of(load(tmp_path / "a.onnx"), "arousal")
    assert audited.numeric
    chosen = ("regression", "consistency", "sex", "phone", "abstention")
    result = run([audited], Dataset.of(table), AuditOptions(chosen, clips=4))
    found = {outcome.metric: outcome for outcome in result.outcomes[0]}
    assert found["concordance correlation of arousal"].value > 0.5
    assert "arousal in the high range" in found
    assert "change of CCC" in found
    assert "difference in concordance correlation" in found
    assert [model.name for model in result.models] == ["arousal", "random"]
    write(result, Context("made"), tmp_path / "report")


def test_a_model_without_the_labels(model, voices):
    with pytest.raises(UsageError, match="fewer than two"):
        prepare([model, voices], speakers=["03"], emotions=["happy"])
    some = {"neutral": "bored", "sad": None, "happy": "happy", "angry": "happy"}
    assert AuditedModel.of(load(model), "some", some).labels == ("happy", "bored")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, v: prepare([m]), UsageError, "needs a corpus"),
        (lambda m, v: prepare([m, v], speakers=["99"]), CorpusError, "no speaker '99'"),
        (
            lambda m, v: prepare([m, v], emotions=["proud"]),
            UsageError,
            "proud not in the",
        ),
        (lambda m, v: choose(["manners"]), UsageError, "no test 'manners'"),
        (lambda m, v: run([], Dataset.of(corpora.load(v).table)), UsageError, "no model"),
    ],
)
def test_mistakes(model, voices, call, error, message):
    with pytest.raises(error, match=message):
        call(model, voices)


def test_models_must_predict_the_same(model, held_out):
    one = AuditedModel.of(load(model), "one")
    with pytest.raises(UsageError, match="bring them together"):
        run([one, replace(one, name="two", labels=("happy", "sad"))], held_out)
    with pytest.raises(UsageError, match="same name"):
        run([one, one], held_out)


def test_chance_is_uniform_or_a_truncated_normal():
    rng = np.random.default_rng(0)
    guesses = chance(AuditedModel("r", ("a", "b", "c", "d"), False, None, None), 8_000, rng)
    assert guesses.sum(axis=1) == pytest.approx(np.ones(8_000))
    assert guesses.mean(axis=0) == pytest.approx(np.full(4, 0.25), abs=0.02)
    numbers = chance(AuditedModel("r", ("arousal",), True, None, None), 8_000, rng)[:, 0]
    assert 0 <= numbers.min() <= numbers.max() <= 1
    assert numbers.mean() == pytest.approx(0.5, abs=0.01)
    assert numbers.std() == pytest.approx(1 / 6, abs=0.01)


def test_the_sample_is_even_over_emotions_and_speakers(voices):
    dataset = Dataset.of(corpora.load(voices).table)
    rows = dataset.sample(16, seed=3)
    few = dataset.take(rows)
    pairs = set(zip(few.column("emotion"), few.column("speaker"), strict=True))
    assert len(pairs) == 16
    assert dataset.sample(10_000, 0).tolist() == list(range(len(dataset)))


def test_a_model_that_always_says_the_same_is_called_out(model, held_out, monkeypatch):
    audited = AuditedModel.of(load(model), "stubborn")
    one = np.eye(len(audited.labels))[0]
    monkeypatch.setattr(
        AuditedModel, "predict", lambda self, clips: np.tile(one, (len(list(clips)), 1))
    )
    found = run([audited], held_out, AuditOptions(("silence",), clips=3))
    assert "stubborn answers" in found.warnings[0]


def test_every_family_has_tests():
    assert list(TESTS) == ["correctness", "fairness", "robustness", "everyday"]
    names = [name for tests in TESTS.values() for name in tests]
    assert "abstention" in names
    assert "recording-condition" in names


def test_the_command(intona, model, voices, tmp_path):
    done = intona(
        "audit", model, voices, "--speakers", "03,04", "--tests", "gain,silence", "--clips", 2
    )
    assert done.code == 2
    assert "no test 'gain'" in done.err
    done = intona(
        "audit", model, voices, "--speakers", "03,04", "--tests", "silence", "--clips", 2,
        "--report", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "small   passed" in done.out
    assert (tmp_path / "out" / "report.html").exists()
    assert intona("audit", model, voices).code == 1


def test_a_table_is_read_as_it_is_said_to_be(model, voices, tmp_path):
    table = tmp_path / "own.csv"
    rows = [f"{file},{file.parent.name},happy" for file in sorted(voices.rglob("*.wav"))]
    table.write_text("\n".join(["clip,who,feeling", *rows]) + "\n")
    columns = {"columns": "file=clip,speaker=who,emotion=feeling"}
    found = prepare([model, table], options=columns, allow_leaks=True)
    assert len(found.dataset.utterances) == len(rows)
    assert found.dataset.names == tuple(f"own-Actor_0{number}" for number in range(1, 5))
