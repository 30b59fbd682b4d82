"""The encoder's last layer between features and head: taken out, fine-tuned, put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import RecipeError
from intona.features.cache import cache_folder
from intona.features.encoder import Encoder
from intona.features.weights import locate
from intona.models.linear_head import VOICELESS, LinearHead
from intona.models.material import Material, Solution
from intona.models.tuning import Examples, TunedLayer, TuningOptions, tune
from intona.models.whisper import Layer, load_whisper
from intona.train import Progress

__all__ = ["below", "tuned", "with_layer"]

Floats = NDArray[np.float32]


def below(features: Floats, frames: Sequence[NDArray[np.float16]]) -> Floats:
    """Return the features of the layers below the last: all but its means and deviations."""
    return np.ascontiguousarray(features[:, : features.shape[1] - 2 * frames[0].shape[1]])


def tuned(
    front: Encoder,
    material: Material,
    start: LinearHead,
    C: float,
    utterances: NDArray[np.integer],
    settings: Mapping[str, Any],
    seed: int,
    progress: Progress | None,
) -> Solution:
    """Fine-tune the last layer on some utterances, their copies and the sounds without a voice.

    Raises:
        RecipeError: an unknown setting.
    """
    try:
        options = TuningOptions(**settings)
    except TypeError as error:
        raise RecipeError(f"training.tuning: {error}") from None
    rows, known = material.rows(utterances), material.known
    rows = rows[known.weights[rows] > 0]
    frames = [material.frames[row] for row in rows]
    parts = below(material.features[rows], frames)
    truth = np.eye(known.possible.shape[1])[known.targets[rows]]
    possible, weights = known.possible[rows], known.weights[rows]
    if material.nothing is not None:
        silent = material.nothing_frames
        every = np.ones((len(silent), truth.shape[1]), dtype=bool)
        frames += silent
        parts = np.concatenate([parts, below(material.nothing, silent)])
        truth = np.concatenate([truth, every / truth.shape[1]])
        possible = np.concatenate([possible, every])
        weights = np.concatenate([weights, np.full(len(silent), VOICELESS, dtype=np.float32)])
    layer = load_whisper(locate(front.model), max(front.layers)).layers[-1]
    assert isinstance(layer, Layer)
    examples = Examples(frames, parts, truth, possible, weights)
    folder = cache_folder() / "tuned"
    network = tune(layer, start, examples, options, folder, C=C, seed=seed, progress=progress)
    return Solution(network.head(), network)


def with_layer(front: Encoder, network: TunedLayer) -> Encoder:
    """Return the front end with another last layer; its weights are kept in the cache."""
    import hashlib

    from safetensors.torch import save

    from intona.files import atomic

    whole = load_whisper(locate(front.model), max(front.layers))
    whole.layers[-1].load_state_dict(network.layer.state_dict())
    content = save({key: value.contiguous() for key, value in whole.state_dict().items()})
    folder = cache_folder() / "tuned"
    folder.mkdir(parents=True, exist_ok=True)
    # Named by content, so that features of other weights are never taken for these.
    path = folder / f"encoder-{hashlib.sha256(content).hexdigest()[:16]}.safetensors"
    if not path.is_file():
        with atomic(path) as temporary:
            temporary.write_bytes(content)
    return Encoder(**{**front.parameters, "model": str(path), "weights": ""})
