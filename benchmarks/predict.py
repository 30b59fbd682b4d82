"""Time `intona predict` with the bundled model: cold start, warm speed, memory.

Cold: a fresh process that predicts one clip, against a fresh process that imports what the usual
tutorial imports and computes its features (librosa's MFCC, chroma and mel) of the same clip, and
against one that only imports; in turns, medians.
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
from _measure import options, run, tell, timed

import intona
from intona.corpora.synthetic import utterance

TURNS = 7
IMPORTS = "import librosa, sklearn.neural_network"
FEATURES = """
import numpy as np, soundfile
sound, rate = soundfile.read({clip!r}, dtype="float32")
np.hstack([
    librosa.feature.mfcc(y=sound, sr=rate, n_mfcc=40).mean(axis=1),
    librosa.feature.chroma_stft(S=np.abs(librosa.stft(sound)), sr=rate).mean(axis=1),
    librosa.feature.melspectrogram(y=sound, sr=rate).mean(axis=1),
])
"""
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
        commands = {
            "intona": ("-m", "intona", "predict", clip),
            "imports": ("-c", IMPORTS),
            "tutorial": ("-c", IMPORTS + FEATURES.format(clip=clip)),
        }
        took: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(TURNS + 1):
            for name, command in commands.items():
                one = seconds(*command)
                if turn:  # the first fills the file cache and librosa's compiled functions
                    took[name].append(one)
        script = MEMORY.format(clip=clip)
        ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        memory = int(ran.stderr.split()[-1]) / 1024
    model = intona.load()
    speed = warm(model)
    cold, imports, tutorial = (statistics.median(took[name]) for name in commands)
    tell(
        "intona predict clip.wav, 3 s, bundled model",
        model_bytes=model.path.stat().st_size,
        cold_seconds=round(cold, 3),
        tutorial_seconds=round(tutorial, 3),
        ratio=round(cold / tutorial, 2),
        imports_seconds=round(imports, 3),
        ratio_to_imports=round(cold / imports, 2),
        warm_ms_per_s={length: round(value, 1) for length, value in speed.items()},
        peak_memory_mib=round(memory),
    )


if __name__ == "__main__":
    run(main)
