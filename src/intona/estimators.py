"""scikit-learn estimators: heads and whole recipes as classifiers, for cross-validation and search.

Front ends are transformers as they are: see :mod:`intona.features.transformer`.

* :class:`HeadClassifier` works on feature matrices and passes ``check_estimator``.
* :class:`IntonaClassifier` works on recordings. ``check_estimator`` tests estimators on random
  matrices, which are no recordings; it skips this one, which says so in its tags.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.errors import RecipeError
from intona.extras import lacking
from intona.models.calibration import softmax
from intona.models.recipes import DEFAULT, Recipe, load

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ModuleNotFoundError:
    raise lacking("intona.estimators", "sklearn") from None

if TYPE_CHECKING:
    import pandas as pd


class HeadClassifier(ClassifierMixin, BaseEstimator):
    """A head of a recipe's ``[model]`` section on feature vectors.

    Args:
        kind: ``"mlp"``, ``"svm"``, ``"logistic"`` or ``"lda"``.
        parameters: as in ``[model]``: ``standardize`` and the keyword arguments of scikit-learn's
            estimator.
        seed: random state.

    Attributes:
        classes_: the labels, sorted.
    """

    def __init__(
        self, kind: str = "svm", parameters: Mapping[str, Any] | None = None, seed: int = 0
    ) -> None:
        self.kind = kind
        self.parameters = parameters
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on features ``(n, d)`` and labels ``(n,)``.

        Raises:
            ValueError: not finite numbers, or a single class.
            RecipeError: no such kind, or parameters that it does not take.
        """
        from intona.models.heads import Head

        X, y = validate_data(self, X, y)
        self.classes_, targets = _classes(y)
        head = Head(self.kind, self.parameters or {}, seed=self.seed)
        try:
            self.head_ = head.fit(X, targets)
        except RecipeError as error:
            raise ValueError(str(error)) from None
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities ``(n, classes)``, not calibrated: the softmax of the scores."""
        check_is_fitted(self)
        return softmax(self.head_.scores(validate_data(self, X, reset=False)))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest label of each row, shape ``(n,)``."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class IntonaClassifier(ClassifierMixin, BaseEstimator):
    """A recipe as a classifier of recordings: front end, head and calibration in one.

    ``X`` is a corpus table (``corpus.table``), whose speakers are then kept apart when the
    calibration is chosen; or a list of recordings in any form that ``Recognizer.predict`` takes.

    Args:
        recipe: the name of a built-in recipe, the path of a ``.toml`` file, or a recipe; without it
            that of the command line. It stands on the bundled model: on corpora which that was
            trained on, scores are too good, which :func:`intona.evaluate` refuses and scikit-learn
            does not know.
        seed: of everything random.

    Attributes:
        classes_: the labels, sorted.
        fitted_: the trained model, see :class:`intona.models.task.Fitted`.

    Examples:
        >>> IntonaClassifier("classic-svm")
        IntonaClassifier(recipe='classic-svm')
    """

    def __init__(self, recipe: str | Path | Recipe = DEFAULT, seed: int = 0) -> None:
        self.recipe = recipe
        self.seed = seed

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Train the recipe on recordings and their labels.

        Raises:
            ValueError: not one label for each recording, or a single class.
            IntonaError: see :func:`intona.models.train.fit`.
        """
        from intona.models.task import Task
        from intona.models.train import fit

        plan = self.recipe if isinstance(self.recipe, Recipe) else load(self.recipe)
        with _as_table(X) as table:
            labels = column_or_1d(y)
            if len(labels) != len(table):
                raise ValueError(f"{len(table)} recordings have {len(labels)} labels")
            self.classes_, targets = _classes(labels)
            # A number would be learned as a number.
            names = np.array([str(label) for label in self.classes_], dtype=object)
            self.fitted_ = fit(Task(plan, table.assign(emotion=names[targets]), seed=self.seed))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return calibrated probabilities, shape ``(n, classes)``, in the order of ``classes_``.

        Raises:
            AudioError: the first recording that cannot be used.
        """
        check_is_fitted(self)
        places = [self.fitted_.labels.index(str(label)) for label in self.classes_]
        with _as_table(X) as table:
            return self.fitted_.probabilities(table.drop(columns="emotion"))[:, places]

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label of each recording, shape ``(n,)``."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


def _classes(labels: ArrayLike) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the classes and the number of each row's.

    Raises:
        ValueError: no labels of classes, or a single one.
    """
    check_classification_targets(labels)
    classes, targets = np.unique(np.asarray(labels), return_inverse=True)
    if len(classes) < 2:
        raise ValueError("a classifier needs at least two classes, the labels have one class")
    return classes, targets


@contextmanager
def _as_table(given: Any) -> Iterator[pd.DataFrame]:
    """Give recordings as a corpus table; sound that is in no file is put into one meanwhile.

    Raises:
        UsageError: an item that cannot be a recording.
        AudioError: samples that are no usable sound.
    """
    import soundfile

    from intona.audio import Audio, read
    from intona.audio.given import source_of
    from intona.corpora.base import COLUMNS
    from intona.corpora.base import table as table_of
    from intona.tables import segmented_index, stretches

    wanted = stretches(given)
    if wanted is not None:
        table = getattr(given, "table", given)
        if not hasattr(table, "columns"):
            table = table_of([vars(one) for one in wanted]).reindex(table)
        yield table.assign(**{name: None for name in COLUMNS if name not in table.columns})
        return
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, one in enumerate(given):
            source = source_of(one)
            if not isinstance(source, str | Path):
                audio = source if isinstance(source, Audio) else read(source)
                source = Path(folder) / f"{number}.wav"
                soundfile.write(source, audio.samples, audio.rate, subtype="FLOAT")
            files.append(source)
        empty = table_of([]).reindex(segmented_index(files))
        yield empty.astype(object).where(empty.notna(), None)
