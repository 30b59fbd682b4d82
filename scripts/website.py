"""Build the pages of docs/ as a site, with the page that answers on the device as a part of it.

Needs the extra docs, and what the page needs::

    pip install -c constraints.txt -e ".[docs]"
    npm install --prefix js --ignore-scripts
    python scripts/website.py                # the folder site/, for any static host
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from demo import build

ROOT = Path(__file__).parents[1]


def pages(root: Path = ROOT) -> Path:
    """Build the pages alone.

    Args:
        root: the folder of ``zensical.toml``, ``docs`` and ``src``.

    Returns:
        The folder of the site, ``root / "site"``.

    Raises:
        SystemExit: zensical is not installed, or a page has a dead link or the like.
    """
    done = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=root)
    if done.returncode:
        sys.exit(f"the pages cannot be built (zensical ended with {done.returncode})")
    return root / "site"


def add_demo(site: Path) -> int:
    """Build the page that answers on the device in place of the words that stand for it.

    Returns:
        Bytes that a first visit of it loads.
    """
    shutil.rmtree(site / "demo")
    return build(site / "demo")


if __name__ == "__main__":
    made = pages()
    print(f"{made}: the pages, and demo/ with {add_demo(made) / 1e6:.1f} MB for a first visit")
