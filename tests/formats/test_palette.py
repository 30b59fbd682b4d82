"""One palette: the page's colours are the pictures' colours, told apart by everybody."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from matplotlib.figure import Figure

from intona.errors import UsageError
from intona.formats import palette
from intona.labels import EMOTIONS

ROOT = Path(__file__).parents[2]
# Simulated dichromats on linear RGB (Viénot, Brettel and Mollon 1999).
SEEN = {
    "all": np.eye(3),
    "protan": np.array([[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0], [0.0040, -0.0040, 1.0]]),
    "deutan": np.array([[0.2927, 0.7073, 0.0], [0.2927, 0.7073, 0.0], [-0.0223, 0.0223, 1.0]]),
}


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    """The colour in CIELAB (D65), after the eye's loss."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    rgb = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(seen @ rgb, 0, 1) / (0.9505, 1.0, 1.089)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_every_emotion_has_a_colour() -> None:
    assert tuple(palette.EMOTIONS) == EMOTIONS


def test_the_page_has_the_same_colours() -> None:
    made = run_path(str(ROOT / "scripts" / "palette.py"))
    written = made["PAGE"].read_text(encoding="utf-8")
    assert written == made["script"](), "run python scripts/palette.py"
    for name, colour in palette.EMOTIONS.items():
        assert f'["{name}", "{colour}"]' in written


@pytest.mark.parametrize("eye", SEEN)
def test_emotions_are_told_apart(eye: str) -> None:
    """Whoever looks: at least 11 in CIE76, some five times what is just noticed."""
    points = {name: lab(colour, SEEN[eye]) for name, colour in palette.EMOTIONS.items()}
    nearest = min(
        (float(np.linalg.norm(points[one] - points[other])), one, other)
        for one, other in combinations(points, 2)
    )
    assert nearest[0] > 11.0, nearest


def test_other_labels_get_spare_colours() -> None:
    names = [f"label{k}" for k in range(8)]
    found = palette.colours(["sad", *names])
    assert found["sad"] == palette.EMOTIONS["sad"]
    assert all(found[one] != found[other] for one, other in pairwise(names))


def test_a_picture_is_whole_or_absent(tmp_path: Path) -> None:
    figure = Figure()
    assert palette.save(figure, tmp_path / "a.png").stat().st_size > 100
    for path in (tmp_path / "a.xyz", tmp_path / "no" / "a.png"):
        with pytest.raises(UsageError, match="cannot write"):
            palette.save(figure, path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
