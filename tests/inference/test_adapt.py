"""Adapting to recordings: an even, bounded sample; the same answer however it is computed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from fakes import FakeRecognizer
from intona.audio import Audio, read
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError
from intona.inference import timeline as timelines
from intona.inference import turns
from intona.inference.adapt import (
    FEWEST,
    Following,
    sample,
    spread,
    statistics_of,
    utterances,
)
from intona.inference.batch import predict_folder
from intona.inference.choice import Choice
from intona.inference.clip import UTTERANCE
from intona.inference.notice import Notice
from intona.inference.parts import errors_of
from intona.inference.recognizer import Recognizer, load
from intona.inference.stream import Stream
from intona.inference.timeline import timeline
from intona.models.adaptation import Statistics
from intona.parallel import Local
from intona.tables import Event, Prediction

RATE = 16_000


@pytest.fixture(scope="module")
def model(tiny_adaptable: Path) -> Recognizer:
    return load(tiny_adaptable)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for k, emotion in enumerate(("sad", "happy", "angry", "neutral", "sad", "angry", "happy")):
        clip = synthetic.utterance(emotion, speaker=20 + k, seconds=1.0)
        (folder / f"{k % 2}").mkdir(exist_ok=True)
        soundfile.write(folder / f"{k % 2}" / f"{k}.wav", clip.samples, RATE)
    (folder / "0" / "text.wav").write_text("no audio")
    return folder


def conversation(seconds: float = 5.0) -> Audio:
    parts = []
    for emotion in ("angry", "sad", "neutral"):
        parts.append(synthetic.utterance(emotion, seconds=seconds).samples)
        parts.append(np.zeros(RATE // 2, np.float32))
    return Audio(np.concatenate(parts), RATE)


def test_a_sample_is_even_bounded_and_has_no_order(tmp_path: Path) -> None:
    files = [tmp_path / f"{k % 8}" / f"{k:03}.wav" for k in range(400)]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    found = sample([tmp_path], 100)
    assert len(found) == len(set(found)) == 100
    random.Random(1).shuffle(files)
    assert sample(files, 100) == found
    assert (
        sample([tmp_path / "3", *(tmp_path / f"{k}" for k in (7, 6, 5, 4, 2, 1, 0))], 100) == found
    )
    shares = Counter(Path(str(file)).parent for file in found)
    assert len(shares) == 8
    assert 4 <= min(shares.values()) <= max(shares.values()) <= 25
    # A file more changes the sample by one file at most.
    (tmp_path / "0" / "more.wav").touch()
    assert len(set(sample([tmp_path], 100)) ^ set(found)) <= 2
    assert sample(files[:5], 100) == sorted(files[:5])


def test_what_is_spread_is_even_and_bounded() -> None:
    for count in (1, 5, 16, 17, 100, 1000):
        kept = spread(range(count), 16)  # type: ignore[arg-type]
        steps = np.diff(kept)  # type: ignore[arg-type]
        assert len(kept) <= 16
        assert len(kept) >= min(count, 8)
        assert len(set(steps)) <= 1
    held = 0

    class Item:
        def __init__(self) -> None:
            nonlocal held
            held += 1
            assert held < 40

        def __del__(self) -> None:
            nonlocal held
            held -= 1

    spread((Item() for _ in range(500)), 16)  # type: ignore[misc]


def test_a_long_recording_is_divided_and_a_clip_is_not() -> None:
    clip = synthetic.utterance("sad", seconds=2.0)
    assert list(utterances(clip)) == [clip]
    assert list(utterances(Audio(np.full(RATE, 1e-4, np.float32), RATE))) == []
    parts = list(utterances(conversation(), 3.0))
    assert len(parts) >= 6
    assert all(0.5 <= part.duration <= 3.0 + 1e-6 for part in parts)
    assert max(part.duration for part in utterances(conversation(9.5))) <= UTTERANCE


def test_it_is_adapted_to_the_embeddings_of_what_it_hears(model: Recognizer, clips: Path) -> None:
    files = sorted(clips.rglob("[0-9].wav"))
    rows = model.embedding([read(file).samples for file in files], RATE)
    expected = Statistics.of(rows)
    found = statistics_of(model, [clips])  # what cannot be read is left out
    assert found.count == 7
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-4)
    np.testing.assert_allclose(found.deviation, expected.deviation, atol=1e-4)
    adapted = model.adapt([clips])
    assert adapted.adapted_to == 7
    centre, scale = expected.standardisation()
    np.testing.assert_allclose(adapted._inputs["centre"], centre, atol=1e-4)
    np.testing.assert_allclose(adapted._inputs["scale"], scale, atol=1e-4)
    prediction = adapted.predict(files[0])
    assert prediction.adapted == 7
    assert prediction.familiarity == pytest.approx(model.predict(files[0]).familiarity, abs=1e-6)
    assert prediction.probabilities != pytest.approx(
        model.predict(files[0]).probabilities, abs=1e-3
    )
    # The model itself is as it was, and so is the copy that is adapted to nothing.
    assert model.predict(files[0]).adapted == 0
    assert adapted.adapted(None).predict(files[0]) == model.predict(files[0])


def test_order_does_not_matter_to_it(model: Recognizer, clips: Path) -> None:
    files = sorted(clips.rglob("*.wav"))
    first = statistics_of(model, files)
    second = statistics_of(model, files[::-1])
    np.testing.assert_array_equal(first.mean, second.mean)
    np.testing.assert_array_equal(first.deviation, second.deviation)
    few = statistics_of(model, files, most=3)
    assert few.count <= 3


def test_nothing_to_adapt_to_is_an_error(
    model: Recognizer, tiny_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(AudioError, match="no speech in these recordings"):
        model.adapt([Audio(np.full(RATE, 1e-4, np.float32), RATE)])
    with pytest.raises(UsageError, match="cannot be adapted"):
        load(tiny_model).adapt([synthetic.utterance("sad")])


def tables(out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.read_parquet(out), pd.read_parquet(errors_of(out))


ADAPTED = Choice(adapt=True, emotions=("happy", "sad", "angry"))


@pytest.fixture(scope="module")
def expected(
    tiny_adaptable: Path, clips: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pd.DataFrame, pd.DataFrame]:
    out = tmp_path_factory.mktemp("expected") / "r.parquet"
    predict_folder(tiny_adaptable, [clips], out, choice=ADAPTED)
    return tables(out)


def test_a_folder_is_judged_as_the_adapted_model_judges(
    model: Recognizer, clips: Path, expected: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    table = expected[0]
    asked = model.adapt([clips]).narrowed(["happy", "sad", "angry"])
    assert set(table["adapted"]) == {7}
    for (file, _, _), row in table.iterrows():  # type: ignore[misc]
        found = asked.predict(file)
        assert row["emotion"] == found.emotion
        assert row[["happy", "sad", "angry"]].to_dict() == pytest.approx(
            found.probabilities, abs=1e-5
        )
    assert len(expected[1]) == 1


@pytest.mark.parametrize(("workers", "shard"), [(1, 2), (2, 3)])
def test_workers_do_not_change_it(
    tiny_adaptable: Path,
    clips: Path,
    expected: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path: Path,
    workers: int,
    shard: int,
) -> None:
    out = tmp_path / "r.parquet"
    predict_folder(tiny_adaptable, [clips], out, choice=ADAPTED, on=Local(workers), shard=shard)
    same(tables(out), expected)


def same(found: tuple[pd.DataFrame, ...], expected: tuple[pd.DataFrame, ...]) -> None:
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=0, atol=5e-6)


class Killed(BaseException):
    pass


def killed(monkeypatch: pytest.MonkeyPatch, model: Path, clips: Path, out: Path) -> None:
    """Leave a run after its second part."""
    from intona.inference.parts import Parts

    written = []
    original = Parts.write

    def write(self: Parts, key: str, rows: list) -> None:
        original(self, key, rows)
        written.append(key)
        if len(written) == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "write", write)
        with pytest.raises(Killed):
            predict_folder(model, [clips], out, choice=ADAPTED, shard=2)


def test_a_run_that_was_killed_goes_on_to_the_same_table(
    tiny_adaptable: Path,
    clips: Path,
    expected: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "r.parquet"
    killed(monkeypatch, tiny_adaptable, clips, out)
    summary = predict_folder(tiny_adaptable, [clips], out, choice=ADAPTED, shard=2)
    assert summary.resumed == 4
    same(tables(out), expected)


def test_parts_of_another_adaptation_are_not_mixed_in(
    tiny_adaptable: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, more = tmp_path / "r.parquet", tmp_path / "more.wav"
    killed(monkeypatch, tiny_adaptable, clips, out)
    soundfile.write(more, synthetic.utterance("angry", 50, seconds=1.0).samples, RATE)
    for paths, choice in (
        ([clips, more], ADAPTED),
        ([clips], Choice(emotions=ADAPTED.emotions)),
        ([clips], Choice(adapt=True)),
    ):
        with pytest.raises(UsageError, match="asked otherwise or adapted to other recordings"):
            predict_folder(tiny_adaptable, paths, out, choice=choice, shard=2)


@pytest.mark.parametrize("block", [0.7, 3.0, 10.0])
def test_a_timeline_adapts_to_itself_whatever_the_blocks(
    model: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: float
) -> None:
    path = tmp_path / "talk.wav"
    soundfile.write(path, conversation().samples, RATE, subtype="FLOAT")
    plain = timeline(model, path)
    expected = timeline(model, path, adapt=True)
    monkeypatch.setattr(turns, "BLOCK", block)
    found = timeline(model, path, adapt=True)
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=1e-5)
    assert (found["adapted"] > 3).all()
    assert not (plain["adapted"] > 0).any()
    assert not np.allclose(found["angry"].mean(), plain["angry"].mean(), atol=1e-3)
    with open(path, "rb") as file:  # a file object is read twice too
        twice = timeline(model, file, adapt=True)
    pd.testing.assert_frame_equal(twice.reset_index(drop=True), found.reset_index(drop=True))


def test_each_recording_of_many_adapts_to_itself(tmp_path: Path) -> None:
    loud, soft = conversation(), conversation()
    soundfile.write(tmp_path / "loud.wav", loud.samples, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "soft.wav", 0.05 * soft.samples, RATE, subtype="FLOAT")
    files = [tmp_path / "loud.wav", tmp_path / "soft.wav"]
    plain, adapted = (
        [
            [row.emotion for row in found.predictions]
            for _, found in timelines.timeline_each(FakeRecognizer(), files, adapt=on)
        ]
        for on in (False, True)
    )
    assert plain[0] != plain[1]
    assert adapted[0] == adapted[1]


def run(samples: np.ndarray, cuts: list[int], update: float | None) -> list[Event]:
    stream = Stream(
        Following(FakeRecognizer()), RATE, update=update, window=1.0, hop=0.5, min_segment=0.5
    )
    parts = np.split(samples, cuts)
    return [event for part in parts for event in stream.push(part)] + stream.flush()


@pytest.mark.parametrize("update", [None, 0.5])
def test_a_stream_that_adapts_is_the_same_however_it_is_split(update: float | None) -> None:
    samples = conversation(4.0).samples
    expected = run(samples, [], update)
    for cuts in (list(range(0, len(samples), 1600)), list(range(0, len(samples), 77_777))):
        found = run(samples, cuts, update)
        assert [event.to_dict() for event in found] == [event.to_dict() for event in expected]
    kind = "segment" if update is None else "update"
    counts = [e.prediction.adapted for e in expected if e.kind == kind and e.prediction is not None]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] >= FEWEST


def test_following_hears_every_third_and_judges_by_what_came_before() -> None:
    model = Following(FakeRecognizer())
    plain = FakeRecognizer()
    rng = np.random.default_rng(0)
    signals = [
        (10 ** rng.uniform(-2, 0) * rng.normal(size=800)).astype(np.float32) for _ in range(14)
    ]
    rows = np.concatenate([model.rows(signals[:5], RATE), model.rows(signals[5:], RATE)])
    heard: list[int] = []
    for number, row in enumerate(rows):
        judge = plain
        if len(heard) >= FEWEST:
            judge = plain.adapted(Statistics.of(plain.embedding([signals[k] for k in heard], RATE)))
        np.testing.assert_allclose(row[:-1], judge.rows([signals[number]], RATE)[0])
        assert row[-1] == judge.adapted_to
        heard += [number] if number % 3 == 0 else []


def answers(*emotions: str, familiarity: float = 0.9) -> Iterator[Prediction]:
    for emotion in emotions:
        yield Prediction(emotion, 0.9, {emotion: 0.9}, "ok", familiarity=familiarity)


def noticed(model: Recognizer, found: list[Prediction]) -> list[str]:
    notice = Notice(model)
    for one in found:
        notice.take(one)
    return list(notice.sentences())


def test_one_answer_for_most_is_noticed(model: Recognizer) -> None:
    mixed = ("happy", "sad", "angry", "neutral") * 3
    assert noticed(model, list(answers(*mixed))) == []
    (told,) = noticed(model, list(answers(*mixed, *["angry"] * 12)))
    assert told.startswith("15 of 24 recordings got the same answer, angry; ")
    assert "--adapt" in told
    assert "intona enroll NAME --speech place" in told
    assert noticed(model, list(answers(*["angry"] * 7))) == []  # too few to tell
    silent = Prediction(None, float("nan"), {}, "no_speech")
    assert noticed(model, [*answers(*["angry"] * 7), *[silent] * 20]) == []


def test_what_is_unlike_all_it_was_made_from_is_noticed(model: Recognizer) -> None:
    mixed = ("happy", "sad", "angry", "neutral") * 2
    found = [*answers(*mixed, familiarity=0.1), *answers(*mixed)]
    (told,) = noticed(model, found)
    assert told.startswith("8 of 16 recordings are unlike all the model was made from; ")
    assert noticed(model, [*found, *answers("sad")]) == []
    # One sentence, the graver one.
    assert len(noticed(model, list(answers(*["sad"] * 9, familiarity=0.1)))) == 1


def test_an_adapted_model_is_not_told_to_adapt(
    model: Recognizer, tiny_model: Path, clips: Path
) -> None:
    same = list(answers(*["angry"] * 20))
    assert noticed(model.adapt([clips]), same) == []
    assert noticed(load(tiny_model), same) == []
    assert noticed(model, same) != []


def test_recordings_that_cannot_be_read_are_no_silence(model: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(2 * RATE), RATE)
    with pytest.raises(AudioError, match=r"nothing to adapt to: .*bad\.wav is text"):
        statistics_of(model, [str(tmp_path / "bad.wav")])
    with pytest.raises(AudioError, match="nothing to adapt to: there is no speech"):
        statistics_of(model, [str(tmp_path / "bad.wav"), str(silent)])
