"""The page's example is what its script makes, and speaks long enough to be adapted to."""

from __future__ import annotations

import runpy
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile

SCRIPT = Path(__file__).parents[2] / "scripts" / "example.py"


def test_the_example_is_what_its_script_makes() -> None:
    made = runpy.run_path(str(SCRIPT))["sound"]()
    kept = files("intona.server") / "page" / "example.flac"
    samples, rate = soundfile.read(str(kept), dtype="float32")
    assert rate == 16_000
    assert len(samples) > 30 * rate
    np.testing.assert_allclose(samples, made, atol=1e-4)
