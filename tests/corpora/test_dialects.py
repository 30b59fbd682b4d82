"""Tables in any dialect read to the same rows; whatever else stands there is one sentence."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intona import corpora
from intona.errors import CorpusError, IntonaError, UsageError
from intona.tables import legible, utterances

NAMES = ("a.wav", "b c.wav", "d,e.wav", 'f"g.wav', "zoë.wav")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dialects")
    for seed, name in enumerate(NAMES):
        noise = 0.1 * np.random.default_rng(seed).standard_normal(16_000)
        soundfile.write(root / name, noise, 8000)
    return root


def rows_of(path: Path, **options: object) -> list[tuple[object, ...]]:
    table = corpora.load(path, **options).table
    return [
        (Path(each.file).name, each.start, each.end, emotion, None if pd.isna(speaker) else speaker)
        for each, emotion, speaker in zip(
            utterances(table.index), table["emotion"], table["speaker"], strict=True
        )
    ]


def written(header, rows, *, separator=",", quoting=csv.QUOTE_MINIMAL, end="\r\n") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerows([header, *rows])
    return text.getvalue()


PLAIN = [["a.wav", "angry", "s1", "0.25", "1.5"], ["b c.wav", "sad", "s2", "0", "1"]]
EXPECTED = [
    ("a.wav", 0.25, 1.5, "angry", "t-s1"),
    ("b c.wav", 0.0, 1.0, "sad", "t-s2"),
]
HEADER = ["file", "emotion", "speaker", "start", "end"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_separators_and_encodings(folder, separator, encoding, suffix):
    path = folder / f"t{suffix}"
    path.write_bytes(written(HEADER, PLAIN, separator=separator).encode(encoding))
    assert rows_of(path) == EXPECTED


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
def test_line_ends_and_quotes(folder, end, quoting):
    path = folder / "t.csv"
    path.write_bytes(written(HEADER, PLAIN, quoting=quoting, end=end).encode())
    assert rows_of(path) == EXPECTED


def test_case_of_names_and_columns_named_in_another_case(folder):
    path = folder / "t.csv"
    path.write_text(written(["File Name", "EMOTION", "Speaker-ID", "Start", " End"], PLAIN))
    assert rows_of(path) == EXPECTED
    path.write_text(written(["Clip", "Mood", "Who", "start", "end"], PLAIN))
    assert rows_of(path, columns="file=clip,emotion=mood,speaker=WHO") == EXPECTED


def test_a_decimal_comma_counts_where_the_comma_does_not_separate(folder):
    german = [[cell.replace(".", ",") if cell[0].isdigit() else cell for cell in r] for r in PLAIN]
    path = folder / "t.csv"
    path.write_text(written([*HEADER, "valence"], [[*r, "2,5"] for r in german], separator=";"))
    assert rows_of(path) == EXPECTED
    assert list(corpora.load(path).table["valence"]) == [2.5, 2.5]
    path.write_text(written(HEADER, german))
    (problem,) = corpora.load(path).problems
    assert "row 2 (a.wav): left out, its start '0,25' is not a time in seconds" in problem


@pytest.mark.parametrize("second", ["emotion", "Emotion"])
def test_two_columns_of_one_name_are_refused(folder, second):
    (folder / "t.csv").write_text(f"file,emotion,{second}\na.wav,sad,angry\n")
    with pytest.raises(UsageError, match="two columns are called emotion"):
        corpora.load(folder / "t.csv")
    if second == "Emotion":
        corpus = corpora.load(folder / "t.csv", columns="emotion=Emotion")
        assert list(corpus.table["emotion"]) == ["angry"]


def test_other_files_and_a_missing_line_of_names(folder):
    (folder / "t.txt").write_text(written(HEADER, PLAIN, separator="\t"))
    assert rows_of(folder / "t.txt") == EXPECTED
    (folder / "t.xlsx").write_bytes(b"PK")
    with pytest.raises(CorpusError, match="save the sheet as CSV"):
        corpora.load(folder / "t.xlsx")
    (folder / "t.csv").write_text(written(PLAIN[0], PLAIN))
    with pytest.raises(UsageError, match="its first line must name them"):
        corpora.load(folder / "t.csv")


def test_excels_own_first_line(folder):
    (folder / "t.csv").write_text("sep=;\n" + written(HEADER, PLAIN, separator=";"))
    assert rows_of(folder / "t.csv") == EXPECTED


def test_another_encoding_is_advised_on(folder):
    (folder / "t.csv").write_bytes("file,emotion\na.wav,wütend\n".encode("latin-1"))
    with pytest.raises(CorpusError, match="line 2 is not in UTF-8: save the table as UTF-8"):
        corpora.load(folder / "t.csv")


def test_only_an_empty_field_is_missing(folder):
    rows = [
        ["a.wav", "angry", "NA", "nan"],
        ["b c.wav", "nan", "None", ""],
        ["zoë.wav", "", "", ""],
    ]
    (folder / "t.csv").write_text(written(["file", "emotion", "speaker", "language"], rows))
    corpus = corpora.load(folder / "t.csv")
    assert corpus.speakers == ("t-NA", "t-None")
    assert list(corpus.table["language"]) == ["nan", "und", "und"]
    assert corpus.table["emotion"].isna().tolist() == [False, True, True]
    assert "no emotion is known for 2 of 3 utterances" in corpus.problems
    assert any("row 3: the label 'nan' was taken for no label" in each for each in corpus.problems)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_unicode_forms_of_files_labels_and_speakers(folder, form):
    rows = [["zoë.wav", "fröhlich", "Zoë"], ["a.wav", "fröhlich", "Zoë "]]
    other = "NFD" if form == "NFC" else "NFC"
    text = written(["file", "emotion", "speaker"], [rows[0]])
    mixed = unicodedata.normalize(form, text) + unicodedata.normalize(other, "a.wav,fröhlich,Zoë\n")
    (folder / "t.csv").write_text(mixed, encoding="utf-8")
    corpus = corpora.load(folder / "t.csv")
    assert len(corpus.table) == 2
    assert corpus.speakers == ("t-Zoë",)
    assert corpus.emotions == ("fröhlich",)


def test_white_space_makes_no_second_speaker_and_is_reported(folder):
    rows = [["a.wav", "angry", "s1"], ["b c.wav", "sad", "s1 "], ["zoë.wav", " sad", "s\u00a01"]]
    (folder / "t.csv").write_text(written(["file", "emotion", "speaker"], rows), encoding="utf-8")
    corpus = corpora.load(folder / "t.csv")
    assert corpus.speakers == ("t-s 1", "t-s1")
    assert "white space around speakers' names was left out: 's1 ' as 's1'" in str(corpus.notes)


def test_windows_paths(folder, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.wav").write_bytes((folder / "a.wav").read_bytes())
    (tmp_path / "t.csv").write_text("file,emotion\nsub\\a.wav,sad\n.\\sub\\a.wav,sad\n")
    assert list(corpora.load(tmp_path / "t.csv").table.index.unique("file")) == [
        str(tmp_path / "sub" / "a.wav")
    ]
    (tmp_path / "t.csv").write_text("file,emotion\nC:\\elsewhere\\a.wav,sad\n")
    with pytest.raises(CorpusError) as caught:
        corpora.load(tmp_path / "t.csv")
    assert "C:\\elsewhere\\a.wav was looked for in " + str(tmp_path.resolve()) in str(caught.value)


class TestJson:
    LINES = (
        {"audio_filepath": "a.wav", "label": "angry", "speaker": 1, "text": "a\u2028b"},
        {"audio_filepath": "b c.wav", "label": "sad", "speaker": None},
    )

    @pytest.mark.parametrize("suffix", [".json", ".jsonl"])
    @pytest.mark.parametrize("form", ["lines", "list", "objects", "columns", "lists", "data"])
    def test_forms(self, folder, suffix, form):
        rows = [dict(line) for line in self.LINES]
        rows[1]["text"] = ""
        frame = pd.DataFrame(rows, dtype="object")
        text = {
            "lines": "\n".join(json.dumps(row, ensure_ascii=False) for row in rows),
            "list": json.dumps(rows),
            "objects": json.dumps({f"utt-{n}": row for n, row in enumerate(rows)}),
            "columns": frame.to_json(),
            "lists": json.dumps(frame.to_dict("list")),
            "data": json.dumps({"data": rows}),
        }[form]
        path = folder / f"t{suffix}"
        path.write_text(text, encoding="utf-8")
        assert [(row[0], *row[3:]) for row in rows_of(path)] == [
            ("a.wav", "angry", "t-1"),
            ("b c.wav", "sad", None),
        ]

    def test_one_line_alone_and_a_bad_line(self, folder):
        (folder / "t.json").write_text(json.dumps(self.LINES[0]))
        assert len(corpora.load(folder / "t.json").table) == 1
        (folder / "t.json").write_text(json.dumps(self.LINES[0]) + "\n{oops\n")
        corpus = corpora.load(folder / "t.json")
        assert corpus.problems == ("t.json, line 2: left out, it is no object of names and values",)

    def test_deep_nesting_is_refused(self, folder):
        (folder / "t.json").write_text("[" * 100_000)
        with pytest.raises(CorpusError, match="not a readable json table"):
            corpora.load(folder / "t.json")


def test_a_bad_row_is_named_and_left_out(folder):
    text = (
        "file,emotion,speaker,start,end\n"
        "a.wav,angry,x,1.5,0.5\n"
        "\n"
        "a.wav,angry,x,-1,1\n"
        "a.wav,angry,x,soon,1\n"
        ",angry,x,0,1\n"
        "a.wav,angry,x,0,1,too,many\n"
        "a.wav,angry,x,1e300,\n"
        '"b c.wav",sad,y,0,1\n'
    )
    (folder / "t.csv").write_text(text)
    corpus = corpora.load(folder / "t.csv")
    assert len(corpus.table) == 1
    said = {each.split(":")[0]: each for each in corpus.problems}
    assert "it ends at 0.5 s, before it starts at 1.5 s" in said["t.csv, row 2 (a.wav)"]
    assert "its start is negative (-1 s)" in said["t.csv, row 4 (a.wav)"]
    assert "its start 'soon' is not a time" in said["t.csv, row 5 (a.wav)"]
    assert "names no file" in said["t.csv, row 6"]
    assert "7 fields where there are 5" in said["t.csv, row 7"]
    assert "not a time" in said["t.csv, row 8 (a.wav)"]
    assert len(said) == 6
    assert list(corpus.places.values()) == ["t.csv, row 9"]


def test_a_quote_that_is_not_closed_swallows_no_rows(folder):
    (folder / "t.csv").write_text('file,emotion\n"a.wav,angry\nb c.wav,sad,x\n')
    with pytest.raises(CorpusError, match="a quotation mark is not closed"):
        corpora.load(folder / "t.csv")
    (folder / "t.tsv").write_text('file\temotion\ttext\na.wav\tsad\t"I know\nb c.wav\tsad\tyes"\n')
    assert len(corpora.load(folder / "t.tsv").table) == 2


def test_parts_of_one_corpus_share_their_speakers(folder):
    for part in ("train", "mood_test", "mood_train_fold_1"):
        (folder / f"{part}.csv").write_text("file,emotion,speaker\na.wav,sad,s1\n")
    assert corpora.load(folder / "train.csv").name == folder.name
    assert corpora.load(folder / "mood_test.csv").speakers == ("mood-s1",)
    assert corpora.load(folder / "mood_train_fold_1.csv").speakers == ("mood-s1",)


words = st.sampled_from(["angry", "Sadness", "proud", "very, very", 'so "so"', "frö", "nan-sense"])
dialects = st.fixed_dictionaries(
    {
        "separator": st.sampled_from([",", ";", "\t", "|"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
    }
)
cases = st.sampled_from([str.lower, str.upper, str.title, "{} ".format])
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
records = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        words,
        st.sampled_from(["s1", "Zoë", "7", "NA", ""]),
        st.sampled_from([0.0, 0.25, 0.5]),
        st.sampled_from([None, 0.75, 1.5]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: (row[0], row[3], row[4]),
)


def same_rows(folder, rows, dialect, case, encoding, extra, suffix) -> None:
    """A table in any dialect gives the rows of the plain list of objects."""
    from intona.labels import canonical

    header = [case(name) for name in ("file", "emotion", "speaker", "start", "end")]
    cells = [[*("" if cell is None else str(cell) for cell in row), *extra] for row in rows]
    if dialect["separator"] != "," and rows[0][3] == 0.25:
        cells = [[*r[:3], *(cell.replace(".", ",") for cell in r[3:5]), *r[5:]] for r in cells]
    header += [f"note {n}" for n in range(len(extra))]
    path = folder / f"t{suffix}"
    path.write_bytes(written(header, cells, **dialect).encode(encoding))
    expected = [
        (file, start, end, canonical(emotion), f"t-{speaker}" if speaker else None)
        for file, emotion, speaker, start, end in rows
    ]
    found = rows_of(path)
    key = lambda row: tuple(map(str, row))  # noqa: E731
    assert sorted(found, key=key) == sorted(expected, key=key)


any_table = st.tuples(
    records,
    dialects,
    cases,
    encodings,
    st.lists(st.sampled_from(["", "x", "1,5", 'a "b"', "2"]), max_size=2),
    st.sampled_from([".csv", ".tsv"]),
)
quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
long = settings(quick, max_examples=1500)


@quick
@given(any_table)
def test_any_dialect_reads_to_the_same_rows(folder, drawn):
    same_rows(folder, *drawn)


@pytest.mark.slow
@long
@given(any_table)
def test_many_dialects_read_to_the_same_rows(folder, drawn):
    same_rows(folder, *drawn)


cell = st.one_of(
    st.sampled_from(
        [
            *NAMES,
            "angry",
            "s1",
            "1",
            "1,5",
            "-2",
            "nan",
            '"',
            "\0",
            "\ufeff",
            "=1+1",
            "x" * 300,
            "\ud800",
        ]
    ),
    st.text(max_size=6),
)
mess = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda rows, sign, end, mark: (
            mark + end.join(sign.join(row) for row in rows).encode("utf-8", "surrogatepass")
        ),
        st.lists(
            st.lists(cell, max_size=6)
            | st.tuples(st.sampled_from(NAMES), *5 * [cell]).map(lambda row: list(row[:5])),
            max_size=6,
        ).map(lambda rows: [["file", "emotion", "speaker", "start", "end"], *rows]),
        st.sampled_from([",", ";", "\t", "|"]),
        st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
        st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n"]),
    ),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.just(10**400) | cell,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["file", "emotion", "speaker", "start", "end", "duration", "x"]),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode()),
)
suffixes = st.sampled_from([".csv", ".tsv", ".json", ".jsonl", ".parquet"])


def is_read_or_refused(folder, content, suffix) -> None:
    path = folder / f"mess{suffix}"
    path.write_bytes(content)
    with contextlib.suppress(IntonaError):
        corpus = corpora.load(path)
        assert len(corpus.table)
        assert set(corpus.table["emotion"].dropna().map(type)) <= {str}
        legible(corpus.table).to_csv(folder / "again.csv")
        said = "\n".join((*corpus.problems, *corpus.notes))
        assert said.encode().decode() == said


@quick
@given(mess, suffixes)
def test_whatever_stands_there_is_read_or_refused(folder, content, suffix):
    is_read_or_refused(folder, content, suffix)


@pytest.mark.slow
@long
@given(mess, suffixes)
def test_much_of_what_may_stand_there_is_read_or_refused(folder, content, suffix):
    is_read_or_refused(folder, content, suffix)


def test_what_intona_guards_from_spreadsheets_is_read_back(tmp_path: Path) -> None:
    """Names that look like formulas are written with an apostrophe, which is no part of them."""
    for name in ("=one.wav", "-two.wav"):
        soundfile.write(tmp_path / name, np.full(8000, 0.1 * len(name)), 8000)
    rows = ["file,emotion,speaker", "'=one.wav,happy,'@a", "'-two.wav,sad,''+b"]
    (tmp_path / "t.csv").write_text("\n".join(rows), "utf-8")
    found = corpora.load(tmp_path / "t.csv")
    names = [Path(str(file)).name for file in found.table.index.get_level_values("file")]
    assert dict(zip(names, found.table["speaker"], strict=True)) == {
        "=one.wav": "t-@a",
        "-two.wav": "t-'+b",
    }
