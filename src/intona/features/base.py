"""What every front end is: a named, versioned callable from samples to an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class FrontEnd(Protocol):
    """A callable ``(samples, rate) -> array`` that knows what it computes.

    Attributes:
        name: the name recipes use, for example ``"classic"``.
        version: raised whenever the numbers change, so that caches and artefacts notice.
        rate: the sample rate it needs in Hz, or ``None`` for the file's own rate.
    """

    name: str
    version: int
    rate: int | None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON-able keyword arguments that rebuild the front end."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """One column name per feature, in order."""
        ...

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the feature vector, shape ``(len(names),)``.

        Args:
            samples: mono float32 in [-1, 1], shape ``(n,)``.
            rate: sample rate in Hz.
        """
        ...
