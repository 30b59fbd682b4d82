"""Encoder recipes end to end on a tiny random encoder and synthetic voices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intona import corpora, recipes
from intona.audio import read
from intona.corpora.base import Corpus
from intona.enroll import enroll
from intona.errors import RecipeError
from intona.features.embedding import Embedding
from intona.models.speakers import statistics
from intona.recognizer import Recognizer
from intona.synthetic import corpus as synthetic_corpus
from intona.train import Enrollable, Fitted, fit

torch = pytest.importorskip("torch")
LABELS = {"version": "0", "corpora": {}, "licence": "none", "name": "test", "seed": 0}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.torch import save_file

    from intona.models.whisper import WhisperEncoder

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("encoder") / "encoder.safetensors"
    save_file(WhisperEncoder(2, 128, 256).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("voices")
    return corpora.load(synthetic_corpus(folder, speakers=3, takes=2, emotions=("sad", "angry")))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTONA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def recipe(encoder: Path, **training: Any) -> recipes.Recipe:
    plan = recipes.load("encoder-lr")
    front = {**plan.front_end, "model": str(encoder), "layers": [1, 2], "level": True}
    return replace(plan, front_end=front, training={**plan.training, **training})


@pytest.fixture(scope="module")
def fitted(encoder: Path, voices: Corpus) -> Fitted:
    return fit(recipe(encoder), voices.table)


@pytest.fixture(scope="module")
def artefact(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted.export(tmp_path_factory.mktemp("model") / "model.onnx", metadata=LABELS)


def test_the_graph_says_what_torch_says(fitted: Fitted, artefact: Path, voices: Corpus) -> None:
    files = voices.table.index.get_level_values("file")
    model = Recognizer.load(artefact)
    signals = [read(file, rate=16_000).samples for file in files]
    # Eight-bit weights on random numbers; the bundled model is held to 1e-3 elsewhere.
    found = model.probabilities(signals, 16_000)
    assert np.abs(found - fitted.probabilities(voices.table)).max() < 2e-2
    assert model.embedding(signals[:2], 16_000).shape == (2, 4 * 128)


def test_an_enrolled_speaker_is_heard_alike_in_the_graph(
    encoder: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("speakers")
    many = corpora.load(
        synthetic_corpus(folder, speakers=4, takes=2, emotions=("neutral", "angry"))
    )
    model = fit(recipe(encoder), many.table)
    assert isinstance(model, Enrollable)
    found = Recognizer.load(model.export(tmp_path / "many.onnx", metadata=LABELS))
    files = many.table.index.get_level_values("file")[:4]
    signals = [read(file, rate=16_000).samples for file in files]
    expected = model.voice_scores(many.table)
    assert set(expected) == {"neutral", "mixed"}
    for kind, values in expected.items():
        known = statistics(found, kind)
        heard = found.voice_scores(signals, 16_000, known["output"])
        assert np.abs(heard - values[:4]).max() < 0.1
        profile = enroll(found, list(map(str, files)), name="me", speech=kind)
        adapted = found.adapted(profile)
        assert adapted.threshold == known["threshold"]
        moved = heard + profile.shift(found)
        answers = adapted.probabilities(signals, 16_000)
        assert (answers.argmax(axis=1) == moved.argmax(axis=1)).all()
        np.testing.assert_allclose(answers.sum(axis=1), 1.0)
    # Another head on this model's embedding speaks other labels: its outputs are its own.
    plan = recipes.load("head")
    own = replace(plan, front_end={"name": "default", "model": str(tmp_path / "many.onnx")})
    few = corpora.load(
        synthetic_corpus(folder / "few", speakers=3, takes=2, emotions=("sad", "angry"))
    )
    head = fit(own, few.table).export(tmp_path / "head.onnx", metadata=LABELS)
    assert Recognizer.load(head)._outputs == {"probabilities", "embedding"}


def test_a_batch_of_mixed_lengths_is_its_rows(artefact: Path, voices: Corpus) -> None:
    import onnxruntime

    rng = np.random.default_rng(0)
    file = voices.table.index.get_level_values("file")[0]
    signals = [
        read(file, rate=16_000).samples,
        (0.1 * rng.standard_normal(4800)).astype(np.float32),
        np.r_[np.zeros(3000), 0.2 * rng.standard_normal(7001)].astype(np.float32),
    ]
    session = onnxruntime.InferenceSession(artefact, providers=["CPUExecutionProvider"])
    longest = max(map(len, signals))
    batch = np.stack([np.pad(signal, (0, longest - len(signal))) for signal in signals])
    together = session.run(None, {"waveform": batch})
    alone = [session.run(None, {"waveform": signal[None]}) for signal in signals]
    for output in range(2):
        rows = np.concatenate([one[output] for one in alone])
        assert np.abs(together[output] - rows).max() < 1e-4


@pytest.mark.parametrize("samples", [1, 100, 3000])
def test_silence_and_scraps_give_probabilities(artefact: Path, samples: int) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(artefact, providers=["CPUExecutionProvider"])
    for signal in (np.zeros((1, samples), np.float32), np.ones((1, samples), np.float32)):
        (values,) = session.run(["probabilities"], {"waveform": signal})
        assert values.sum() == pytest.approx(1.0, abs=1e-4)


def test_loudness_does_not_matter(artefact: Path) -> None:
    signal = (0.1 * np.random.default_rng(1).standard_normal(16_000)).astype(np.float32)
    model = Recognizer.load(artefact)
    assert np.allclose(
        model.embedding([signal], 16_000), model.embedding([signal * 0.05], 16_000), atol=1e-3
    )


def test_a_head_on_the_embedding(artefact: Path, voices: Corpus, tmp_path: Path) -> None:
    """Own labels on somebody's model: one new file, whose answers are the head's."""
    plan = recipes.load("head")
    plan = replace(plan, front_end={"name": "default", "model": str(artefact)})
    table = voices.table.assign(emotion=voices.table["emotion"].map({"sad": "low", "angry": "up"}))
    head = fit(plan, table)
    path = head.export(tmp_path / "own.onnx", metadata=LABELS)
    model = Recognizer.load(path)
    assert set(model.labels) == {"low", "up"}
    signals = [read(file, rate=16_000).samples for file in table.index.get_level_values("file")]
    found = model.probabilities(signals, 16_000)
    assert np.abs(found - head.probabilities(table)).max() < 1e-4
    assert model.metadata["base"]["licence"] == "none"
    assert Embedding(str(path)).names == Embedding(str(artefact)).names


TUNING = {"epochs": 2, "batch": 4, "rate": 1e-3, "warm_up": 1}


def test_fine_tuning_interrupted_goes_on_where_it_was(
    encoder: Path, voices: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after the first epoch and begun again: the same weights as in one go."""
    from intona.models import tuning

    plan = recipe(encoder, tuning=TUNING, calibration_folds=0)

    def stop(path: Path, *state: Any) -> None:
        store(path, *state)
        raise KeyboardInterrupt

    def weights() -> Any:
        return fit(plan, voices.table).front_end.parameters["weights"]

    store = tuning.store
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path / "one"))
    monkeypatch.setattr(tuning, "store", stop)
    with pytest.raises(KeyboardInterrupt):
        weights()
    monkeypatch.setattr(tuning, "store", store)
    resumed = weights()
    assert resumed == weights()
    monkeypatch.setenv("INTONA_CACHE", str(tmp_path / "two"))
    assert resumed == weights()
    assert resumed != fit(recipe(encoder), voices.table).front_end.parameters["weights"]


def test_fine_tuning_is_found_again_after_a_start_that_differs_in_the_last_bits(
    encoder: Path, voices: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another number of threads adds up in another order; hours of work must not be lost to it."""
    from intona.models import linear_head, tuning

    plan = recipe(encoder, tuning=TUNING, calibration_folds=0)
    before = fit(plan, voices.table).front_end.parameters["weights"]
    solve = linear_head.softmax_regression

    def nearly(*args: Any, **options: Any) -> Any:
        matrix, bias = solve(*args, **options)
        return matrix * np.float32(1.0 + 1e-6), bias

    def never(*_: Any) -> None:
        raise AssertionError("fine-tuned again")

    monkeypatch.setattr(linear_head, "softmax_regression", nearly)
    monkeypatch.setattr(tuning, "_step", never)
    assert fit(plan, voices.table).front_end.parameters["weights"] == before
    other = replace(plan, model={**plan.model, "C": 0.1})
    with pytest.raises(AssertionError, match="again"):
        fit(other, voices.table)


def test_the_tuned_layer_answers_alike_wherever_it_is(
    encoder: Path, voices: Corpus, tmp_path: Path
) -> None:
    """In training, put back into the encoder, and in the graph."""
    from intona.features.encoder import Encoder
    from intona.models.known import Known
    from intona.models.linear_model import _solver
    from intona.models.material import gather

    plan = recipe(encoder, tuning=TUNING, sounds_without_voice=8)
    settings = {key: value for key, value in plan.front_end.items() if key != "name"}
    front, table = Encoder(**settings), voices.table
    known = Known.of(table, "emotion", ("sad", "angry"), {})
    material = gather(front, table, known, plan.training, 0, 1, None)
    everything = np.arange(len(table))
    solution = _solver(front, material, 0.01, plan.training, 0, None)(everything)
    own = solution.scores(material, everything)
    signals = [read(file, rate=16_000).samples for file, *_ in table.index]
    changed = solution.encoder(front)
    rows = np.stack([changed(signal, 16_000) for signal in signals])
    assert np.abs(solution.head.scores(rows) - own).max() < 2e-3  # frames kept in two bytes
    still = np.stack([front(signal, 16_000) for signal in signals])
    assert np.abs(rows - still).max() > 1e-3

    model = fit(plan, table)
    exported = Recognizer.load(model.export(tmp_path / "model.onnx", metadata=LABELS))
    found = exported.probabilities(signals, 16_000)
    assert np.abs(found - model.probabilities(table)).max() < 2e-2


def test_what_is_kept_lies_between_the_start_and_the_tuned(encoder: Path, voices: Corpus) -> None:
    def head(share: float) -> Any:
        tuning = {**TUNING, "share": share}
        return fit(recipe(encoder, tuning=tuning, calibration_folds=0), voices.table).head

    start, half, whole = head(0.0), head(0.5), head(1.0)
    frozen = fit(recipe(encoder), voices.table).head
    assert start.weights == pytest.approx(frozen.weights, abs=1e-7)
    assert half.weights == pytest.approx((start.weights + whole.weights) / 2, abs=1e-6)
    assert np.abs(whole.weights - start.weights).max() > 1e-3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"training": {"epochs": 3}}, "unknown training options epochs"),
        ({"training": {"tuning": {"layers": 3}}}, "training.tuning"),
        (
            {"training": {"tuning": {}}, "front_end": {"name": "default"}},
            "training.tuning needs the front end encoder",
        ),
        ({"front_end": {"name": "classic"}}, "the front end encoder or default"),
        ({"model": {"kind": "linear", "gamma": 1}}, "takes C alone"),
    ],
)
def test_what_a_recipe_must_not_say(
    encoder: Path, voices: Corpus, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecipeError, match=words):
        fit(replace(recipe(encoder), **change), voices.table)


def test_sounds_without_a_voice_leave_it_undecided(encoder: Path, voices: Corpus) -> None:
    from intona.models.nothing import sounds_without_voice

    unseen = list(sounds_without_voice(12, seed=1))

    def confidence(plan: recipes.Recipe) -> float:
        model: Any = fit(plan, voices.table)
        rows = np.stack([model.front_end(sound, 16_000) for sound in unseen])
        scores = model.head.scores(rows)
        return float(np.abs(scores[:, 0] - scores[:, 1]).mean())

    taught = recipe(encoder, sounds_without_voice=24)
    assert confidence(taught) < 0.5 * confidence(recipe(encoder))


def test_numbers_are_not_learned(encoder: Path, voices: Corpus) -> None:
    table = voices.table.assign(arousal=1.0)
    with pytest.raises(RecipeError, match="not numbers"):
        fit(recipe(encoder), table, target="arousal")


def test_augmentation_changes_the_head_alone(encoder: Path, voices: Corpus, fitted: Fitted) -> None:
    steps = [{"name": "white_noise", "snr": 5.0}]
    robust = fit(recipe(encoder, augmentation=steps, augmented_copies=2), voices.table)
    assert robust.front_end.parameters == fitted.front_end.parameters
    assert robust.head.weights.shape == fitted.head.weights.shape
    assert not np.allclose(robust.head.centre, fitted.head.centre)
    none = fit(recipe(encoder, augmentation=[], augmented_copies=2), voices.table)
    assert np.array_equal(none.head.weights, fitted.head.weights)


def test_copies_that_change_nothing_give_the_same_head(
    encoder: Path, voices: Corpus, fitted: Fitted
) -> None:
    steps = [{"name": "gain", "db": 0.0}]
    same = fit(recipe(encoder, augmentation=steps, augmented_copies=3), voices.table)
    assert same.head.centre == pytest.approx(fitted.head.centre, abs=1e-5)
    assert same.probabilities(voices.table) == pytest.approx(
        fitted.probabilities(voices.table), abs=1e-3
    )
