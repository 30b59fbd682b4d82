"""Choice: what is asked of a model beside its plain answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intona.audio.channels import MIXED, Channels


@dataclass(frozen=True)
class Choice:
    """What is asked of a model beside its plain answer.

    Attributes:
        emotions: labels to answer with; ``None`` for all.
        merge: old label to new label, first.
        adapt: whether the recordings are judged against each other, see
            :meth:`intona.inference.recognizer.Recognizer.adapt`.
        channels: what is heard of recordings with several.
    """

    emotions: tuple[str, ...] | None = None
    merge: Mapping[str, str] | None = None
    adapt: bool = False
    channels: Channels = MIXED
