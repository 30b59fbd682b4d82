"""A model file of ours as evaluations and audits ask it, beside recognisers of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from intona.audio import Audio
from intona.errors import AudioError
from intona.inference.clip import predict_each
from intona.inference.recognizer import Recognizer
from intona.models.artefact import read_model
from intona.models.lineage import Training
from intona.models.metadata import Metadata
from intona.tables import Prediction


class OwnModel(Recognizer):
    """A model file of ours under judgement; see :class:`intona.inference.model.Judged`.

    Args:
        content: bytes of the file.
        metadata: its validated metadata.
        path: where it was read from.
        called: what reports call it; ``None`` for the file's name without its suffix.
    """

    def __init__(
        self, content: bytes, metadata: Metadata, path: Path, called: str | None = None
    ) -> None:
        super().__init__(content, metadata, path)
        self.name = called or path.stem

    @property
    def target(self) -> str:
        """What it predicts: ``emotion``, or the column it was trained on."""
        return self.metadata["target"]

    @property
    def priors(self) -> Sequence[float] | None:
        """What it answers on average where all labels are as frequent, where it says."""
        return self.metadata.get("priors")

    @property
    def training(self) -> Training:
        """What the file says it was trained on."""
        return Training.of(self.metadata)

    def again(self) -> Callable[[], OwnModel]:
        """Return what makes the same model, unadapted, also in another process."""
        return partial(OwnModel, *read_model(self.path), self.path, self.name)

    def predict_each(self, sources: Iterable[Audio]) -> Iterator[Prediction | AudioError]:
        """Yield one prediction per recording, or the error that prevented it."""
        return predict_each(self, sources)
