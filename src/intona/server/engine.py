"""What a worker does with a model: whole clips, timelines, live streams, exports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.audio import Audio, read
from intona.errors import UsageError
from intona.recognizer import Recognizer
from intona.server.worker import TooMuch, Upload

__all__ = ["Engine"]
