"""openSMILE's feature sets, for comparison with the literature; needs the [opensmile] extra.

openSMILE is free for non-commercial use only. intona does not contain it, and says so in its
log when this front end is used.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio.given import one_channel
from intona.errors import UsageError
from intona.extras import lacking
from intona.features.logmel import RATE, trim
from intona.features.transformer import Transformer

FEATURE_SETS: tuple[str, ...] = ("eGeMAPSv02", "ComParE_2016")


class OpenSmile(Transformer):
    """Functionals of openSMILE over the whole recording.

    Args:
        feature_set: ``"eGeMAPSv02"`` (88 features) or ``"ComParE_2016"`` (6373).
        rate: sample rate in Hz the recording is brought to; 0 leaves it at its own.
        trim: cut silence off both ends first (:func:`intona.features.logmel.trim`). Functionals
            are statistics of the whole, so silence that a studio left there shifts them all.

    Raises:
        UsageError: an unknown feature set, or trimming at another rate than 16 kHz.
        MissingExtraError: the package ``opensmile`` is not installed.
    """

    name = "opensmile"
    version = 1

    def __init__(self, feature_set: str = "eGeMAPSv02", rate: int = 0, trim: bool = False) -> None:
        if feature_set not in FEATURE_SETS:
            raise UsageError(
                f"no openSMILE feature set {feature_set!r}: choose {' or '.join(FEATURE_SETS)}"
            )
        if trim and rate != RATE:
            raise UsageError(f"openSMILE's front end trims at rate = {RATE}, not at {rate}")
        _package()
        self.feature_set = feature_set
        self.rate: int | None = rate or None
        self.trim = bool(trim)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The keyword arguments that rebuild this front end."""
        return {"feature_set": self.feature_set, "rate": self.rate or 0, "trim": self.trim}

    @cached_property
    def _smile(self) -> Any:
        opensmile = _package()
        return opensmile.Smile(
            feature_set=opensmile.FeatureSet[self.feature_set],
            feature_level=opensmile.FeatureLevel.Functionals,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded library behind when sent to a worker process."""
        return {key: self.__dict__[key] for key in ("feature_set", "rate", "trim")}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, named by openSMILE."""
        return tuple(self._smile.feature_names)

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the functionals, shape ``(len(names),)``.

        Args:
            samples: mono samples in [-1, 1], shape ``(n,)``.
            rate: sample rate in Hz.

        Raises:
            AudioError: when the samples are empty or not one channel.
        """
        signal = one_channel(samples)
        if self.trim:
            signal = np.ascontiguousarray(trim(signal))
        values = self._smile.process_signal(signal, rate).to_numpy(dtype=np.float32)[0]
        return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


@lru_cache(maxsize=1)
def _package() -> Any:
    try:
        import opensmile
    except ImportError:
        raise lacking("the front end opensmile", "opensmile") from None
    logging.getLogger(__name__).warning(
        "openSMILE is licensed for non-commercial use only (audEERING GmbH); "
        "so are models and results made with it"
    )
    return opensmile
