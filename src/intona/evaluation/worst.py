"""The worst mistakes of an evaluation, to listen to, with how they were said and why."""

from __future__ import annotations

import base64
import io
import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import numpy as np

from intona.audio import Audio, read, resample
from intona.audio.damage import told_before
from intona.errors import AudioError
from intona.explain.occlusion import LONGEST, Evidence, Model, occlude
from intona.features.manner import Remark, remarks
from intona.features.mel import evenly
from intona.features.spectrum import SHORT, level

if TYPE_CHECKING:
    import pandas as pd

    from intona.evaluation.result import Evaluation

MISTAKES = 12
MOST_WORDS = 4

_RATE = 16_000
_WIDE, _TALL = 220, 72  # px of the small picture


def worst(evaluation: Evaluation, folder: Path, model: Model | None = None) -> list[dict[str, Any]]:
    """Return what the report's table of mistakes shows, the worst first.

    Args:
        evaluation: the result.
        folder: of the report, from which recordings are linked.
        model: the finished model that was tested; with it the evidence is drawn, which asks
            it about a hundred times for each mistake.
    """
    number = "{:.3g}".format if evaluation.numeric else str
    rows = []
    for index, row in _chosen(evaluation).iterrows():
        file, start, end = cast("tuple[str, Any, Any]", index)
        size = f"{row['size']:.3g}" if evaluation.numeric else f"{100 * row['size']:.0f} %"
        audio = _heard(Path(file), start, end)
        answer = row[evaluation.target]
        evidence = ""
        if model is not None and audio is not None and answer in model.labels:
            evidence = evidence_svg(audio, occlude(model, audio, emotion=answer))
        rows.append(
            {
                "name": Path(file).name,
                "speaker": "" if row["speaker"] is None else row["speaker"],
                "truth": number(row["truth"]),
                "answer": number(answer),
                "size": size,
                "audio": _link(Path(file), start, end, folder),
                "said": "" if audio is None else _words(remarks(audio)),
                "evidence": evidence,
            }
        )
    return rows


def _chosen(evaluation: Evaluation) -> pd.DataFrame:
    predictions, target = evaluation.predictions, evaluation.target
    if evaluation.numeric:
        chosen = predictions.assign(size=(predictions["truth"] - predictions[target]).abs())
    else:
        decided = predictions[predictions[target].notna()]
        wrong = decided[decided["truth"] != decided[target]]
        chosen = wrong.assign(size=wrong["confidence"])
    # One row per utterance, however many seeds.
    chosen = chosen.sort_values("size", ascending=False, kind="stable")
    return chosen[~chosen.index.duplicated()].head(MISTAKES)


def _heard(file: Path, start: Any, end: Any) -> Audio | None:
    """Return the recording, at most 30 seconds of it, or nothing where it is not at hand."""
    import pandas as pd

    begin = start.total_seconds()
    stop = begin + LONGEST if pd.isna(end) else min(end.total_seconds(), begin + LONGEST)
    try:
        return read(file, start=begin, end=stop, notice=told_before)
    except AudioError:
        return None


def _words(said: list[Remark]) -> str:
    """Return what is most unlike neutral speech."""
    notable = [remark for remark in said if remark.notable]
    notable.sort(key=lambda remark: -abs(remark.percentile - 50.0))
    return ", ".join(f"{one.aspect} {one.word} ({one.change})" for one in notable[:MOST_WORDS])


def _link(file: Path, start: Any, end: Any, folder: Path) -> str:
    """Return a link to a local recording that works from the report's folder, or nothing."""
    import pandas as pd

    if not file.is_file():
        return ""
    # As bytes, since a name need not be Unicode.
    link = quote(os.fsencode(Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()))
    stop = "" if pd.isna(end) else f",{end.total_seconds():g}"
    return f"{link}#t={start.total_seconds():g}{stop}" if start.total_seconds() or stop else link


def evidence_svg(audio: Audio, evidence: Evidence) -> str:
    """Return a small picture: the evidence on the spectrogram, frequency at the ear's scale."""
    bands, spans = evidence.values.shape
    most = max(float(np.abs(evidence.values).max()), 1e-9)
    wide, tall = _WIDE / spans, _TALL / bands
    patches = [
        f'<rect class="{"for" if value > 0 else "against"}" x="{span * wide:.1f}" '
        f'y="{_TALL - (band + 1) * tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
        f'opacity="{0.75 * abs(value) / most:.2f}"/>'
        for (band, span), value in np.ndenumerate(evidence.values)
        if abs(value) > most / 50
    ]
    picture = base64.b64encode(_spectrogram(audio, float(evidence.hz[-1]))).decode("ascii")
    words = escape(str(evidence))
    return (
        f'<svg class="evidence" viewBox="0 0 {_WIDE} {_TALL}" role="img" '
        f'aria-label="{words}"><title>{words}</title>'
        f'<image href="data:image/png;base64,{picture}" width="{_WIDE}" height="{_TALL}" '
        f'preserveAspectRatio="none"/>{"".join(patches)}</svg>'
    )


def _spectrogram(audio: Audio, top: float) -> bytes:
    """Return a PNG of the level over time and frequency, in grey that suits both themes."""
    from matplotlib.image import imsave

    signal = audio.samples if audio.rate == _RATE else resample(audio.samples, audio.rate, _RATE)
    columns, rows = 160, 48
    shown = level(signal, np.linspace(0, len(signal) - 1, columns).astype(int))
    bins = np.rint(evenly(0.0, top, rows) / _RATE * SHORT).astype(int)
    strength = np.clip(1.0 + (shown[:, bins].T - shown.max()) / 70.0, 0.0, 1.0)
    image = np.full((rows, columns, 4), 0.5)
    image[..., 3] = strength**1.6
    file = io.BytesIO()
    imsave(file, image[::-1], format="png")
    return file.getvalue()
