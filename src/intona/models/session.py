"""onnxruntime, imported so that it keeps quiet."""

from __future__ import annotations

import os
from types import ModuleType

__all__ = ["onnxruntime"]


def onnxruntime() -> ModuleType:
    """Return the module, its telemetry switched off.

    Its official builds report their use to the maker and leave a device identifier in the
    temporary folder, unless the environment says otherwise before the first import (its
    ``Privacy.md``). What people say to intona stays with them, and so does that they said it.

    Examples:
        >>> onnxruntime().get_available_providers()[-1]
        'CPUExecutionProvider'
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as module

    return module
