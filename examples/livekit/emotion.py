"""A LiveKit agent that knows how each turn of the user sounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, TypedDict

import numpy as np
from livekit.agents import Agent

import intona

LONGEST = 30.0  # seconds of a turn, its last ones


class Tag(TypedDict):
    """How a turn sounds.

    Attributes:
        emotion: the label, ``None`` where the model is unsure or hears no speech.
        confidence: calibrated, in [0, 1]; ``None`` with the emotion.
        arousal: how activated the voice is, in [0, 1], also where the emotion is ``None``.
    """

    emotion: str | None
    confidence: float | None
    arousal: float | None


class Turn:
    """The sound since the last turn ended.

    Args:
        model: a model file, ``"small"`` or ``hf:ORG/NAME``; ``None`` for the bundled default.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = intona.load(model)
        self._sound = np.zeros(0, np.float32)
        self._rate = 16_000

    def hear(self, frame: Any) -> None:
        """Keep the sound of an ``rtc.AudioFrame``."""
        samples = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)
        mono = samples.mean(axis=1, dtype=np.float32) / 2**15
        if frame.sample_rate != self._rate:
            self._sound, self._rate = self._sound[:0], frame.sample_rate
        self._sound = np.concatenate([self._sound, mono])[-int(LONGEST * self._rate) :]

    def end(self) -> Tag:
        """Judge the turn and forget its sound."""
        sound, self._sound = self._sound, self._sound[:0]
        if len(sound) < 0.1 * self._rate:
            return Tag(emotion=None, confidence=None, arousal=None)
        found = self._model.predict((sound, self._rate))
        sure = found.status == "ok"
        return Tag(
            emotion=found.emotion if sure else None,
            confidence=found.confidence if sure else None,
            arousal=found.arousal if found.arousal == found.arousal else None,  # NaN: not known
        )


class EmotionAgent(Agent):
    """An agent whose user messages carry ``extra["voice"]``, a :class:`Tag`.

    Args:
        model: of intona, as :class:`Turn` takes it.
        **options: of the agent.
    """

    def __init__(self, *, model: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._turn = Turn(model)

    async def stt_node(self, audio: AsyncIterable[Any], settings: Any) -> AsyncIterator[Any]:
        """Listen to the sound on its way to the recogniser of words."""
        async for event in Agent.default.stt_node(self, self._overheard(audio), settings):
            yield event

    async def on_user_turn_completed(self, turn_ctx: Any, new_message: Any) -> None:
        """Tag the message; where the model is sure, tell the language model too."""
        tag = await asyncio.to_thread(self._turn.end)
        new_message.extra["voice"] = tag
        if tag["emotion"] is not None:
            words = f"The user's voice sounds {tag['emotion']} ({tag['confidence']:.0%} sure)."
            turn_ctx.add_message(role="system", content=words)

    async def _overheard(self, audio: AsyncIterable[Any]) -> AsyncIterator[Any]:
        async for frame in audio:
            self._turn.hear(frame)
            yield frame
