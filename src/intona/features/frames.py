"""Hidden states of an encoder as they are, one row per 20 ms: what fine-tuning learns from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import AudioError
from intona.features.encoder import Encoder
from intona.features.extract import Progress, extract_each, utterances

if TYPE_CHECKING:
    import pandas as pd

    from intona.features.base import FrontEnd

__all__ = ["Frames", "sequences"]


class Frames:
    """The output of one layer, not pooled.

    Args:
        encoder: whose; trimming and level are its own.
        layer: which, counted from 1.
    """

    name = "frames"
    version = 1

    def __init__(self, encoder: Encoder, layer: int) -> None:
        self.encoder = encoder
        self.layer = layer
        self.rate: int | None = encoder.rate

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The encoder's, without what is done to the layers' outputs."""
        own = self.encoder.parameters
        kept = {key: own[key] for key in ("trim", "level", "weights")}
        return {**kept, "layer": self.layer}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(f"layer{self.layer}_{k}" for k in range(self.encoder.width))

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return hidden states, shape ``(time, len(names))``; see :meth:`Encoder.hidden`."""
        return self.encoder.hidden(samples, rate)[self.layer - 1]


def sequences(
    table: pd.DataFrame,
    front_end: FrontEnd,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[NDArray[np.float16]]:
    """Return the frames of every row, each ``(time, width)``, cached as features are.

    Args:
        table: anything indexed by ``(file, start, end)``.
        front_end: :class:`Frames`, or changed copies of them.
        workers: processes.
        progress: called as ``progress(done, total, text)``.

    Raises:
        AudioError: the first recording that cannot be read or used.
    """
    wanted = utterances(table.index)  # type: ignore[arg-type]
    found = []
    for each in extract_each(wanted, front_end, workers=workers):
        if isinstance(each, AudioError):
            raise each
        found.append(each.astype(np.float16))
        if progress is not None:
            progress(len(found), len(wanted), f"features ({front_end.name})")
    return found
