"""A linear head on an encoder: the recipes ``encoder-lr``, ``default`` and ``head``.

The head is a softmax regression on standardised features pooled over time: of Whisper's encoder,
frozen or first fine-tuned on some of the corpora, or the embedding of the bundled model. What is
exported takes a waveform: see :mod:`intona.models.waveform`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import RecipeError
from intona.features import front_end
from intona.features.embedding import Embedding
from intona.features.encoder import Encoder, read_classes
from intona.features.extract import extract, utterances
from intona.features.logmel import RATE
from intona.labels import order
from intona.models.calibration import choose_abstention, fit_temperature, softmax
from intona.models.nothing import sounds_without_voice
from intona.models.regression import softmax_regression
from intona.models.speakers import speaker_statistics
from intona.protocol import inner_folds
from intona.recipes import Recipe
from intona.train import Progress, is_numeric, training_options

if TYPE_CHECKING:
    import onnx
    import pandas as pd

__all__ = ["Known", "LinearHead", "LinearModel", "fit", "with_sound_classes"]

Floats = NDArray[np.float32]
Facts = dict[str, Any]

CLASS_UTTERANCES = 500  # enough to find sound classes

OPTIONS = (
    "adapt",
    "sound_classes",
    "augmentation",
    "augmented_copies",
    "calibration_folds",
    "most",
    "risk",
    "sounds_without_voice",
    "weights",
)


@dataclass(frozen=True)
class LinearHead:
    """Standardisation and softmax regression.

    Attributes:
        centre: mean of the training features, ``(d,)``.
        scale: their standard deviation, ``(d,)``.
        weights: on standardised features, ``(d, classes)``.
        bias: ``(classes,)``.
    """

    centre: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    @classmethod
    def fit(
        cls,
        features: Floats,
        targets: NDArray[np.int64],
        possible: NDArray[np.bool_],
        weights: Floats,
        C: float,
        rows: NDArray[np.integer],
        nothing: Floats | None = None,
    ) -> LinearHead:
        """Fit on some rows; see :func:`intona.models.regression.softmax_regression`.

        ``nothing`` holds features ``(m, d)`` of sounds without a voice: for them all labels are
        to be equally likely, and each counts half an utterance.
        """
        values, weight = features[rows], weights[rows]
        share = (weight / weight.sum())[:, None]
        centre = (values * share).sum(axis=0).astype(np.float32)
        variance = ((values - centre) ** 2 * share).sum(axis=0)
        scale = (np.sqrt(variance) + 1e-6).astype(np.float32)
        classes = possible.shape[1]
        truth, possible = np.eye(classes)[targets[rows]], possible[rows]
        if nothing is not None:
            every = np.ones((len(nothing), classes), dtype=bool)
            values, possible = np.concatenate([values, nothing]), np.concatenate([possible, every])
            truth = np.concatenate([truth, every / classes])
            weight = np.concatenate([weight, np.full(len(nothing), 0.5)])
        matrix, bias = softmax_regression(
            (values - centre) / scale, truth, classes, C=C, weights=weight, possible=possible
        )
        return cls(centre, scale, matrix, bias)

    def scores(self, features: Floats) -> NDArray[np.float64]:
        """Return scores ``(n, classes)``."""
        standard = (features - self.centre) / self.scale
        return np.asarray(standard @ self.weights + self.bias, dtype=np.float64)


@dataclass(frozen=True)
class LinearModel:
    """A fitted encoder with its head; see :class:`intona.train.Fitted`."""

    labels: tuple[str, ...]
    recipe: Recipe
    details: Mapping[str, Any]
    front_end: Encoder | Embedding
    head: LinearHead
    workers: int = 1

    def probabilities(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(rows, labels)``."""
        features = extract(table, self.front_end, workers=self.workers)
        return softmax(self.head.scores(features), self.details["temperature"])

    def export(self, path: str | Path, *, metadata: Mapping[str, Any]) -> Path:
        """Write the one-file artefact: waveform in, probabilities and embedding out."""
        from intona.artefact import write_model

        temperature = np.float32(self.details["temperature"])
        weights, bias = self.head.weights / temperature, self.head.bias / temperature
        if isinstance(self.front_end, Embedding):
            model, facts = self._on_bundled(weights, bias)
        else:
            model, facts = self._with_encoder(weights, bias)
        own = {
            "labels": list(self.labels),
            "target": "emotion",
            "numeric": False,
            "input": {"kind": "waveform", "rate": RATE, "trim": "inside the graph"},
            "recipe": self.recipe.to_dict(),
            **facts,
            **self.details,
        }
        return write_model(model, {**own, **metadata}, path)

    def _with_encoder(self, weights: Floats, bias: Floats) -> tuple[onnx.ModelProto, Facts]:
        from intona.features.weights import locate
        from intona.models.waveform import waveform_model
        from intona.models.whisper import load_whisper, weights_of

        front, head = self.front_end, self.head
        assert isinstance(front, Encoder)
        encoder = weights_of(load_whisper(locate(front.model), max(front.layers)))
        classes = read_classes(front.classes) if front.classes else None
        model = waveform_model(
            encoder, front.layers, head.centre, head.scale, (weights, bias), classes
        )
        facts = dict(front.parameters) | {
            key: Path(getattr(front, key)).name for key in ("model", "classes")
        }
        return model, {"embedding": len(head.centre), "encoder": facts}

    def _on_bundled(self, weights: Floats, bias: Floats) -> tuple[onnx.ModelProto, Facts]:
        import onnx

        from intona.artefact import read_model
        from intona.models.waveform import with_head

        assert isinstance(self.front_end, Embedding)
        content, known = read_model(self.front_end.path)
        own = weights / self.head.scale[:, None]
        model = with_head(onnx.load_model_from_string(content), own, bias - self.head.centre @ own)
        kept = ("embedding", "encoder")
        base = {key: known[key] for key in ("version", "corpora", "licence")}
        return model, {**{key: known[key] for key in kept if key in known}, "base": base}


def fit(
    recipe: Recipe,
    table: pd.DataFrame,
    *,
    target: str,
    seed: int,
    workers: int,
    progress: Progress | None,
) -> LinearModel:
    """Fit an encoder recipe; called through :func:`intona.train.fit`."""
    if is_numeric(table[target]):
        raise RecipeError(f"recipe {recipe.name} learns emotions, not numbers like {target}")
    options = training_options(recipe, OPTIONS)
    settings, model = dict(recipe.front_end), dict(recipe.model)
    name, _, C = settings.pop("name"), model.pop("kind"), float(model.pop("C", 0.003))
    front = front_end(name, **settings)
    if model or not isinstance(front, Encoder | Embedding):
        raise RecipeError(
            f"recipe {recipe.name}: a linear model takes C alone, "
            "and the front end encoder or default"
        )
    labels = order(table[target])
    known = Known.of(table, target, labels, options.get("weights", {}))
    kept = known.thinned(options.get("most", {}), seed)
    table, known = table.iloc[kept], known.at(kept)
    everything = np.arange(len(table))

    def new_head(
        features: Floats,
        rows: NDArray[np.integer],
        origin: NDArray[np.integer] = everything,
        nothing: Floats | None = None,
    ) -> LinearHead:
        """Fit on the features whose utterance is among the rows; its copies share its weight."""
        copies = known.at(origin)
        weights = copies.weights / np.bincount(origin)[origin]
        chosen = np.flatnonzero(np.isin(origin, rows))
        return LinearHead.fit(
            features, copies.targets, copies.possible, weights, C, chosen, nothing
        )

    tuning, sorting = dict(options.get("adapt", {})), dict(options.get("sound_classes", {}))
    rows = np.flatnonzero(np.isin(known.groups, tuning.pop("corpora", [])))
    if len(rows) and isinstance(front, Encoder):
        part, there = table.iloc[rows], known.at(rows)
        plain = extract(part, front, workers=workers, progress=progress)
        start = new_head(plain, rows, rows)
        front = _adapted(front, part, there, start, tuning, seed, progress)
    rows = np.flatnonzero(np.isin(known.groups, sorting.get("corpora", [])))
    if len(rows) and isinstance(front, Encoder):
        front = with_sound_classes(front, table.iloc[rows], int(sorting.get("count", 16)), seed)
    features = extract(table, front, workers=workers, progress=progress)
    changed, origin = _changed(front, table, known, options, seed, workers, progress)
    material = np.concatenate([features, *changed])
    count = int(options.get("sounds_without_voice", 0))
    sounds = [front(sound, RATE) for sound in sounds_without_voice(count, seed)]
    nothing = np.stack(sounds) if sounds else None

    def robust_head(rows: NDArray[np.integer]) -> LinearHead:
        return new_head(material, rows, origin, nothing)

    head = robust_head(everything)
    folds, risk = int(options.get("calibration_folds", 4)), float(options.get("risk", 0.25))
    details = _calibrate(
        robust_head, features, known, labels, table["speaker"], folds, risk, progress
    )
    return LinearModel(labels, recipe, details, front, head, workers)


@dataclass(frozen=True)
class Known:
    """What is known of the training utterances.

    Attributes:
        targets: class numbers ``(n,)``.
        possible: which classes an utterance could have had ``(n, classes)``: those its corpus
            has at all.
        weights: of each utterance ``(n,)``.
        groups: corpus of each utterance ``(n,)``; singing is a corpus of its own.
    """

    targets: NDArray[np.int64]
    possible: NDArray[np.bool_]
    weights: Floats
    groups: NDArray[Any]

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        target: str,
        labels: tuple[str, ...],
        weights: Mapping[str, float],
    ) -> Known:
        """Read it off the table; ``weights`` are per corpus, 1 where not named."""
        number = {label: k for k, label in enumerate(labels)}
        targets = np.asarray(table[target].map(number), dtype=np.int64)
        groups = table["corpus"].fillna("unknown").astype(str).to_numpy(dtype=object)
        if "vocal_channel" in table.columns:
            song = (table["vocal_channel"] == "song").to_numpy()
            groups = np.where(song, groups + "-song", groups)
        possible = np.zeros((len(targets), len(labels)), dtype=bool)
        for group in set(groups):
            members = groups == group
            possible[np.ix_(members, np.unique(targets[members]))] = True
        weight = np.array([weights.get(group, 1.0) for group in groups], dtype=np.float32)
        return cls(targets, possible, weight, groups)

    def main(self) -> NDArray[np.integer]:
        """Return the rows of the main corpus: the one with the largest weight."""
        return np.flatnonzero(self.weights == self.weights.max())

    def thinned(self, most: Mapping[str, int], seed: int) -> NDArray[np.integer]:
        """Return rows with at most so many of each corpus, drawn by chance."""
        rng = np.random.default_rng(seed)
        kept = np.ones(len(self.targets), dtype=bool)
        for group, limit in sorted(most.items()):
            kept[rng.permutation(np.flatnonzero(self.groups == group))[limit:]] = False
        return np.flatnonzero(kept)

    def at(self, rows: NDArray[np.integer]) -> Known:
        """Return some of the rows."""
        return Known(self.targets[rows], self.possible[rows], self.weights[rows], self.groups[rows])


def with_sound_classes(front: Encoder, table: pd.DataFrame, count: int, seed: int) -> Encoder:
    """Return the front end with sound classes, found by k-means on frames of these utterances."""
    import hashlib
    import io

    from sklearn.cluster import MiniBatchKMeans

    from intona.audio import read
    from intona.features.cache import cache_folder
    from intona.files import atomic

    rows = np.random.default_rng(seed).permutation(len(table))[:CLASS_UTTERANCES]
    frames = []
    for wanted in utterances(table.iloc[np.sort(rows)].index):  # type: ignore[arg-type]
        audio = read(wanted.file, rate=RATE, start=wanted.start, end=wanted.end)
        frames.append(front.frames(audio.samples)[::4])
    found = MiniBatchKMeans(count, random_state=seed, n_init=5, batch_size=4096)
    classes = found.fit(np.concatenate(frames)).cluster_centers_.astype(np.float32)
    buffer = io.BytesIO()
    np.save(buffer, classes)
    folder = cache_folder() / "classes"
    folder.mkdir(parents=True, exist_ok=True)
    # Named by content, so that features of other classes are never taken for these.
    path = folder / f"{hashlib.sha256(buffer.getvalue()).hexdigest()[:16]}.npy"
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return Encoder(**{**front.parameters, "classes": str(path)})


def _changed(
    front: Encoder | Embedding,
    table: pd.DataFrame,
    known: Known,
    options: Mapping[str, Any],
    seed: int,
    workers: int,
    progress: Progress | None,
) -> tuple[list[Floats], NDArray[np.integer]]:
    """Return features of changed copies of the main corpus, and every feature row's utterance.

    Without augmentation in the recipe there are no copies.
    """
    origin = np.arange(len(table))
    steps, copies = options.get("augmentation", ()), int(options.get("augmented_copies", 1))
    if not steps:
        return [], origin
    from intona.features.augmented import augmented

    main = known.main()
    part = table.iloc[main]
    found = [
        extract(part, heard, workers=workers, progress=progress)
        for heard in augmented(front, steps, part, copies=copies, seed=seed)
    ]
    return found, np.concatenate([origin, *([main] * len(found))])


def _adapted(
    front: Encoder,
    table: pd.DataFrame,
    known: Known,
    start: LinearHead,
    tuning: Mapping[str, Any],
    seed: int,
    progress: Progress | None,
) -> Encoder:
    """Return the front end with an encoder fine-tuned on these utterances."""
    from intona.audio import read
    from intona.features.cache import cache_folder
    from intona.features.logmel import trim
    from intona.features.weights import locate
    from intona.models.adapt import AdaptOptions, Material, Start, adapt
    from intona.models.whisper import load_whisper

    try:
        options = AdaptOptions(**tuning)
    except TypeError as error:
        raise RecipeError(f"training.adapt: {error}") from None
    clips = []
    for wanted in utterances(table.index):  # type: ignore[arg-type]
        audio = read(wanted.file, rate=RATE, start=wanted.start, end=wanted.end)
        clips.append(np.rint(np.clip(trim(audio.samples), -1, 1) * 32767).astype(np.int16))
    material = Material(clips, known.targets, known.possible, known.groups)
    path = adapt(
        load_whisper(locate(front.model), max(front.layers)),
        material,
        Start(front.layers, start.centre, start.scale, start.weights, start.bias),
        options,
        cache_folder() / "adapted",
        seed=seed,
        progress=progress,
    )
    settings = {**front.parameters, "model": str(path), "weights": ""}
    return Encoder(**settings)


def _calibrate(
    new_head: Callable[[NDArray[np.integer]], LinearHead],
    features: Floats,
    known: Known,
    labels: Sequence[str],
    speakers: pd.Series,
    folds: int,
    risk: float,
    progress: Progress | None,
) -> dict[str, Any]:
    """Choose temperature and abstention threshold on held-out speakers of the main corpus."""
    rows = known.main()
    folds = min(folds, speakers.iloc[rows].nunique())
    if folds < 2 or speakers.isna().any():
        return {"temperature": 1.0, "threshold": 0.0, "calibration": "none: too few speakers"}
    names = speakers.to_numpy()
    scores = np.full((len(names), known.possible.shape[1]), np.nan)
    parts = inner_folds(known.targets[rows], names[rows], folds)
    for done, (_, test) in enumerate(parts):
        held = rows[test]
        # Whoever is held out is held out of every corpus.
        train = np.flatnonzero(~np.isin(names, np.unique(names[held])))
        scores[held] = new_head(train).scores(features[held])
        if progress is not None:
            progress(done + 1, len(parts), "calibration")
    temperature = fit_temperature(scores[rows], known.targets[rows])
    probabilities = softmax(scores[rows], temperature)
    correct = probabilities.argmax(axis=1) == known.targets[rows]
    abstention = choose_abstention(probabilities.max(axis=1), correct, risk)
    return {
        "temperature": temperature,
        "threshold": abstention.threshold,
        "abstention": asdict(abstention),
        "calibration": f"{folds} inner folds of held-out speakers",
        "speakers": speaker_statistics(probabilities, known.targets[rows], names[rows], labels),
    }
