"""ELAN annotation files: written for ELAN, read as people annotate, whatever they hold."""

from __future__ import annotations

import time
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from intona.errors import UsageError
from intona.formats import read_turns, render, write
from intona.tables import Prediction, to_table

LABELS = ("angry", "sad")


def row(start: float, end: float, emotion: str = "angry", **values: str) -> Prediction:
    chances = {label: 0.75 if label == emotion else 0.25 for label in LABELS}
    return Prediction(emotion, 0.75, chances, "ok", "calls/a & b.wav", start, end, values=values)


def talk() -> pd.DataFrame:
    rows = [
        row(0.5, 2.0, speaker="agent", text="2 < 3 & \x00 ok"),
        row(1.5, 3.25, "sad", speaker="customer <1>"),
        row(1.75, 4.0, "sad", speaker="agent"),
    ]
    return to_table(rows, LABELS)


def document(body: str, head: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<ANNOTATION_DOCUMENT>'
        '<HEADER TIME_UNITS="milliseconds"/><TIME_ORDER>'
        '<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>'
        '<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2500"/>'
        '<TIME_SLOT TIME_SLOT_ID="ts3"/></TIME_ORDER>' + body + "</ANNOTATION_DOCUMENT>"
    )


def tier(
    said: str, name: str = "K-Spch", slots: tuple[str, str] = ("ts1", "ts2"), more: str = ""
) -> str:
    first, last = slots
    return (
        f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="utterance" {more}><ANNOTATION>'
        f'<ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="{first}" '
        f'TIME_SLOT_REF2="{last}"><ANNOTATION_VALUE>{said}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION></TIER>"
    )


def read(tmp_path: Path, text: str) -> list[tuple[float, float, dict[str, str]]]:
    path = tmp_path / "t.eaf"
    path.write_text(text, "utf-8")
    return [(turn.start, turn.end, dict(turn.values)) for turn in read_turns(path)]


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = write(talk(), tmp_path / "a.eaf")
    assert [(turn.start, turn.end, dict(turn.values)) for turn in read_turns(path)] == [
        (0.5, 2.0, {"speaker": "agent", "text": "angry"}),
        (1.5, 3.25, {"speaker": "customer <1>", "text": "sad"}),
        (1.75, 4.0, {"speaker": "agent", "text": "sad"}),
    ]


def test_ids_are_unique_and_references_lead_somewhere() -> None:
    root = ElementTree.fromstring(render(talk(), "eaf"))
    names = [value for node in root.iter() for key, value in node.items() if key.endswith("_ID")]
    assert len(set(names)) == len(names)
    slots = {node.get("TIME_SLOT_ID") for node in root.iter("TIME_SLOT")}
    times = [int(node.get("TIME_VALUE", "")) for node in root.iter("TIME_SLOT")]
    assert times == sorted(times)
    marks = {node.get("ANNOTATION_ID") for node in root.iter("ALIGNABLE_ANNOTATION")}
    for node in root.iter("ALIGNABLE_ANNOTATION"):
        assert {node.get("TIME_SLOT_REF1"), node.get("TIME_SLOT_REF2")} <= slots
    assert all(node.get("ANNOTATION_REF") in marks for node in root.iter("REF_ANNOTATION"))
    (media,) = root.iter("MEDIA_DESCRIPTOR")
    assert media.get("MEDIA_URL") == media.get("RELATIVE_MEDIA_URL") == "./a & b.wav"


def test_pympi_reads_it(tmp_path: Path) -> None:
    elan = pytest.importorskip("pympi", reason="pympi-ling, of the extra dev, reads ELAN files")
    found = elan.Elan.Eaf(str(write(talk(), tmp_path / "a.eaf")))
    assert found.get_annotation_data_for_tier("emotion agent") == [(500, 2000, "angry")]
    assert found.get_annotation_data_for_tier("emotion agent 2") == [(1750, 4000, "sad")]
    assert found.get_parameters_for_tier("emotion customer <1>")["PARTICIPANT"] == "customer <1>"
    (sure,) = found.get_ref_annotation_data_for_tier("confidence agent")
    assert sure[:3] == (500, 2000, "0.750")
    (said,) = found.get_ref_annotation_data_for_tier("text agent")
    assert said[2] == "2 < 3 & \ufffd ok"


def test_what_pympi_writes_is_read(tmp_path: Path) -> None:
    elan = pytest.importorskip("pympi", reason="pympi-ling, of the extra dev, writes ELAN files")
    eaf = elan.Elan.Eaf()
    eaf.remove_tier("default")
    eaf.add_tier("anna", part="Anna")
    eaf.add_annotation("anna", 250, 1750, "Grüß <Gott> & so")
    eaf.add_tier("boris")
    eaf.add_annotation("boris", 1500, 3000, "да")
    eaf.to_file(str(tmp_path / "b.eaf"), pretty=True)
    assert [(t.start, t.end, dict(t.values)) for t in read_turns(tmp_path / "b.eaf")] == [
        (0.25, 1.75, {"speaker": "Anna", "text": "Grüß <Gott> & so"}),
        (1.5, 3.0, {"speaker": "boris", "text": "да"}),
    ]


def test_tiers_below_another_and_numbers_are_left_out(tmp_path: Path) -> None:
    below = tier("w", "words", more='PARENT_REF="K-Spch"')
    text = document(tier("hello") + below + tier("0.5", "pitch"))
    with pytest.warns(UserWarning, match="left out: words, pitch"):
        assert read(tmp_path, text) == [(1.0, 2.5, {"speaker": "K-Spch", "text": "hello"})]


def test_utf_16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.eaf"
    path.write_bytes(document(tier("hello")).replace("UTF-8", "UTF-16").encode("utf-16"))
    assert read_turns(path)[0].values["text"] == "hello"


BOMB = '<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
BAD = {
    "bomb": (document(tier("&b;"), BOMB), "declares a document type"),
    "outside": (document(tier("&a;"), OUTSIDE), "declares a document type"),
    "dtd": (document(tier("x"), '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">'), "document type"),
    "entity": (document(tier("&a;")), "no readable ELAN file.*undefined entity"),
    "broken": (document(tier("x"))[:-30], "no readable ELAN file"),
    "empty": ("", "no readable ELAN file"),
    "html": ("<html></html>", "no ELAN file: it begins with <html>"),
    "frames": (document(tier("x")).replace("milliseconds", "PAL-frames"), "other units"),
    "unaligned": (document(tier("x", slots=("ts1", "ts3"))), "have no length"),
    "unknown": (document(tier("x", slots=("ts1", "ts9"))), "have no length"),
    "reversed": (document(tier("x", slots=("ts2", "ts1"))), "have no length"),
    "word": (document(tier("x")).replace('"2500"', '"late"'), "have no length"),
    "nan": (document(tier("x")).replace('"2500"', '"nan"'), "have no length"),
    "numbers": (document(tier("12")), "no tier of speech"),
    "nothing": (document(""), "no segments"),
    "deep": ("<ANNOTATION_DOCUMENT>" + "<a>" * 100_000, "no readable ELAN file"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_sentence(tmp_path: Path, name: str) -> None:
    text, words = BAD[name]
    begin = time.process_time()
    with pytest.raises(UsageError, match=words) as found:
        read(tmp_path, text)
    assert "t.eaf" in str(found.value)
    assert len(str(found.value)) < 400
    assert time.process_time() - begin < 5.0
