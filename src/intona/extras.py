"""Extras: which packages are beyond the light core, and the one sentence that asks for them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec

from intona import memory
from intona.errors import MissingExtraError
from intona.memory import load_linear_algebra, require_room

# A module that is imported to what pip calls it and the extra that brings it.
PACKAGES: Mapping[str, tuple[str, str]] = {
    "pandas": ("pandas", "parquet"),
    "pyarrow": ("pyarrow", "parquet"),
    "scipy": ("scipy", "train"),
    "sklearn": ("scikit-learn", "train"),
    "onnx": ("onnx", "train"),
    "skl2onnx": ("skl2onnx", "train"),
    "jinja2": ("jinja2", "train"),
    "pooch": ("pooch", "train"),
    "matplotlib": ("matplotlib", "plot"),
    "fastapi": ("fastapi", "server"),
    "starlette": ("fastapi", "server"),
    "pydantic": ("fastapi", "server"),
    "uvicorn": ("uvicorn", "server"),
    "multipart": ("python-multipart", "server"),
    "python_multipart": ("python-multipart", "server"),
    "prometheus_client": ("prometheus-client", "server"),
    "websockets": ("websockets", "server"),
    "torch": ("torch", "torch"),
    "safetensors": ("safetensors", "torch"),
    "ray": ("ray", "ray"),
    "opensmile": ("opensmile", "opensmile"),
    "sounddevice": ("sounddevice", "mic"),
    "transformers": ("transformers", "hub"),
    "huggingface_hub": ("huggingface_hub", "hub"),
}


TRAINING = (
    *("pandas", "pyarrow", "scipy", "sklearn", "onnx", "skl2onnx", "jinja2", "pooch"),
    "matplotlib",
)


def require_training(what: str) -> None:
    """Refuse what needs the extra ``train`` where any of it is not installed; see :func:`require`.

    Raises:
        MissingExtraError: likewise.
        IntonaError: this process may not have the memory for it.
    """
    require(what, *TRAINING)
    if "scipy.linalg" not in sys.modules:
        require_room(what, memory.TRAINING)
        load_linear_algebra()


def require(what: str, *modules: str) -> None:
    """Refuse what needs modules that are not installed.

    Args:
        what: the feature, for example ``"intona train"``.
        modules: keys of :data:`PACKAGES`.

    Raises:
        MissingExtraError: one of them is not there; all that are not are named.
    """
    missing = [module for module in modules if not installed(module)]
    if missing:
        raise lacking(what, *missing)


def lacking(what: str, *modules: str) -> MissingExtraError:
    """Return the error that asks for modules.

    Args:
        what: the feature that needs them.
        modules: keys of :data:`PACKAGES`.
    """
    each = [PACKAGES[module] for module in modules]
    names, extras = ([*dict.fromkeys(one)] for one in zip(*each, strict=True))
    if "train" in extras:  # which brings these too
        extras = [extra for extra in extras if extra not in ("plot", "parquet")]
    return MissingExtraError(what, names, extras)


def asked_for(error: ImportError, what: str) -> MissingExtraError | None:
    """Return the error that asks for what an import has lacked; ``None`` if it is no extra."""
    module = str(error.name or "").partition(".")[0]
    return lacking(what, module) if module in PACKAGES else None


def installed(module: str) -> bool:
    """Tell whether a module can be imported; it is not imported for that."""
    try:
        return find_spec(module) is not None
    except ValueError:  # something else stands for it
        return True
