"""Whatever recogniser is named, asked about recordings, windows or a live stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from intona.audio.decode import Source
from intona.errors import AudioError, IntonaError
from intona.inference.clip import TOGETHER, predict_each
from intona.inference.foreign.base import Foreign
from intona.inference.foreign.windowed import Windowed
from intona.inference.model import Model
from intona.inference.recognizer import Recognizer, load
from intona.models.artefact import names_model
from intona.tables import Prediction


def open_to_ask(text: str | Path | None, *, profile: str | None = None) -> Recognizer | Foreign:
    """Open what is to be asked about any recordings.

    Args:
        text: a model file, a bundled model, or somebody else's recogniser; see
            :func:`intona.inference.opening.open_recognizer`.
        profile: see :func:`intona.inference.recognizer.load`; for a model file alone.

    Raises:
        UsageError: a table of answers, which knows its own recordings alone, or a profile for
            somebody else's recogniser; also as ``open_recognizer``.
        ModelError: it is no model, or no working recogniser.
        MissingExtraError: a model of the hub, and transformers is not installed.
    """
    if text is None or names_model(text):
        return load(text, profile=profile)
    from intona.inference.opening import open_recognizer, require_askable  # imports pandas

    require_askable(text)
    found = open_recognizer(text)
    if not isinstance(found, Foreign):
        return load(text, profile=profile)
    if profile is not None:
        found.require_adaptable()
    return found


def in_windows(model: Recognizer | Foreign) -> Model:
    """Return what judges the windows that timelines and streams are cut into."""
    return Windowed(model) if isinstance(model, Foreign) else model


def predict_files(
    model: Recognizer | Foreign,
    sources: Iterable[Source | AudioError],
    *,
    together: int = TOGETHER,
) -> Iterator[Prediction | IntonaError]:
    """Yield one prediction per recording, or the error that prevented it; never stops half-way.

    Args:
        model: from :func:`open_to_ask`.
        sources: see :func:`intona.inference.clip.predict_each`.
        together: see there.
    """
    if isinstance(model, Foreign):
        return model.predict_files(sources)
    return predict_each(model, sources, together=together)
