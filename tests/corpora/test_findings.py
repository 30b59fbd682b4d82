"""What is wrong with a table or a folder: named before training, refused or left out in it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intona import corpora
from intona.corpora.integrity import check
from intona.corpora.problem import FIXES, Problem, kind_of
from intona.corpora.usable import require_usable
from intona.corpora.wording import misspelt, near_doubles
from intona.errors import CorpusError, UsageError
from intona.evaluation.protocols import parse
from intona.labels import RESERVED, label_map
from intona.tables import COLUMNS


def sounds(folder: Path, names: list[str], seconds: float = 1.0) -> Path:
    """Write one noise per name, each another one, at 8000 Hz."""
    for seed, name in enumerate(names):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        noise = 0.1 * np.random.default_rng(seed).standard_normal(int(8000 * seconds))
        soundfile.write(place, noise, 8000)
    return folder


def table(folder: Path, *rows: str, header: str = "file,emotion,speaker", name="t.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def found(path: Path) -> dict[str, list[str]]:
    frame = check(corpora.load(path))
    return {str(kind): list(group["detail"]) for kind, group in frame.groupby("kind")}


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return sounds(tmp_path, ["a.wav", "b.wav", "c.wav", "d.wav"])


class TestRepeats:
    def test_one_utterance_with_two_labels_and_twice(self, clips):
        path = table(clips, "a.wav,angry,x", "a.wav,sad,x", "./a.wav,angry,x", "b.wav,sad,y")
        corpus = corpora.load(path)
        assert sorted(corpus.table["emotion"]) == ["angry", "sad", "sad"]
        told = found(path)
        assert "row 2, row 3, row 4: " in told["duplicate"][0]
        assert "a.wav stands there 3 times, of which equal ones count once" in told["duplicate"][0]
        assert "labelled angry (row 2, row 4) and sad (row 3)" in told["label"][0]

    def test_one_file_under_several_names_is_one(self, clips):
        (clips / "link.wav").symlink_to(clips / "a.wav")
        (clips / "sub").mkdir()
        names = ("a.wav", "link.wav", "sub/../a.wav", clips / "a.wav")
        assert len(corpora.load(table(clips, *(f"{name},sad,x" for name in names))).table) == 1
        told = found(table(clips, "a.wav,sad,x", f"{clips / 'a.wav'},angry,x"))
        assert "labelled sad (row 2) and angry (row 3)" in told["label"][0]

    def test_rows_of_several_raters_stay(self, clips):
        path = table(clips, "a.wav,sad,x,1", "a.wav,sad,x,2", header="file,emotion,speaker,valence")
        assert list(corpora.load(path).table["valence"]) == [1, 2]
        assert found(path)["duplicate"][0].endswith("a.wav stands there 2 times")

    def test_one_sound_under_two_names_and_labels(self, clips):
        (clips / "b.wav").write_bytes((clips / "a.wav").read_bytes())
        told = found(table(clips, "a.wav,angry,x", "b.wav,sad,x", "c.wav,sad,x"))
        assert "the same sound as" in told["duplicate"][0]
        assert "labelled sad, the same sound in" in told["label"][0]

    def test_two_tables_that_contradict(self, clips):
        one = table(clips, "a.wav,angry,x", name="one.csv")
        two = table(clips, "a.wav,sad,x", "b.wav,sad,x", name="two.csv")
        problems = corpora.load([one, two]).problems
        assert "1 utterances were given twice; each is kept once" in problems
        assert any("labelled differently where it was given twice" in each for each in problems)


class TestSegments:
    HEADER = "file,emotion,speaker,start,end"

    @pytest.mark.parametrize(
        ("start", "end", "said"),
        [
            ("0.8", "0.2", "it ends at 0.2 s, before it starts at 0.8 s"),
            ("0.5", "0.5", "it ends at 0.5 s, where it starts"),
            ("-1", "1", "its start is negative (-1 s)"),
            ("500", "900", "a.wav ends before 500 s; are the times milliseconds?"),
            ("0", "99", "a.wav ends at 1.00 s, before 99 s"),
        ],
    )
    def test_each_wrong_one_is_named_refused_or_left_out(self, clips, start, end, said):
        path = table(clips, "b.wav,sad,y,,", f"a.wav,angry,x,{start},{end}", header=self.HEADER)
        (detail,) = found(path)["row"]
        assert said in detail
        assert "t.csv, row 3" in detail
        corpus = corpora.load(path)
        with pytest.raises(CorpusError, match=r"t\.csv, row 3.*a\.wav.*--skip-bad"):
            require_usable(corpus)
        kept = require_usable(corpus, skip=True)
        assert list(kept.table["emotion"]) == ["sad"]
        assert any("row 3" in problem and said in problem for problem in kept.problems)

    def test_right_ones_and_rounded_ends_pass(self, clips):
        path = table(clips, "a.wav,angry,x,0,1.1", "b.wav,sad,y,0.5,", header=self.HEADER)
        assert "row" not in found(path)
        corpus = corpora.load(path)
        assert require_usable(corpus) is corpus

    def test_nothing_left_is_said(self, clips):
        path = table(clips, "a.wav,angry,x,3,4", header=self.HEADER)
        with pytest.raises(CorpusError, match="no utterance can be used"):
            require_usable(corpora.load(path), skip=True)
        path = table(clips, "a.wav,angry,x,4,3", header=self.HEADER)
        with pytest.raises(CorpusError, match=r"none of its rows can be used: row 2 \(a.wav\)"):
            corpora.load(path)


class TestSpeakersAndLabels:
    def test_near_doubles_stay_apart_and_are_named(self, clips):
        path = table(clips, "a.wav,sad,s1", "b.wav,sad,S1", "c.wav,sad,01", "d.wav,sad,1.0")
        assert len(corpora.load(path).speakers) == 4
        first, second = found(path)["speaker"]
        assert ("'t-01'" in first, "'t-1.0'" in first) == (True, True)
        assert ("'t-s1'" in second, "'t-S1'" in second) == (True, True)

    def test_near_doubles_among_folders(self, tmp_path):
        root = sounds(tmp_path / "c", ["s1/sad/a.wav", "S1/angry/b.wav", "s2/sad/c.wav"])
        (detail,) = found(root)["speaker"]
        assert ("'c-s1'" in detail, "'c-S1'" in detail, "'c-s2'" in detail) == (True, True, False)

    def test_white_space_around_a_folder_makes_no_second_speaker(self, tmp_path):
        root = sounds(tmp_path / "c", ["anna/sad/a.wav", "anna /angry/b.wav", "bob/sad/c.wav"])
        assert corpora.load(root).speakers == ("c-anna", "c-bob")

    def test_what_is_no_near_double(self):
        assert near_doubles(["s1", "s11", "s1_1", "anna", "anne", "f1", "m1", "10", "100"]) == []

    def test_a_whole_number_is_no_other_speaker_where_one_is_missing(self, clips):
        path = clips / "t.json"
        path.write_text(
            '[{"file": "a.wav", "emotion": "sad", "speaker": 1.0},'
            '{"file": "b.wav", "emotion": "sad", "speaker": null}]'
        )
        assert corpora.load(path).speakers == ("t-1",)

    @pytest.mark.parametrize("slip", ["angy", "anggry", "amgry", "anrgy"])
    def test_a_slip_is_named(self, clips, slip):
        told = found(table(clips, "a.wav,angry,x", f"b.wav,{slip},x", "c.wav,angry,y"))
        assert told["label"] == [
            f"t.csv, row 3: the label '{slip}' is one letter away from 'angry': if that is meant, "
            "correct it"
        ]

    def test_other_words_are_no_slips(self):
        assert (
            misspelt({"sad": 9, "mad": 1, "pride": 9, "bride": 8, "class1": 1, "class2": 9}) == {}
        )
        assert misspelt({"pride": 9, "prde": 1}) == {"prde": "pride"}

    @pytest.mark.parametrize("label", sorted(RESERVED))
    def test_emotions_called_like_columns_are_refused(self, clips, label):
        path = table(clips, f"a.wav,{label.title()},x", "b.wav,sad,y")
        with pytest.raises(UsageError, match=f"t.csv: an emotion cannot be called {label}"):
            corpora.load(path)
        with pytest.raises(UsageError, match=f"merge: an emotion cannot be called {label}"):
            label_map(["sad", "angry"], merge={"sad": label})

    @pytest.mark.parametrize("target", ["truth", "status", "confidence", "fold"])
    def test_targets_called_like_columns_are_refused(self, clips, intona, tmp_path, target):
        header = f"file,emotion,speaker,{target}"
        path = table(clips, "a.wav,sad,x,1", "b.wav,sad,y,2", header=header)
        said = f"the target cannot be called {target}, as a column of the results is"
        for words in (("train", path, "--out", tmp_path / "m.onnx"), ("evaluate", path)):
            told = intona(*words, "--target", target)
            assert (told.code, said in told.err) == (2, True)

    def test_the_columns_of_predictions_are_reserved(self):
        assert {"file", "start", "end", *COLUMNS} <= RESERVED


class TestBeside:
    def test_only_an_archive(self, clips):
        root = clips / "corpus"
        root.mkdir()
        with zipfile.ZipFile(root / "speech.zip", "w") as packed:
            packed.write(clips / "a.wav", "sad/anna/a.wav")
        with pytest.raises(CorpusError, match=r"no audio file.*it holds the archive .*speech.zip"):
            corpora.load(root)
        with zipfile.ZipFile(clips / "outer.zip", "w") as packed:
            packed.write(root / "speech.zip", "speech.zip")
        with pytest.raises(CorpusError) as caught:
            corpora.load(clips / "outer.zip")
        assert f"{clips / 'outer.zip'}/speech.zip: unpack that" in str(caught.value)
        assert "archives" not in str(caught.value)

    def test_an_archive_is_called_by_its_name(self, clips):
        with zipfile.ZipFile(clips / "mood.zip", "w") as packed:
            packed.write(clips / "a.wav", "sad/anna/a.wav")
            packed.write(clips / "b.wav", "angry/bob/b.wav")
            packed.write(clips / "c.wav", "rest/c.wav")
            packed.write(clips / "d.wav", "more.zip")
        corpus = corpora.load(clips / "mood.zip")
        assert corpus.speakers == ("mood-anna", "mood-bob")
        assert (
            f"{clips / 'mood.zip'}/more.zip: an archive, nothing in it is read" in corpus.problems
        )
        assert not any("archives" in problem for problem in corpus.problems)

    def test_what_lies_there_packed_or_as_a_table(self, tmp_path):
        root = sounds(tmp_path / "c", ["sad/anna/a.wav", "angry/bob/b.wav"])
        with zipfile.ZipFile(root / "same.zip", "w") as packed:
            packed.write(root / "sad/anna/a.wav", "sad/anna/a.wav")
        assert "unread" not in found(root)
        with zipfile.ZipFile(root / "more.zip", "w") as packed:
            packed.write(root / "sad/anna/a.wav", "sad/anna/c.wav")
        table(root, "sad/anna/a.wav,sad,anna", name="labels.csv")
        table(root, "sad/anna/a.wav,3", name="sizes.csv", header="file,size")
        packed_, table_ = found(root)["unread"]
        assert packed_.startswith(f"{root / 'more.zip'}: an archive")
        assert table_.startswith(f"{root / 'labels.csv'}: a table")

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
    def test_an_audio_folder_of_hugging_face(self, tmp_path, suffix):
        root = sounds(tmp_path / "c", ["train/a.wav", "test/b.wav"])
        for part, row in (("train", ("a.wav", "sad")), ("test", ("b.wav", "angry"))):
            if suffix == ".csv":
                line = f"{row[0]},{row[1]},s1"
                table(root / part, line, header="file_name,label,speaker", name="metadata.csv")
            else:
                line = f'{{"file_name": "{row[0]}", "label": "{row[1]}", "speaker": "s1"}}\n'
                (root / part / "metadata.jsonl").write_text(line)
        corpus = corpora.load(root)
        assert corpus.name == "c"
        assert corpus.speakers == ("c-s1",)
        assert list(corpus.table["emotion"]) == ["angry", "sad"]

    def test_a_table_elsewhere_is_hinted_at(self, tmp_path):
        root = sounds(tmp_path / "c", ["a.wav", "b.wav"])
        table(root, "a.wav,sad,x", name="list.csv")
        with pytest.raises(CorpusError, match=r"is it the table .*list\.csv"):
            corpora.load(root)


def test_known_bad_files_are_left_out_and_reported(grow, tmp_path):
    root = grow(tmp_path, ["1001_DFA_ANG_XX.wav", "1076_MTI_SAD_XX.wav", "1002_DFA_SAD_XX.wav"])
    corpus = corpora.load(root)
    assert len(corpus.table) == 2
    assert [kind_of(problem) for problem in corpus.problems] == ["silent"]
    told = found(root)
    assert told["silent"] == ["1076_MTI_SAD_XX.wav: left out, it is known to hold no sound"]
    assert told["missing"] == ["7439 files missing: 3 instead of 7442"]


def test_every_kind_has_a_remedy_and_travels():
    import pickle

    from intona.corpora.integrity import KINDS

    assert set(KINDS) <= set(FIXES)
    assert pickle.loads(pickle.dumps(Problem("x", "row"))).kind == "row"


def test_folds_in_any_dialect(two_corpora, tmp_path):
    names = two_corpora.speakers
    rows = "".join(f"{name} ;{number % 2}\n" for number, name in enumerate(names))
    (tmp_path / "f.csv").write_bytes(("Speaker;Fold\n" + rows).encode("utf-16"))
    folds = parse(f"file:{tmp_path / 'f.csv'}").folds(two_corpora.table)
    assert [fold.name for fold in folds] == ["0", "1"]


class TestVerbs:
    @pytest.fixture
    def voiced(self, voices: Path, tmp_path: Path) -> Path:
        files = sorted(voices.rglob("*.wav"))
        words = {"01": "neutral", "03": "happy", "04": "sad", "05": "angry"}
        rows = [f"{file},{words.get(file.name[6:8], 'calm')},s{file.name[18:20]}" for file in files]
        (tmp_path / "bad.wav").write_text("no audio")
        return table(tmp_path, *rows, "bad.wav,sad,s01")

    def test_an_unusable_recording_is_named_with_its_row(self, voiced, intona, tmp_path):
        row = len(voiced.read_text().splitlines())
        told = intona("train", voiced, "--out", tmp_path / "m.onnx")
        assert told.code == 1
        assert f"t.csv, row {row}: " in told.err
        assert "--skip-bad" in told.err
        told = intona("evaluate", voiced, "--protocol", "speakers:2")
        assert (told.code, f"t.csv, row {row}: " in told.err) == (1, True)

    def test_it_is_left_out_when_asked(self, voiced, intona: Callable, tmp_path, tiny_model):
        row = len(voiced.read_text().splitlines())
        said = f"note: left out: t.csv, row {row}: "
        train = ("train", voiced, "--recipe", "classic-svm", "--out", tmp_path / "m.onnx")
        evaluate = ("evaluate", voiced, "--recipe", "classic-svm", "--protocol", "speakers:2")
        audit = ("audit", tiny_model, voiced, "--tests", "accuracy", "--allow-leaks")
        for words in (train, evaluate):
            told = intona(*words, "--skip-bad")
            assert (told.code, said in told.err) == (0, True)
        assert said in intona(*audit, "--skip-bad").err

    def test_check_groups_and_says_how_to_mend(self, clips, intona):
        path = table(clips, "a.wav,angry,s1", "b.wav,angy,S1", "c.wav,angry,s2")
        told = intona("corpus", "check", path)
        assert told.code == 1
        assert "label: 1\n" in told.out
        assert "speaker: 1\n" in told.out
        assert f"-> {FIXES['speaker']}" in told.out

    def test_labels_are_folded_the_same_way_everywhere(self, voices, intona, tmp_path):
        out = tmp_path / "m.onnx"
        words = ("train", voices, "--recipe", "classic-svm", "--out", out)
        told = intona(*words, "--emotions", "Happy,Sadness", "--merge", "Anger=SAD")
        assert told.code == 0
        assert "2 labels (happy, sad)" in told.out

    def test_a_label_with_a_comma_is_quoted(self, clips, intona, tmp_path):
        path = table(clips, '"sad, very",a', header="emotion,speaker")
        path = table(clips, 'a.wav,"sad, very",x', "b.wav,angry,y", "c.wav,calm,z")
        words = ("evaluate", path, "--emotions", '"sad, very",angry', "--protocol", "loso")
        assert "sad, very not in" not in intona(*words).err
        told = intona("train", path, "--emotions", '"sad', "--out", tmp_path / "m.onnx")
        assert (told.code, "a quotation mark is amiss" in told.err) == (2, True)
