"""Time a full evaluation, leak check and report included, with all features cached.

Run ``python benchmarks/evaluate.py RAVDESS/ --recipe classic --protocol emobox --workers 2``.
The first run fills the cache and is not timed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from _measure import options, run, tell, timed


def main() -> None:
    words = options(__doc__, "words*").words
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "intona", "evaluate", *words, "--report", folder]
        for _ in range(2):
            with timed() as took:
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        facts = json.loads((Path(folder) / "evaluation.json").read_text("utf-8"))
    headline = facts["metrics"]["unweighted_average_recall"]["value"]
    tell(
        f"intona evaluate {' '.join(words[1:])}",
        utterances=facts["corpus_details"]["utterances"],
        folds=len(facts["folds"]),
        seconds=round(took.wall, 1),
        unweighted_average_recall=round(headline, 4),
        limit_seconds=60,
        ratio=round(60 / took.wall, 2),
    )


if __name__ == "__main__":
    run(main)
