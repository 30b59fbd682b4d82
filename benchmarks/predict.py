"""Time `intona predict` with the bundled model: cold start, warm speed, memory.

Cold: a fresh process that predicts one clip, against a fresh process that only imports what the
usual tutorial imports (`import librosa, sklearn.neural_network`); both in turns, medians.
Warm: milliseconds per second of speech on one thread. Run ``python benchmarks/predict.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from _measure import options, tell, timed

import intona
from intona.corpora.synthetic import utterance

TURNS = 7
PEER = "import librosa, sklearn.neural_network"
WARM_SECONDS = (1.0, 3.0, 10.0, 30.0)
# Linux counts ru_maxrss in KiB.
MEMORY = (
    "import resource, sys\n"
    "from intona.cli import main\n"
    "sys.argv = ['intona', 'predict', {clip!r}]\n"
    "try:\n    main()\nexcept SystemExit:\n    pass\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
)


def seconds(*arguments: str) -> float:
    with timed() as took:
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return took.wall


def warm(model: intona.Recognizer) -> dict[str, float]:
    """Return milliseconds of computing per second of speech, by the length of the clip."""
    found = {}
    for length in WARM_SECONDS:
        voice = utterance("happy", seconds=min(length, 3.0)).samples
        clip = np.tile(voice, int(np.ceil(length * 16_000 / len(voice))))[: int(length * 16_000)]
        model.probabilities([clip], 16_000)
        turns = max(3, int(20 / length))
        with timed() as took:
            for _ in range(turns):
                model.probabilities([clip], 16_000)
        found[f"{length:g} s"] = took.wall / turns / length * 1000
    return found


def main() -> None:
    options(__doc__)
    with TemporaryDirectory() as folder:
        clip = str(Path(folder) / "clip.wav")
        voice = utterance("happy", seconds=3.0)
        soundfile.write(clip, voice.samples, voice.rate)
        ours, peer = [], []
        for turn in range(TURNS + 1):
            pair = seconds("-m", "intona", "predict", clip), seconds("-c", PEER)
            if turn:  # the first fills the file cache and librosa's compiled functions
                ours.append(pair[0])
                peer.append(pair[1])
        script = MEMORY.format(clip=clip)
        ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        memory = int(ran.stderr.split()[-1]) / 1024
    model = intona.load()
    speed = warm(model)
    cold, theirs = statistics.median(ours), statistics.median(peer)
    tell(
        "intona predict clip.wav, 3 s, bundled model",
        model_bytes=model.path.stat().st_size,
        cold_seconds=round(cold, 3),
        peer=PEER,
        peer_seconds=round(theirs, 3),
        ratio=round(cold / theirs, 2),
        warm_ms_per_s={length: round(value, 1) for length, value in speed.items()},
        peak_memory_mib=round(memory),
    )


if __name__ == "__main__":
    main()
