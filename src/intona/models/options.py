"""Training options: what the ``[training]`` section of a recipe may say, and the defaults.

A trainer names the class of its options and reads them with :meth:`Training.read`, which refuses
options nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

from intona.errors import RecipeError, meant
from intona.models.recipes import Recipe

MOST = 100  # folds and copies
MOST_SOUNDS = 100_000


@dataclass(frozen=True, kw_only=True)
class Training:
    """Training options of every recipe.

    Attributes:
        calibration_folds: inner folds of held-out speakers on which temperature and threshold
            are chosen; 0 for none.
        risk: the share of errors among the answers that the threshold aims at, in [0, 1].
        augmentation: transforms (name, probability, parameters) that copies are changed by.
        augmented_copies: changed copies of every recording, where there is an augmentation.
        layers: of an encoder, to choose from; see :mod:`intona.models.layers`.
    """

    calibration_folds: int = 4
    risk: float = 0.25
    augmentation: Sequence[Mapping[str, Any]] = ()
    augmented_copies: int = 1
    layers: Sequence[Any] = ()

    def __post_init__(self) -> None:
        for name, value, most in (
            ("calibration_folds", self.calibration_folds, MOST),
            ("risk", self.risk, 1),
            ("augmented_copies", self.augmented_copies, MOST),
        ):
            if not 0 <= value <= most:
                raise RecipeError(f"training.{name} is from 0 to {most}, got {value}")

    @property
    def copies(self) -> int:
        """How many changed copies there are of a recording."""
        return self.augmented_copies if self.augmentation else 0

    @classmethod
    def read(cls, recipe: Recipe) -> Self:
        """Read the training section of a recipe.

        Raises:
            RecipeError: an unknown option, or a value of another type than the option's.

        Examples:
            >>> Training.read(Recipe("mine", {}, {}, {"risk": 0.1})).risk
            0.1
        """
        known = {each.name: str(each.type) for each in fields(cls)}
        unknown = sorted(set(recipe.training) - set(known))
        if unknown:
            raise RecipeError(
                f"recipe {recipe.name}: unknown training options {', '.join(unknown)}"
                f"{meant(unknown[0], known)}; "
                f"known are {', '.join(sorted(known))}"
            )
        for name, value in recipe.training.items():
            words, fits = _TYPES[known[name].partition("[")[0]]
            if not fits(value):
                raise RecipeError(
                    f"recipe {recipe.name}: training.{name} is {words}, not {value!r}"
                )
        return cls(**recipe.training)


@dataclass(frozen=True, kw_only=True)
class FeatureTraining(Training):
    """Training options of a recipe whose head is scikit-learn's.

    Attributes:
        select: parameter of the model to the values to choose from on inner folds.
        normalise: ``"speaker"`` for features normalised by speaker, ``None`` for plain ones.
    """

    select: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    normalise: str | None = None


@dataclass(frozen=True, kw_only=True)
class LinearTraining(Training):
    """Training options of a linear head on an encoder.

    Attributes:
        balanced: whether the emotions of a corpus count alike.
        clean_share: of an utterance's weight, what is left to it when its copies share the rest,
            in (0, 1]; ``None`` shares alike.
        most: corpus to the number of its utterances that are used at most, drawn by chance.
        sounds_without_voice: synthetic sounds of which no emotion is to be likelier than another.
        weights: corpus to the weight of its utterances, 1 where not named.
        risk_unfamiliar: as ``risk``, of answers to corpora that were left out; ``None`` for the
            same.
        views: how often an utterance is seen standardised by all material (``plain``), by sets of
            its corpus (``corpus``) and of its speaker (``speaker``).
    """

    balanced: bool = False
    clean_share: float | None = None
    most: Mapping[str, int] = field(default_factory=dict)
    sounds_without_voice: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    risk_unfamiliar: float | None = None
    views: Mapping[str, float] = field(default_factory=lambda: {"plain": 1.0})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.sounds_without_voice <= MOST_SOUNDS:
            raise RecipeError(
                f"training.sounds_without_voice is from 0 to {MOST_SOUNDS}, got "
                f"{self.sounds_without_voice}"
            )
        if self.clean_share is not None and not 0.0 < self.clean_share <= 1.0:
            raise RecipeError(
                f"training.clean_share is above 0 and at most 1, got {self.clean_share}"
            )
        for corpus, weight in self.weights.items():
            if not _number(weight) or not 0.0 < weight < 1e6:
                raise RecipeError(
                    f"training.weights: {corpus} counts {weight!r}, which is no number above 0; "
                    "to learn nothing from a corpus, leave it out"
                )
        known = {"plain", "corpus", "speaker"}
        if not set(self.views) <= known or not sum(self.views.values()) > 0.0:
            raise RecipeError(f"training.views are shares of {', '.join(sorted(known))}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# What a value must be, by the type written above.
_TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "int": ("a whole number", lambda value: _number(value) and isinstance(value, int)),
    "float": ("a number", _number),
    "float | None": ("a number", _number),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "str | None": ("a word", lambda value: value is None or isinstance(value, str)),
    "Mapping": ("a section", lambda value: isinstance(value, Mapping)),
    "Sequence": ("a list", lambda value: isinstance(value, list | tuple)),
}
