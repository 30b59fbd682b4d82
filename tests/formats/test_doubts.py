"""Pictures and text say why an answer is unsure, how aroused the voice is, and of adaptation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from intona import formats
from intona.corpora import synthetic
from intona.formats import picture
from intona.formats.rows import rows
from intona.tables import Prediction, segmented_index, to_table

LABELS = ("surprised", "happy", "fearful")
SURE = {"surprised": 0.8, "happy": 0.15, "fearful": 0.05}
GUESS = {"surprised": 0.4, "happy": 0.35, "fearful": 0.25}


@pytest.fixture
def table() -> pd.DataFrame:
    place = "calls/a.wav"
    rows = [
        Prediction("surprised", 0.8, SURE, "ok", place, 0.0, 1.0, None, 0.9, 0.7, adapted=12),
        Prediction(
            "surprised", 0.4, GUESS, "unsure", place, 1.0, 2.0, "unfamiliar", 0.1, 0.4, adapted=12
        ),
        Prediction(
            "surprised", 0.4, GUESS, "unsure", place, 3, 4, "low confidence", 0.9, 0.2, adapted=12
        ),
    ]
    return to_table(rows, LABELS)


def test_text_says_why_within_eighty_columns(table: pd.DataFrame) -> None:
    heading, sure, strange, even = formats.render(table, "text").splitlines()
    assert heading == "calls/a.wav  adapted to 12"
    assert sure.endswith("surprised 80 %   then happy 15 %, fearful 5 %")
    assert strange.endswith("surprised? 40 %  (unfamiliar) then happy 35 %")
    assert even.endswith("surprised? 40 %  then happy 35 %, fearful 25 %")
    assert max(map(len, (sure, strange, even))) <= 80
    assert formats.render(table.assign(adapted=0), "text").startswith("calls/a.wav\n")


def test_a_picture_has_a_line_of_arousal_where_it_is_known(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    sound = synthetic.utterance("happy", seconds=4.0)
    known = picture.plot(table, sound, tmp_path / "a.svg").read_text()
    assert "arousal: how activated the voice is" in known
    assert "a.wav (adapted to 12)" in known
    unknown = picture.plot(table.assign(arousal=np.nan), sound, tmp_path / "b.svg").read_text()
    assert "arousal" not in unknown
    tall = imread(picture.plot(table, sound, tmp_path / "a.png")).shape
    low = imread(picture.plot(table.assign(arousal=np.nan), sound, tmp_path / "b.png")).shape
    assert tall[0] > low[0]


def test_a_table_of_an_earlier_version_is_still_read() -> None:
    index = segmented_index(["a.wav"], [0.0], [1.0])
    old = pd.DataFrame(
        {"emotion": ["sad"], "confidence": [0.8], "status": ["ok"], "happy": [0.2], "sad": [0.8]},
        index=index,
    )
    (row,) = rows(old)
    assert row.probabilities == {"happy": 0.2, "sad": 0.8}
    assert (row.reason, row.familiarity, row.adapted) == (None, None, 0)
