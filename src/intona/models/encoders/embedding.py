"""The bundled model as a front end: its embedding, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.audio.given import one_channel
from intona.errors import AudioError, ModelError
from intona.features.transformer import Transformer
from intona.models.lineage import Training

if TYPE_CHECKING:
    from intona.models.session import Session


class Embedding(Transformer):
    """The ``embedding`` output of a model that takes waveforms.

    Args:
        model: an ``.onnx`` file made by intona; empty means the bundled model.
        weights: the first 16 hexadecimal digits of the file's SHA-256; where given, another
            file is refused.

    Raises:
        ModelError: not such a model, or another file than asked for.

    Examples:
        >>> Embedding().rate
        16000
    """

    name = "default"
    version = 1
    rate: int | None = 16_000

    def __init__(self, model: str = "", weights: str = "") -> None:
        if not isinstance(model, str) or not isinstance(weights, str):
            raise ModelError("the front end default takes model and weights as texts")
        self.model = model
        self._expected = weights

    @property
    def path(self) -> Path:
        """The model file."""
        from intona.models.artefact import locate

        return locate(self.model or None)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the keyword arguments of the constructor, as they were given."""
        return {"model": self.model, "weights": self._expected}

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON-able keyword arguments; ``weights`` says which file is really used."""
        return {"model": self.model, "weights": self._digest}

    @property
    def training(self) -> Training:
        """What the model was trained on, as it says.

        Its recordings set the embedding's scale, if nothing else.
        """
        return Training.of(self._model.metadata)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """``embedding_0`` and so on."""
        return tuple(f"embedding_{k}" for k in range(int(self._model.metadata["embedding"])))

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the embedding, shape ``(len(names),)``.

        Raises:
            AudioError: another rate than 16 kHz.
        """
        if rate != self.rate:
            raise AudioError(f"the front end {self.name} needs {self.rate} Hz, got {rate} Hz")
        return self._model.run([one_channel(samples)], rate, ["embedding"])[0].astype(np.float32)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the session behind: a worker process loads its own."""
        return {"model": self.model, "_expected": self._expected}

    @cached_property
    def _digest(self) -> str:
        from intona.features.cache import content_hash

        try:
            digest = content_hash(self.path)[:16]
        except OSError as error:
            raise ModelError(f"cannot read the model {self.path}: {error.strerror}") from None
        if self._expected and self._expected != digest:
            raise ModelError(f"{self.path} is another model ({digest}) than {self._expected}")
        return digest

    @cached_property
    def _model(self) -> Session:
        from intona.models.session import Session

        self._digest  # noqa: B018  refuses another file before it is loaded
        model = Session.load(self.path)
        if "embedding" not in model.metadata:
            raise ModelError(f"{self.path} has no embedding: it takes features, not waveforms")
        return model
