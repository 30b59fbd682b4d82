"""Options are named as whoever reads a sentence has to write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import intona
from intona.errors import ChannelsWarning, IntonaError
from intona.spelling import as_keywords, as_parameters

SENTENCES = {
    "mixed: --channels each hears them": (
        "mixed: channels=each hears them", 'mixed: channels="each" hears them'
    ),
    "--channels each:agent,customer; or": (
        "channels=each:agent,customer; or", 'channels="each:agent,customer"; or'
    ),
    "leave --channels out": ("leave channels out", "leave channels out"),
    "if mixed, --adapt judges them": ("if mixed, adapt=true judges them",
                                      "if mixed, adapt=True judges them"),
    "join them with --merge OLD=NEW": ("join them with merge=OLD=NEW",
                                       'join them with merge="OLD=NEW"'),
    "with --emotions or --merge, for": ("with emotions or merge, for",) * 2,
    "keep --emotions sad,angry.": ("keep emotions=sad,angry.", 'keep emotions="sad,angry".'),
    "name a file with --out FILE": ("name a file with out=FILE", 'name a file with out="FILE"'),
    "--adaptive --channelsx a--merge": ("--adaptive --channelsx a--merge",) * 2,
    "make one: intona enroll NAME --from CLIP": ("make one: intona enroll NAME --from CLIP",) * 2,
}  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_reader_has_a_spelling(sentence: str) -> None:
    assert (as_parameters(sentence), as_keywords(sentence)) == SENTENCES[sentence]


def test_errors_of_the_python_functions_name_keywords(tmp_path: Path) -> None:
    for number in range(2):
        soundfile.write(tmp_path / f"{number}.wav", np.ones(800) / 9, 8000)
    (tmp_path / "t.csv").write_text("file,feeling\n0.wav,sad\n1.wav,happy\n")
    with pytest.raises(IntonaError) as found:
        intona.read_corpus(tmp_path / "t.csv", columns="file=file,emotion=file,speaker=file")
    assert "--" not in str(found.value)
    assert "columns" in str(found.value)


def test_warnings_in_python_name_keywords() -> None:
    from intona.audio.damage import Apart, warn

    with pytest.warns(ChannelsWarning, match='mixed: channels="each" hears') as found:
        warn(Apart("mixed: --channels each hears them"))
    assert found[0].message.shell == "mixed: --channels each hears them"
