"""A pipecat processor that says, at each pause of the user, how the turn so far sounds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    DataFrame,
    Frame,
    InputAudioRawFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

import intona

BEFORE = 1.0  # seconds kept from before speech is noticed
LONGEST = 30.0  # seconds of a turn, its last ones


@dataclass
class UserEmotionFrame(DataFrame):
    """How the user's turn sounds so far.

    Attributes:
        emotion: the label, ``None`` where the model is unsure or hears no speech.
        confidence: calibrated, in [0, 1]; ``None`` with the emotion.
        arousal: how activated the voice is, in [0, 1], also where the emotion is ``None``.
    """

    emotion: str | None = None
    confidence: float | None = None
    arousal: float | None = None


class EmotionProcessor(FrameProcessor):
    """Stands behind the transport's input; pushes a :class:`UserEmotionFrame` at each pause.

    Args:
        model: a model file, ``"small"`` or ``hf:ORG/NAME``; ``None`` for the bundled default.
        **options: of the processor.
    """

    def __init__(self, model: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._model = intona.load(model)
        self._sound = np.zeros(0, np.float32)
        self._rate = 16_000
        self._in_turn = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Listen to the sound that passes, and pass every frame on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._keep(frame)
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._in_turn = True
        elif isinstance(frame, VADUserStoppedSpeakingFrame) and self._in_turn:
            # Before the frame that may end the turn, so that the answer can heed it.
            await self.push_frame(await asyncio.to_thread(self._judged), FrameDirection.DOWNSTREAM)
        elif isinstance(frame, UserStoppedSpeakingFrame):
            self._in_turn = False
            self._sound = self._sound[:0]
        await self.push_frame(frame, direction)

    def _keep(self, frame: InputAudioRawFrame) -> None:
        samples = np.frombuffer(frame.audio, np.int16).reshape(-1, frame.num_channels)
        mono = samples.mean(axis=1, dtype=np.float32) / 2**15
        if frame.sample_rate != self._rate:
            self._sound, self._rate = self._sound[:0], frame.sample_rate
        seconds = LONGEST if self._in_turn else BEFORE
        self._sound = np.concatenate([self._sound, mono])[-int(seconds * self._rate) :]

    def _judged(self) -> UserEmotionFrame:
        if len(self._sound) < 0.1 * self._rate:
            return UserEmotionFrame()
        found = self._model.predict((self._sound, self._rate))
        sure = found.status == "ok"
        return UserEmotionFrame(
            emotion=found.emotion if sure else None,
            confidence=found.confidence if sure else None,
            arousal=found.arousal if found.arousal == found.arousal else None,  # NaN: not known
        )
