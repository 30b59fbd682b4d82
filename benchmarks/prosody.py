"""Time our prosody against openSMILE's eGeMAPSv02 on one thread, reading excluded.

Run: ``python benchmarks/prosody.py [FOLDER] [--clips N]``. FOLDER holds audio such as RAVDESS;
without it, synthetic voices of 3.7 s at 48 kHz. Both sides get the same samples in the same
run; openSMILE through its Python package, which resamples nothing.
"""

from __future__ import annotations

import opensmile
from _measure import against, options, run

from intona.features.prosody import Prosody


def main() -> None:
    given = options(__doc__, "folder?", clips=32)
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    ours = Prosody()
    against(
        "opensmile",
        smile.process_signal,
        ours,
        given,
        version=opensmile.__version__,
        values={"intona": len(ours.names), "opensmile": len(smile.feature_names)},
    )


if __name__ == "__main__":
    run(main)
