"""scikit-learn transformer: what makes a front end a step of a pipeline, without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.errors import AudioError, UsageError

if TYPE_CHECKING:
    from intona.audio import Audio


class Transformer:
    """Base of our front ends: ``fit``, ``transform``, ``get_params`` and what else belongs to it.

    There is nothing to fit. The parameters are those of the constructor, so ``clone``,
    ``set_params`` and a grid search work; a clone or a pickle has no network loaded.

    Examples:
        >>> from intona.features import front_end
        >>> classic = front_end("classic").set_params(chroma=False)
        >>> classic.transform([(np.sin(np.arange(8000)), 8000)]).shape
        (1, 168)
        >>> classic
        Classic(mfcc=True, chroma=False, mel=True)
    """

    name: str
    version: int
    rate: int | None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON-able keyword arguments that rebuild the front end."""
        raise NotImplementedError

    @property
    def names(self) -> tuple[str, ...]:
        """One column name per feature, in order."""
        raise NotImplementedError

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the features of one recording, shape ``(len(names),)``."""
        raise NotImplementedError

    _output = "default"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the keyword arguments of the constructor."""
        return dict(self.parameters)

    def set_params(self, **changes: Any) -> Self:
        """Change parameters in place; nothing changes where one is refused.

        Raises:
            UsageError: no such parameter, or an impossible value.
        """
        known = self.get_params()
        unknown = sorted(set(changes) - set(known))
        if unknown:
            raise UsageError(
                f"the front end {self.name} has no parameter {', '.join(unknown)}; it has "
                f"{', '.join(known) or 'none'}"
            )
        fresh = type(self)(**{**known, **changes}).set_output(transform=self._output)
        self.__dict__.clear()
        self.__dict__.update(fresh.__dict__)
        return self

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Return the front end as it is: it learns nothing."""
        return self

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what :meth:`transform` returns.

        Args:
            transform: ``"default"`` for an array, ``"pandas"`` for a data frame with :attr:`names`
                as columns; ``None`` changes nothing.

        Raises:
            UsageError: something else.
        """
        if transform not in (None, "default", "pandas"):
            raise UsageError(f"features come as 'default' or 'pandas', not as {transform!r}")
        self._output = transform or self._output
        return self

    def transform(self, X: Any) -> Any:
        """Return the features of recordings, shape ``(n, len(names))``, float32.

        Features of files are cached by content; what has another sample rate than the front end
        needs is resampled.

        Args:
            X: a list of recordings in any form that :meth:`Recognizer.predict` takes, or a corpus
                or its table.

        Raises:
            AudioError: the first recording that cannot be read or used.
            UsageError: an item that cannot be a recording, or not several.
        """
        from pathlib import Path

        from intona.audio.given import is_many, source_of
        from intona.features.extract import extract_each
        from intona.tables import Utterance, stretches

        wanted = stretches(X)
        if wanted is not None:
            found: list[Any] = list(extract_each(wanted, self))
        elif not is_many(X):
            raise UsageError("a front end transforms several recordings: give a list of them")
        else:
            sources = [source_of(one) for one in X]
            files = [Utterance(str(one)) for one in sources if isinstance(one, str | Path)]
            cached = extract_each(files, self)
            found = [
                next(cached) if isinstance(one, str | Path) else self._heard(one) for one in sources
            ]
        for one in found:
            if isinstance(one, AudioError):
                raise one
        rows = np.array(found, dtype=np.float32).reshape(len(found), len(self.names))
        if self._output == "default":
            return rows
        import pandas as pd

        return pd.DataFrame(rows, columns=self.get_feature_names_out())

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Return the features of recordings; see :meth:`transform`."""
        return self.transform(X)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return :attr:`names` as an array of objects."""
        return np.array(self.names, dtype=object)

    def __repr__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.get_params().items())
        return f"{type(self).__name__}({given})"

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Self:
        return type(self)(**self.get_params()).set_output(transform=self._output)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=[]),
            input_tags=InputTags(two_d_array=False, string=True),
            requires_fit=False,
        )

    def _heard(self, source: Any) -> NDArray[np.float32]:
        from intona.audio import Audio, read, resample

        audio: Audio = source if isinstance(source, Audio) else read(source)
        rate = self.rate or audio.rate
        return self(resample(audio.samples, audio.rate, rate), rate)
