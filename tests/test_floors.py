"""The order of the floors, checked by import-linter: it holds, and a breach is seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports; "
    code += "sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_order_of_the_floors_holds():
    told = lint(ROOT)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("audio/core.py", "from intona.inference import recognizer"),
        ("models/train.py", "import intona.evaluation.run"),
        ("tables.py", "from intona.corpora.base import Corpus"),
        ("evaluation/leaks.py", "from intona.evaluation.run import evaluate"),
    ],
)
def test_an_upward_import_is_seen(tmp_path, module, line):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("*.onnx"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / "src" / "intona" / module
    target.write_text(target.read_text("utf-8") + f"\n\ndef later():\n    {line}\n", "utf-8")
    assert lint(tmp_path).returncode == 1
