"""Time a full evaluation, leak check and report included, with all features cached.

Run ``python benchmarks/evaluate.py RAVDESS/ --recipe classic --protocol emobox --workers 2``.
The first run fills the cache and is not timed.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time


def main() -> None:
    words = sys.argv[1:]
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "intona", "evaluate", *words, "--report", folder]
        for _ in range(2):
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = time.perf_counter() - begin
        with open(os.path.join(folder, "evaluation.json"), encoding="utf-8") as stream:
            facts = json.load(stream)
    headline = facts["metrics"]["unweighted_average_recall"]["value"]
    print(
        json.dumps(
            {
                "what": f"intona evaluate {' '.join(words[1:])}",
                "utterances": facts["corpus_details"]["utterances"],
                "folds": len(facts["folds"]),
                "seconds": round(seconds, 1),
                "unweighted_average_recall": round(headline, 4),
                "limit_seconds": 60,
                "ratio": round(60 / seconds, 2),
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            }
        )
    )


if __name__ == "__main__":
    main()
