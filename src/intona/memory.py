"""Room in memory, asked for before the work of what does not fail where there is none.

OpenBLAS, which numpy and scipy each bring along, asks for memory again and again when it is loaded
or first used and gets none: for ever, deaf to signals. So both are made to take what they will ever
need while there is room.
"""

from __future__ import annotations

import errno
import mmap

from intona.errors import IntonaError
from intona.threads import one_thread

STARTING = 96  # MiB, for numpy and for what runs a model
TRAINING = 448  # MiB, for pandas, scipy and scikit-learn
_LARGE = 160  # rows of a matrix that no short cut is taken for
_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0)
# How the loader of libraries, threading and protobuf say that there is no memory.
_SIGNS = {
    "ImportError": ("failed to map segment", "cannot allocate memory", "bad_alloc"),
    "RuntimeError": ("can't start new thread", "bad_alloc"),
    "EncodeError": ("failed to serialize",),
}


def require_room(what: str, mib: int) -> None:
    """Refuse work that this process may not have the memory for (``ulimit -v``, ``-d``).

    Args:
        what: the feature that needs it, for example ``"intona train"``.
        mib: address space it needs beyond what is in use, MiB; it is not taken.

    Raises:
        IntonaError: there is less.
    """
    try:
        if _NO_RESERVE:
            kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
            mmap.mmap(-1, mib << 20, flags=kind).close()
        else:
            mmap.mmap(-1, mib << 20).close()
    except (OSError, MemoryError):
        raise IntonaError(
            f"{what} needs at least {mib} MiB of memory more than this process may have: raise "
            "the limit (ulimit -v, ulimit -d)"
        ) from None


def load_linear_algebra() -> None:
    """Load what numpy and scipy multiply and solve with, and let it take its memory."""
    import numpy as np
    import scipy.linalg

    with one_thread():
        for library in (np.linalg, scipy.linalg):
            square = library.cholesky(np.eye(_LARGE) + 1.0)
            library.svd(square @ square)


def is_lack_of_memory(error: BaseException | None) -> bool:
    """Return whether an error, or one that led to it, says in its way that memory is short.

    Examples:
        >>> is_lack_of_memory(ImportError("a.so: failed to map segment from shared object"))
        True
        >>> is_lack_of_memory(ImportError("no module named a"))
        False
    """
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        if any(sign in str(error).lower() for sign in _SIGNS.get(type(error).__name__, ())):
            return True
        error = error.__cause__ or error.__context__
    return False
