"""Answers of several workers are those of one, in order, whatever a recording does to a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import soundfile

from intona.audio import find
from intona.audio.channels import Channels
from intona.corpora import synthetic
from intona.errors import AudioError
from intona.inference.choice import Choice
from intona.inference.spread import TOGETHER, Ask, answers
from intona.parallel import HERE, Local, Lost
from intona.tables import Prediction


@dataclass(frozen=True)
class Deadly:
    """An engine whose workers die of one file; groups come in the wrong order."""

    name: str
    workers: int = 2
    remote: bool = False

    def run(self, job: Any, tasks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        state = job.setup()
        for task in reversed(list(tasks)):
            lost = self.name in str(task)
            yield task, Lost("killed") if lost else job.run(state, task)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(TOGETHER + 3):
        voice = synthetic.utterance("angry", speaker=2, take=number, seconds=1.0)
        soundfile.write(folder / f"{number:02d}.wav", voice.samples, voice.rate)
    (folder / "03-bad.wav").write_text("no sound")
    return folder


def told(found: Iterable[Any]) -> list[tuple[str, str | None]]:
    return [
        (Path(one.file).name, one.emotion) if isinstance(one, Prediction) else (str(one), None)
        for one in found
    ]


@pytest.mark.parametrize("on", [HERE, Local(2)], ids=["here", "two workers"])
def test_answers_come_in_the_order_of_the_recordings(
    on: Local, folder: Path, tiny_model: Path
) -> None:
    found = told(answers(Ask(str(tiny_model), Choice()), find([folder]), on))
    names = [name for name, emotion in found if emotion is not None]
    assert names == sorted(file.name for file in folder.glob("??.wav"))
    ((sentence, _),) = [one for one in found if one[1] is None]
    assert "03-bad.wav is text" in sentence
    assert found.index((sentence, None)) == 3


def test_a_recording_that_kills_workers_is_one_error(folder: Path, tiny_model: Path) -> None:
    ask = Ask(str(tiny_model), Choice())
    found = list(answers(ask, find([folder]), Deadly("05.wav")))
    assert len(found) == TOGETHER + 4
    assert isinstance(found[6], AudioError)
    assert "05.wav" in str(found[6])
    assert "kills" in str(found[6])
    assert sum(isinstance(one, AudioError) for one in found) == 2  # the other is no sound


def test_a_name_without_a_file_is_an_error_in_its_place(folder: Path, tiny_model: Path) -> None:
    named = [folder / "00.wav", folder / "none.wav", folder / "01.wav"]
    found = told(answers(Ask(str(tiny_model), Choice()), find(named), Local(2)))
    assert [emotion is None for _, emotion in found] == [False, True, False]


def test_the_choice_and_the_channels_reach_the_workers(folder: Path, tiny_model: Path) -> None:
    choice = Choice(("sad", "happy"), None, False, Channels.parse("each"))
    found = list(answers(Ask(str(tiny_model), choice), find([folder / "00.wav"]), Local(2)))
    (one,) = found
    assert isinstance(one, Prediction)
    assert set(one.probabilities) == {"sad", "happy"}
    assert one.values["channel"] == 1
