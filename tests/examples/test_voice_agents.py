"""The processors for pipecat and LiveKit, with stubs of both."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from intona import load

NOTHING = {"emotion": None, "confidence": None, "arousal": None}


class Processor:
    """What of pipecat's FrameProcessor the example uses."""

    def __init__(self) -> None:
        self.pushed: list[object] = []

    async def process_frame(self, frame, direction):
        pass

    async def push_frame(self, frame, direction):
        self.pushed.append(frame)


class Agent:
    """What of LiveKit's Agent the example uses: words are recognised from all sound."""

    def __init__(self, instructions: str) -> None:
        self.instructions = instructions

    class default:  # noqa: N801
        @staticmethod
        async def stt_node(agent, audio, settings):
            async for frame in audio:
                yield len(frame.data)


@dataclass
class DataFrame:
    pass


@dataclass
class Sound:
    audio: bytes
    sample_rate: int
    num_channels: int


FRAMES = {
    "DataFrame": DataFrame,
    "Frame": object,
    "InputAudioRawFrame": Sound,
    **{
        name: type(name, (), {})
        for name in (
            "UserStoppedSpeakingFrame",
            "VADUserStartedSpeakingFrame",
            "VADUserStoppedSpeakingFrame",
        )
    },
}


@pytest.fixture
def pipecat(example):
    direction = SimpleNamespace(DOWNSTREAM="down")
    return example(
        "pipecat/emotion.py",
        pipecat__frames__frames=FRAMES,
        pipecat__processors__frame_processor={
            "FrameDirection": direction,
            "FrameProcessor": Processor,
        },
    )


@pytest.fixture
def livekit(example):
    return example("livekit/emotion.py", livekit__agents={"Agent": Agent})


def expected(model, samples, rate):
    """What the model says of the whole turn."""
    found = load(model).predict((samples.mean(axis=1, dtype=np.float32) / 2**15, rate))
    sure = found.status == "ok"
    return {
        "emotion": found.emotion if sure else None,
        "confidence": found.confidence if sure else None,
        "arousal": found.arousal if found.arousal == found.arousal else None,
    }


def run(processor, frames):
    async def all_of_them():
        for frame in frames:
            await processor.process_frame(frame, "down")

    asyncio.run(all_of_them())
    return processor.pushed


@pytest.mark.parametrize("model", ["tiny", "small"])
def test_pipecat_hears_the_turn_before_its_end(pipecat, tiny_model, turn, model):
    samples, rate = turn
    model = str(tiny_model) if model == "tiny" else model
    pieces = [Sound(part.tobytes(), rate, 2) for part in np.array_split(samples, 20)]
    start, pause, end = (FRAMES[f"{name}Frame"]() for name in (
        "VADUserStartedSpeaking", "VADUserStoppedSpeaking", "UserStoppedSpeaking"
    ))  # fmt: skip
    frames = [pieces[0], start, *pieces[1:], pause, end, start, pause]
    pushed = run(pipecat.EmotionProcessor(model), frames)
    tags = [one for one in pushed if isinstance(one, pipecat.UserEmotionFrame)]
    assert vars(tags[0]) == pytest.approx(expected(model, samples, rate))
    assert pushed.index(tags[0]) == pushed.index(pause) - 1
    assert vars(tags[1]) == NOTHING  # the first turn is forgotten
    assert [one for one in pushed if one not in tags] == frames


def test_pipecat_keeps_a_second_before_and_half_a_minute_of_a_turn(pipecat, tiny_model):
    second = Sound(np.zeros(16_000, np.int16).tobytes(), 16_000, 1)
    processor = pipecat.EmotionProcessor(str(tiny_model))
    run(processor, [second] * 5)
    assert len(processor._sound) == 16_000
    run(processor, [FRAMES["VADUserStartedSpeakingFrame"](), *[second] * 40])
    assert len(processor._sound) == 30 * 16_000


@pytest.mark.parametrize("model", ["tiny", "small"])
def test_livekit_tags_the_message(livekit, tiny_model, turn, model):
    samples, rate = turn
    model = str(tiny_model) if model == "tiny" else model
    pieces = [
        SimpleNamespace(data=part.tobytes(), sample_rate=rate, num_channels=2)
        for part in np.array_split(samples, 20)
    ]
    said: list[dict[str, str]] = []
    context = SimpleNamespace(add_message=lambda **message: said.append(message))
    first, second = SimpleNamespace(extra={}), SimpleNamespace(extra={})

    async def conversation():
        async def microphone():
            for piece in pieces:
                yield piece

        agent = livekit.EmotionAgent(model=model, instructions="Be kind.")
        heard = [event async for event in agent.stt_node(microphone(), None)]
        await agent.on_user_turn_completed(context, first)
        await agent.on_user_turn_completed(context, second)
        return heard

    assert asyncio.run(conversation()) == [len(piece.data) for piece in pieces]
    tag = expected(model, samples, rate)
    assert first.extra["voice"] == pytest.approx(tag)
    assert second.extra["voice"] == NOTHING
    assert len(said) == (tag["emotion"] is not None)
    assert all(tag["emotion"] in one["content"] for one in said)
