"""The live recogniser: the timeline's answer, whatever the pushes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import FakeRecognizer
from intona.audio import Audio, resample
from intona.corpora import synthetic
from intona.errors import UsageError
from intona.inference.stream import Stream
from intona.inference.timeline import segments
from intona.tables import Event

RATE = 16_000


def speech(rate: int = RATE) -> np.ndarray:
    rng = np.random.default_rng(1)
    parts = [
        synthetic.utterance("angry", seconds=5.0).samples,
        rng.normal(0, 1e-4, RATE),
        synthetic.utterance("sad", seconds=4.0).samples,
        rng.normal(0, 1e-4, RATE // 3),
        synthetic.utterance("neutral", seconds=1.2).samples,
    ]
    return resample(np.concatenate(parts).astype(np.float32), RATE, rate)


def same(some: list[Event], others: list[Event]) -> None:
    assert [event.kind for event in some] == [event.kind for event in others]
    for one, other in zip(some, others, strict=True):
        assert one.time == pytest.approx(other.time, abs=1e-9)
        assert (one.prediction is None) == (other.prediction is None)
        if one.prediction is not None and other.prediction is not None:
            assert one.prediction.emotion == other.prediction.emotion
            assert one.prediction.start == pytest.approx(other.prediction.start, abs=1e-9)
            for name, value in one.prediction.probabilities.items():
                assert value == pytest.approx(other.prediction.probabilities[name], abs=1e-5)


def run(samples: np.ndarray, rate: int, cuts: list[int], **options: float) -> list[Event]:
    stream = Stream(FakeRecognizer(None), rate, **options)
    parts = np.split(samples, sorted(min(cut, len(samples)) for cut in cuts))
    return [event for part in parts for event in stream.push(part)] + stream.flush()


@settings(max_examples=12, deadline=None)
@given(
    rate=st.sampled_from([8_000, 16_000, 22_050, 48_000]),
    shares=st.lists(st.floats(0, 1), max_size=15),
    burst=st.integers(1, 3000),
)
def test_any_split_gives_the_same_events(rate: int, shares: list[float], burst: int) -> None:
    samples = speech(rate)
    cuts = [round(share * len(samples)) for share in shares]
    cuts += list(range(len(samples) // 2, len(samples) // 2 + 20 * burst, burst))
    expected = run(samples, rate, [])
    assert {event.kind for event in expected} == {"speech_start", "update", "segment", "speech_end"}
    same(run(samples, rate, cuts), expected)


def test_one_sample_at_a_time() -> None:
    samples = speech(8_000)[: 2 * 8_000]
    same(run(samples, 8_000, list(range(len(samples)))), run(samples, 8_000, []))


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("model_rate", [None, 16_000])
def test_segments_are_the_timeline(rate: int, model_rate: int | None) -> None:
    samples, model = speech(rate), FakeRecognizer(model_rate)
    stream = Stream(model, rate)
    events = [event for part in np.array_split(samples, 100) for event in stream.push(part)]
    live = [e.prediction for e in events + stream.flush() if e.kind == "segment"]
    offline = list(segments(model, Audio(samples, rate)))
    assert len(live) == len(offline) >= 3
    for one, other in zip(live, offline, strict=True):
        assert one is not None
        assert (one.start, one.end, one.emotion) == (other.start, other.end, other.emotion)
        for name, value in one.probabilities.items():
            assert value == pytest.approx(other.probabilities[name], abs=1e-5)


def test_order_and_timing() -> None:
    stream = Stream(FakeRecognizer(), RATE, update=0.5)
    pushed, log = 0, []
    for part in np.array_split(speech(), 600):
        pushed += len(part)
        log += [(pushed / RATE, event) for event in stream.push(part)]
    starts = [(now, e.time) for now, e in log if e.kind == "speech_start"]
    assert all(0.25 <= now - time <= 0.5 for now, time in starts)
    updates = [(now, e.time) for now, e in log if e.kind == "update"]
    assert all(0 <= now - time <= 0.08 for now, time in updates)
    first = [e.time for _, e in log if e.kind == "update" and e.time < 4]
    np.testing.assert_allclose(np.diff(first), 0.5)
    kinds = [e.kind for _, e in log if e.kind != "update"] + [e.kind for e in stream.flush()]
    assert kinds == ["speech_start", "segment", "speech_end"] * 3
    for _, event in log:
        if event.kind == "update":
            assert event.prediction is not None
            assert event.prediction.end == event.time
            assert event.prediction.end - event.prediction.start <= 3.0 + 1e-9


def test_no_window_is_judged_twice() -> None:
    model = FakeRecognizer()
    stream = Stream(model, RATE, update=0.5)
    events = [event for part in np.array_split(speech(), 500) for event in stream.push(part)]
    events += stream.flush()
    updates = sum(event.kind == "update" for event in events)
    tails = sum(event.kind == "speech_end" for event in events)
    # The regular windows, every 1.5 s, are those of every third update.
    assert sum(count for count, _ in model.calls) == updates + tails


def test_without_updates() -> None:
    kinds = {e.kind for e in run(speech(), RATE, [], update=None)}  # type: ignore[arg-type]
    assert kinds == {"speech_start", "segment", "speech_end"}


def test_memory_is_bounded() -> None:
    stream = Stream(FakeRecognizer(), RATE, update=None)
    block = np.tile(speech(), 2)[: 10 * RATE]
    stream.push(block)
    tracemalloc.start()
    for _ in range(8):
        stream.push(block)
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left < 1e6
    assert peak < 20e6


def test_integers_and_empty_pushes() -> None:
    samples = speech()
    stream = Stream(FakeRecognizer(), RATE)
    assert stream.push([]) == []
    events = stream.push((samples * 32767).astype(np.int16)) + stream.flush()
    assert [e.kind for e in events] == [e.kind for e in run(samples, RATE, [])]


def test_troubles_are_told_once_and_survived() -> None:
    rng = np.random.default_rng(0)
    samples = np.concatenate(
        [
            np.clip(rng.normal(0, 2, 3 * RATE), -1, 1),
            np.zeros(8 * RATE),
            np.full(100, np.nan),
            speech(),
        ]
    ).astype(np.float32)
    events = run(samples, RATE, [])
    troubles = [(e.time, e.message) for e in events if e.kind == "trouble"]
    assert [time for time, _ in troubles] == [1.0, 8.0, 12.0]
    for words, (_, message) in zip(("clipped", "zeros", "missing"), troubles, strict=True):
        assert words in message
    assert [e.kind for e in events].count("segment") >= 3
    same(run(samples, RATE, list(range(0, len(samples), 777))), events)


def test_events_are_json() -> None:
    rows = [event.to_dict() for event in run(speech(), RATE, [])]
    assert rows[0].keys() == {"event", "time"}
    segment = next(row for row in rows if row["event"] == "segment")
    assert segment["emotion"] == "angry"
    assert segment["probabilities"].keys() == {"neutral", "sad", "angry"}


def test_misuse() -> None:
    model = FakeRecognizer()
    for arguments in ({"rate": 0}, {"rate": RATE, "update": 0.0}, {"rate": RATE, "window": 0.0}):
        with pytest.raises(UsageError):
            Stream(model, **arguments)
    stream = Stream(model, RATE)
    with pytest.raises(UsageError, match="average the channels"):
        stream.push(np.zeros((10, 2), np.float32))
    with pytest.raises(UsageError, match="int64"):
        stream.push(np.zeros(10, np.int64))
    stream.flush()
    assert stream.flush() == []
    with pytest.raises(UsageError, match="has ended"):
        stream.push(np.zeros(10, np.float32))
