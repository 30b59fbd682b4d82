"""Long audio becomes the right table, at constant memory, from any source."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from fakes import FakeRecognizer
from intona.audio import Audio, read
from intona.cli.stopping import Stop
from intona.corpora import synthetic
from intona.errors import AudioError, UsageError
from intona.formats.turns import Turn
from intona.inference.timeline import segments, timeline, timeline_each
from intona.inference.turns import TURNS, judge_turns
from intona.tables import COLUMNS

RATE = 16_000


def conversation(*, rate: int = RATE) -> Audio:
    """Return angry 0 to 6 s, sad 7 to 13 s, neutral 14 to 22 s, each with pauses of 0.25 s."""
    rng = np.random.default_rng(0)
    parts: list[np.ndarray] = []
    for emotion, seconds in (("angry", 6.0), ("sad", 6.0), ("neutral", 8.0)):
        parts.append(synthetic.utterance(emotion, seconds=seconds, rate=rate).samples)
        parts.append(rng.normal(0, 1e-4, rate))
    return Audio(np.concatenate(parts).astype(np.float32), rate)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audio") / "talk.flac"
    soundfile.write(path, conversation().samples, RATE)
    return path


def seconds(table: pd.DataFrame, level: str) -> np.ndarray:
    return table.index.get_level_values(level).total_seconds().to_numpy()


@pytest.mark.parametrize("model_rate", [None, 16_000, 8_000])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_the_table(tmp_path: Path, rate: int, model_rate: int | None) -> None:
    path = tmp_path / "talk.wav"
    soundfile.write(path, conversation(rate=rate).samples, rate)
    table = timeline(FakeRecognizer(model_rate), path)
    assert list(table.index.names) == ["file", "start", "end"]
    assert list(table.columns) == [*COLUMNS, "neutral", "sad", "angry"]
    assert list(table["emotion"]) == ["angry", "sad", "neutral"]
    assert set(table.index.get_level_values("file")) == {str(path)}
    np.testing.assert_allclose(seconds(table, "start"), [0.15, 7.15, 14.15], atol=0.15)
    np.testing.assert_allclose(seconds(table, "end"), [5.85, 12.85, 21.85], atol=0.25)
    np.testing.assert_allclose(table[["neutral", "sad", "angry"]].sum(axis=1), 1.0)
    np.testing.assert_allclose(table["confidence"], table[["neutral", "sad", "angry"]].max(axis=1))


def test_sources_agree(recording: Path) -> None:
    model = FakeRecognizer()
    from_path = timeline(model, recording)
    with open(recording, "rb") as file:
        from_file = timeline(model, file)
    from_audio = timeline(model, read(recording))
    for other in (from_file, from_audio):
        assert set(other.index.get_level_values("file")) == {""}
        pd.testing.assert_frame_equal(
            other.reset_index(drop=True), from_path.reset_index(drop=True)
        )
        np.testing.assert_array_equal(seconds(other, "end"), seconds(from_path, "end"))


def test_windows_are_judged_in_batches(recording: Path) -> None:
    model = FakeRecognizer()
    timeline(model, recording)
    assert len(model.calls) < sum(count for count, _ in model.calls) / 4
    assert max(longest for _, longest in model.calls) == 3 * RATE


def test_options_by_name(recording: Path) -> None:
    fine = timeline(FakeRecognizer(), recording, window=1.0, hop=0.5, min_segment=0.5)
    assert set(fine["emotion"]) == {"angry", "sad", "neutral"}
    with pytest.raises(TypeError):
        timeline(FakeRecognizer(), recording, windows=1.0)
    with pytest.raises(UsageError, match="hop"):
        timeline(FakeRecognizer(), recording, hop=9.0)


def test_no_speech_is_no_emotion(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 5 * RATE)
    soundfile.write(tmp_path / "n.wav", noise, RATE)
    table = timeline(FakeRecognizer(), tmp_path / "n.wav")
    assert list(table["status"]) == ["no_speech"]
    assert table["emotion"].isna().all()
    assert table["angry"].isna().all()
    assert seconds(table, "end") == [5.0]


def test_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        timeline(FakeRecognizer(), tmp_path / "missing.wav")


def test_progress_ends_at_the_duration(recording: Path) -> None:
    told: list[float] = []
    timeline(FakeRecognizer(), recording, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(23.0)


def test_segments_come_while_it_runs() -> None:
    running = segments(FakeRecognizer(), conversation())
    assert next(running).emotion == "angry"


def test_numbers_have_no_emotion() -> None:
    model = FakeRecognizer()
    model.labels, model.numeric = ("level",), True  # type: ignore[assignment]
    model.rows = lambda signals, rate: np.array([[np.std(s)] for s in signals])  # type: ignore[method-assign]
    table = timeline(model, conversation())
    assert table["emotion"].isna().all()
    assert set(table["status"]) == {"ok"}
    lengths = seconds(table, "end") - seconds(table, "start")
    assert lengths.max() <= 4.6
    assert table["level"].iloc[0] > 2 * table["level"].iloc[2]


def test_turns_give_one_row_each(recording: Path) -> None:
    turns = [
        Turn(14.5, 21.5, {"speaker": "ben"}),
        Turn(0.5, 5.5, {"speaker": "anna", "text": "No!"}),
        Turn(8.0, 8.4, {"speaker": "anna"}),
        Turn(0.5, 12.0, {"speaker": "all"}),
    ]
    model = FakeRecognizer()
    table = timeline(model, recording, turns=turns)
    assert list(table["speaker"]) == ["anna", "all", "anna", "ben"]
    assert table["text"].iloc[0] == "No!"
    assert list(table["emotion"].iloc[[0, 2, 3]]) == ["angry", "sad", "neutral"]
    assert max(longest for _, longest in model.calls) <= 3 * RATE
    np.testing.assert_allclose(seconds(table, "start"), [0.5, 0.5, 8.0, 14.5])
    # A long turn is the mean of its parts.
    whole = read(recording)
    parts = [whole.samples[round(s * RATE) : round((s + 2.5) * RATE)] for s in (0.5, 3.0)]
    expected = model.rows(parts, RATE).mean(axis=0)
    np.testing.assert_allclose(table.iloc[0][["neutral", "sad", "angry"]].astype(float), expected)


def test_any_number_of_turns_is_judged_a_few_at_a_time(recording: Path) -> None:
    """They may all overlap, also at the end, and memory must not grow with them."""
    model = FakeRecognizer()
    end = soundfile.info(recording).duration
    turns = [Turn(0.5, 1.5)] * 100 + [Turn(end - 1.0, end + 0.05)] * 70
    rows = judge_turns(model, recording, turns)
    assert [(row.start, row.end) for row in rows] == [(turn.start, turn.end) for turn in turns]
    assert {row.emotion for row in rows[:100]} == {rows[0].emotion}
    assert max(count for count, _ in model.calls) <= TURNS
    assert sum(count for count, _ in model.calls) == 170


def test_turns_that_cannot_be_judged(recording: Path) -> None:
    model = FakeRecognizer()
    silent = Audio(np.concatenate([np.zeros(RATE), np.ones(RATE) * 0.1]).astype(np.float32), RATE)
    told: list[str] = []
    turns = [Turn(0.0, 0.9), Turn(1.0, 1.02), Turn(1.0, 5.0)]
    found = judge_turns(model, silent, turns, notice=told.append)
    assert [p.status for p in found] == ["no_speech", "no_speech", "ok"]
    assert [p.end for p in found] == [0.9, 1.02, 2.0]
    assert told == ["the recording: 1 of 3 segments end after it does and were cut at 2.00 s"]
    with pytest.raises(AudioError, match=r"ends at 23.00 s, before a segment"):
        timeline(model, recording, turns=[Turn(60, 61), Turn(50.0, 51.0)])
    for bad in ([Turn(2.0, 1.0)], [Turn(-1.0, 1.0)], [Turn(0, float("nan"))], []):
        with pytest.raises(UsageError, match="the list"):
            timeline(model, recording, turns=bad)


def test_stopping_leaves_a_whole_table(recording: Path) -> None:
    # Not always Python's own: a shell's background jobs start with Ctrl-C ignored.
    before = signal.getsignal(signal.SIGINT)
    with Stop() as stop:

        def interrupt(done: float) -> None:
            signal.raise_signal(signal.SIGINT)

        table = timeline(FakeRecognizer(), recording, progress=interrupt, stop=stop)
        assert stop.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert list(table["emotion"]) == ["angry", "sad"]
    assert seconds(table, "end")[-1] == pytest.approx(10.0, abs=0.05)


def test_many_recordings(recording: Path, tmp_path: Path) -> None:
    done: list[Path] = []
    files = [recording, tmp_path / "missing.wav", recording]
    results = list(
        timeline_each(FakeRecognizer(), files, progress=lambda file, _: done.append(file))
    )
    assert [file for file, _ in results] == files
    assert isinstance(results[1][1], AudioError)
    assert len(results[2][1].predictions) == 3
    assert set(done) == {recording}
    stopped = list(timeline_each(FakeRecognizer(), files, stop=lambda: True))
    assert len(stopped) == 1


@pytest.mark.slow
def test_memory_does_not_grow(tmp_path: Path) -> None:
    minute = np.tile(conversation().samples, 3)[: 60 * RATE]

    def rise(minutes: int) -> int:
        path = tmp_path / f"{minutes}.flac"
        with soundfile.SoundFile(path, "w", RATE, 1) as file:
            for _ in range(minutes):
                file.write(minute)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        count = sum(1 for _ in segments(FakeRecognizer(), path))
        assert count >= 3 * minutes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    rise(5)
    assert rise(60) < 20_000  # KiB; the samples alone are 230,000
