"""Time the classic front end against librosa on one thread, reading excluded.

Run: ``python benchmarks/classic_features.py [FOLDER] [--clips N]``. FOLDER holds audio such as
RAVDESS; without it, synthetic voices of 3.7 s at 48 kHz. Both sides see the same samples in the
same run; librosa's compiled code is warmed up first.
"""

from __future__ import annotations

import librosa
import numba
import numpy as np
from _measure import against, clips, options, run

from intona.features.classic import Classic


def tutorial(samples: np.ndarray, rate: int) -> np.ndarray:
    magnitude = np.abs(librosa.stft(samples))
    mfcc = librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40).T.mean(axis=0)
    chroma = librosa.feature.chroma_stft(S=magnitude, sr=rate).T.mean(axis=0)
    mel = librosa.feature.melspectrogram(y=samples, sr=rate).T.mean(axis=0)
    return np.concatenate([mfcc, chroma, mel])


def main() -> None:
    given = options(__doc__, "folder?", clips=48)
    ours = Classic()
    for samples, rate in clips(given.folder, 3):
        np.testing.assert_allclose(
            ours(samples, rate), tutorial(samples, rate), rtol=1e-3, atol=1e-3
        )
    versions = f"librosa {librosa.__version__}, numba {numba.__version__}, numpy {np.__version__}"
    against("librosa", tutorial, ours, given, versions=versions)


if __name__ == "__main__":
    run(main)
