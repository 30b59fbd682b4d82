"""Your own data: folders, tables, manifests, audformat, Hugging Face data sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from intona import corpora
from intona.errors import CorpusError, UsageError

FILES = ["clips/a.wav", "clips/b.wav", "clips/c.wav"]


def speakers(corpus):
    return [None if pd.isna(name) else name for name in corpus.table["speaker"]]


class TestFolders:
    def test_a_folder_per_emotion_and_per_speaker(self, grow, tmp_path):
        root = grow(
            tmp_path / "mine", ["anna/angry/1.wav", "anna/Sadness/1.wav", "bob/angry/1.wav"]
        )
        corpus = corpora.load(root, language="deu")
        assert corpus.name == "mine"
        assert list(corpus.table["emotion"]) == ["sad", "angry", "angry"]
        assert speakers(corpus) == ["mine-anna", "mine-anna", "mine-bob"]
        assert set(corpus.table["language"]) == {"deu"}
        assert corpus.problems == ()
        assert corpus.notes == ("labels were read in the words of the vocabulary: Sadness as sad",)

    def test_speaker_below_the_emotion_or_in_the_name(self, grow, tmp_path):
        root = grow(tmp_path / "mine", ["angry/anna/1.wav", "happy/speaker07_2.wav"])
        assert speakers(corpora.load(root)) == ["mine-anna", "mine-speaker07"]
        option = corpora.load(root, speaker=r"/(\w+?)[/_]\d")
        assert speakers(option) == ["mine-anna", "mine-speaker07"]

    def test_a_missing_speaker_is_said_loudly(self, grow, tmp_path):
        corpus = corpora.load(grow(tmp_path / "mine", ["angry/1.wav", "happy/1.wav"]))
        assert speakers(corpus) == [None, None]
        assert corpus.speakers == ()
        assert "no speaker is known for 2 of 2 utterances" in corpus.problems[0]

    def test_a_file_outside_is_reported(self, grow, tmp_path):
        root = grow(tmp_path / "mine", ["angry/anna/1.wav", "sad/bob/1.wav", "rest/x.wav"])
        assert "rest/x.wav: left out" in corpora.load(root).problems[0]

    @pytest.mark.parametrize("pattern", ["(", "no group"])
    def test_a_bad_pattern_is_refused(self, grow, tmp_path, pattern):
        root = grow(tmp_path / "mine", ["angry/1.wav"])
        with pytest.raises(UsageError, match="speaker="):
            corpora.load(root, speaker=pattern)


class TestTables:
    def write(self, grow, root, suffix, frame):
        grow(root, FILES)
        path = root / f"mine{suffix}"
        if suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
        return path

    @pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
    def test_any_column_names(self, grow, tmp_path, suffix):
        frame = pd.DataFrame(
            {
                "where": FILES,
                "what": ["Anger", "sad", "proud"],
                "who": ["01", "02", "02"],
                "valence": [1.5, 2.0, 5.0],
            }
        )
        path = self.write(grow, tmp_path, suffix, frame)
        corpus = corpora.load(path, columns="file=where,emotion=what,speaker=who")
        assert corpus.name == "mine"
        assert list(corpus.table["emotion"]) == ["angry", "sad", "proud"]
        assert speakers(corpus) == ["mine-01", "mine-02", "mine-02"]
        assert list(corpus.table["valence"]) == [1.5, 2.0, 5.0]
        assert set(corpus.table["language"]) == {"und"}
        assert corpus.problems == ()
        assert corpus.notes == ("labels were read in the words of the vocabulary: Anger as angry",)
        assert corpus.select(["sad"]).notes == corpus.notes

    def test_common_names_times_and_missing_values(self, grow, tmp_path):
        frame = pd.DataFrame(
            {
                "path": [FILES[0], FILES[0], FILES[1], "gone.wav"],
                "label": ["happy", "sad", None, "sad"],
                "spk": ["x", None, "y", "y"],
                "start": [0.0, 1.5, 0.0, 0.0],
                "end": [1.5, None, None, None],
            }
        )
        corpus = corpora.load(self.write(grow, tmp_path, ".csv", frame))
        table = corpus.table.reset_index()
        assert table["start"].dt.total_seconds().tolist() == [0.0, 1.5, 0.0]
        assert table["end"].isna().tolist() == [False, True, True]
        assert table["emotion"].isna().tolist() == [False, False, True]
        assert speakers(corpus) == ["mine-x", None, "mine-y"]
        assert "no speaker is known for 1 of 3 utterances" in corpus.problems[0]
        assert corpus.problems[1] == "no emotion is known for 1 of 3 utterances"
        assert corpus.problems[2] == "gone.wav: in the table, but there is no such file"

    def test_mistakes_are_named(self, grow, tmp_path):
        path = self.write(grow, tmp_path, ".csv", pd.DataFrame({"a": FILES, "emotion": "sad"}))
        with pytest.raises(UsageError, match=r"which column holds the file.*a, emotion"):
            corpora.load(path)
        with pytest.raises(UsageError, match="no column 'b' for file"):
            corpora.load(path, columns={"file": "b"})
        with pytest.raises(UsageError, match="write it as name=column"):
            corpora.load(path, columns="file")
        with pytest.raises(UsageError, match="emotion cannot be two things at once"):
            corpora.load(path, columns="emotion=emotion,speaker=emotion")
        with pytest.raises(UsageError, match="no column is called 'mood'"):
            corpora.load(path, columns="mood=a")
        with pytest.raises(UsageError, match="no option 'channel' for a table"):
            corpora.load(path, columns="file=a", channel="song")
        for name, content in (
            ("x.csv", b""),
            ("x.parquet", b"no"),
            ("x.jsonl", b"{"),
            ("x.json", b"3"),
        ):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(CorpusError, match=rf"{name}: not a readable"):
                corpora.load(tmp_path / name)

    def test_a_frame_and_the_corpus_table_itself(self, grow, tmp_path):
        frame = pd.DataFrame(
            {"file": [str(tmp_path / f) for f in FILES], "emotion": "sad", "speaker": 7}
        )
        grow(tmp_path, FILES)
        corpus = corpora.load(frame)
        assert speakers(corpus) == ["table-7"] * 3
        again = corpora.load(corpus.table)
        assert again.table.equals(corpus.table)


class TestManifests:
    def test_nemo_toolkit(self, grow, tmp_path):
        grow(tmp_path, FILES)
        lines = [
            {"audio_filepath": FILES[0], "offset": 0.5, "duration": 1.0, "label": "angry"},
            {"audio_filepath": FILES[1], "duration": 1.0, "label": "sad", "speaker": "s1"},
        ]
        path = tmp_path / "train.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
        table = corpora.load(path).table.reset_index()
        assert table["start"].dt.total_seconds().tolist() == [0.5, 0.0]
        assert table["end"].dt.total_seconds().iloc[0] == 1.5
        assert table["emotion"].tolist() == ["angry", "sad"]

    def test_emobox(self, grow, tmp_path):
        grow(tmp_path / "downloads", FILES)
        folder = tmp_path / "data" / "aesdd" / "fold_1"
        folder.mkdir(parents=True)
        (folder.parent / "label_map.json").write_text('{"a": "Angry", "s": "Sad"}')
        lines = [
            {"key": f"aesdd-{n}", "dataset": "aesdd", "wav": f"downloads/{file}", "type": "raw",
             "sample_rate": 8000, "num_frame": 400.0, "task": "category", "length": 0.05,
             "emo": emo, "channel": 1}
            for n, (file, emo) in enumerate(zip(FILES, "asa", strict=True))
        ]  # fmt: skip
        (folder / "aesdd_train_fold_1.jsonl").write_text("\n".join(map(json.dumps, lines)))
        corpus = corpora.load(folder / "aesdd_train_fold_1.jsonl")
        assert list(corpus.table["emotion"]) == ["angry", "sad", "angry"]
        assert "no speaker is known for 3 of 3" in corpus.problems[0]
        nested = {line["key"]: {**line, "spk": "2"} for line in lines}
        (folder / "aesdd.json").write_text(json.dumps(nested))
        assert speakers(corpora.load(folder / "aesdd.json")) == ["aesdd-2"] * 3


class TestAudformat:
    def database(self):
        audformat = pytest.importorskip("audformat")
        db = audformat.Database("mood", languages=["deu"], license="CC0-1.0")
        db.schemes["emotion"] = audformat.Scheme(labels=["anger", "sad"])
        db.schemes["speaker"] = audformat.Scheme("str")
        files = audformat.filewise_index(FILES[:2])
        db["files"] = audformat.Table(files)
        db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
        db["files"]["speaker"].set(["a", "b"])
        index = audformat.segmented_index(FILES[:2], ["0s", "1s"], ["2s", None])
        db["emotion"] = audformat.Table(index)
        db["emotion"]["emotion"] = audformat.Column(scheme_id="emotion")
        db["emotion"]["emotion"].set(["anger", "sad"])
        return db

    def test_a_saved_database(self, grow, tmp_path):
        self.database().save(str(grow(tmp_path / "db", FILES)))
        corpus = corpora.load(tmp_path / "db")
        assert corpus.name == "mood"
        assert corpus.licence == "CC0-1.0"
        assert list(corpus.table["emotion"]) == ["angry", "sad"]
        assert speakers(corpus) == ["mood-a", "mood-b"]
        assert set(corpus.table["language"]) == {"deu"}
        assert corpus.table.reset_index()["start"].dt.total_seconds().tolist() == [0.0, 1.0]

    def test_a_table_and_a_database_object(self, grow, tmp_path, monkeypatch):
        monkeypatch.chdir(grow(tmp_path, FILES))
        db = self.database()
        assert speakers(corpora.load(db)) == ["mood-a", "mood-b"]
        assert list(corpora.load(db["emotion"].df).table["emotion"]) == ["angry", "sad"]

    @pytest.mark.parametrize("scheme", ["table", "labels", "none"])
    @pytest.mark.parametrize("sex", ["sex", "gender"])
    def test_what_a_miscellaneous_table_knows_of_speakers(self, grow, tmp_path, scheme, sex):
        audformat = pytest.importorskip("audformat")
        db = self.database()
        facts = {"a": {sex: "female", "age": 30, "language": "fra"}, "b": {sex: "male", "age": 40}}
        if scheme == "labels":
            db.schemes["who"] = audformat.Scheme(labels=facts)
        else:
            db.schemes["number"] = audformat.Scheme("int")
            db["speaker"] = audformat.MiscTable(pd.Index(["a", "b"], name="speaker"))
            for name in (sex, "age", "language"):
                db["speaker"][name] = audformat.Column(
                    scheme_id="number" if name == "age" else None
                )
                db["speaker"][name].set([known.get(name) for known in facts.values()])
            db.schemes["who"] = (
                audformat.Scheme(labels="speaker", dtype="str")
                if scheme == "table"
                else audformat.Scheme("str")
            )
        db["files"]["speaker"].set([None, None])
        db["files"].drop_columns("speaker", inplace=True)
        db["files"]["speaker"] = audformat.Column(scheme_id="who")
        db["files"]["speaker"].set(["a", "b"])
        db["emotion"]["mood"] = audformat.Column(scheme_id="emotion")
        db["emotion"]["mood"].set(["sad", "anger"])
        db.save(str(grow(tmp_path / "db", FILES)))
        table = corpora.load(tmp_path / "db").table
        assert list(table["emotion"]) == ["angry", "sad"]
        assert list(table["sex"]) == ["female", "male"]
        assert list(table["age"]) == [30, 40]
        assert list(table["language"]) == ["fra", "deu"]
        other = corpora.load(tmp_path / "db", columns="emotion=mood")
        assert list(other.table["emotion"]) == ["sad", "angry"]
        assert speakers(other) == ["mood-a", "mood-b"]

    def test_a_database_without_emotions_or_damaged(self, grow, tmp_path):
        db = self.database()
        db.drop_tables("emotion")
        db.save(str(grow(tmp_path, FILES)))
        with pytest.raises(CorpusError, match="no table has a column 'emotion'"):
            corpora.load(tmp_path)
        (tmp_path / "db.yaml").write_text("a: [")
        with pytest.raises(CorpusError, match="not a readable audformat database"):
            corpora.load(tmp_path)


class TestHub:
    @pytest.fixture
    def sets(self, grow, tmp_path):
        datasets = pytest.importorskip("datasets")
        grow(tmp_path / "in", FILES)
        features = datasets.Features(
            {
                "audio": {"bytes": datasets.Value("binary"), "path": datasets.Value("string")},
                "emotion": datasets.ClassLabel(names=["anger", "sadness"]),
                "speaker_id": datasets.Value("string"),
            }
        )
        rows = [
            {"audio": {"bytes": (tmp_path / "in" / file).read_bytes(), "path": Path(file).name},
             "emotion": k % 2, "speaker_id": f"s{k}"}
            for k, file in enumerate(FILES)
        ]  # fmt: skip
        train = datasets.Dataset.from_list(rows[:2], features=features)
        test = datasets.Dataset.from_list(rows[2:], features=features)
        return datasets.DatasetDict(train=train, test=test)

    def check(self, corpus, tmp_path):
        assert sorted(corpus.table["emotion"]) == ["angry", "angry", "sad"]
        assert sorted(corpus.table["split"]) == ["test", "train", "train"]
        assert len(corpus.speakers) == 3
        by_speaker = corpus.table.reset_index().set_index("speaker")["file"]
        for k, file in enumerate(FILES):
            stored = Path(by_speaker[f"{corpus.name}-s{k}"])
            assert stored.read_bytes() == (tmp_path / "in" / file).read_bytes()

    def test_an_object(self, sets, tmp_path):
        self.check(corpora.load(sets), tmp_path)
        assert len(corpora.load(sets["train"]).table) == 2

    def test_a_folder_of_save_to_disk(self, sets, tmp_path):
        sets.save_to_disk(str(tmp_path / "saved"))
        self.check(corpora.load(tmp_path / "saved"), tmp_path)

    def test_a_folder_as_on_the_hub(self, sets, tmp_path):
        for split, part in sets.items():
            part.to_parquet(str(tmp_path / "hub" / "data" / f"{split}-00000-of-00001.parquet"))
        corpus = corpora.load(tmp_path / "hub")
        self.check(corpus, tmp_path)
        assert "Sadness" not in str(corpus.problems + corpus.notes)

    def test_the_audio_feature_is_not_decoded(self, grow, tmp_path):
        datasets = pytest.importorskip("datasets")
        grow(tmp_path, FILES)
        files = [str(tmp_path / file) for file in FILES]
        data = datasets.Dataset.from_dict(
            {"audio": files, "label": ["sad"] * 3, "spk": list("abc")}
        )
        data = data.cast_column("audio", datasets.Audio())
        corpus = corpora.load(data)
        assert list(corpus.table.index.get_level_values("file")) == files
        assert speakers(corpus) == ["dataset-a", "dataset-b", "dataset-c"]


class TestHubFiles:
    """Parquet files as the hub holds them, made without the package ``datasets``."""

    def shard(self, grow, root: Path, name: str, rows, *, classes=True) -> Path:
        import pyarrow as pa
        import pyarrow.parquet as pq

        grow(root / "in", FILES)
        sound = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        clips = [
            None if file is None else {"bytes": (root / "in" / file).read_bytes(), "path": None}
            for file, *_ in rows
        ]
        table = pa.table(
            {
                "Audio": pa.array(clips, type=sound),
                "label": [row[1] for row in rows],
                "speaker_id": [row[2] for row in rows],
            }
        )
        if classes:
            label = {"_type": "ClassLabel", "names": ["anger", "sadness"]}
            about = {"info": {"features": {"label": label}}}
            table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        return path

    @pytest.mark.parametrize(
        "name", ["mood/data/train-00000-of-00001.parquet", "mood/default/train/0000.parquet"]
    )
    def test_by_its_own_name_as_in_its_folder(self, grow, tmp_path, name):
        path = self.shard(grow, tmp_path, name, [(FILES[0], 0, 1), (FILES[1], 1, 2)])
        for source in (path, tmp_path / "mood"):
            table = corpora.load(source).table.reset_index().set_index("speaker")
            assert dict(table["emotion"]) == {"mood-1": "angry", "mood-2": "sad"}
            assert set(table["split"]) == {"train"}
            content = Path(table.loc["mood-1", "file"]).read_bytes()
            assert content == (tmp_path / "in" / FILES[0]).read_bytes()

    def test_shards_share_their_speakers(self, grow, tmp_path):
        shards = [
            self.shard(grow, tmp_path, f"mood/train-0000{n}-of-00002.parquet", [(FILES[n], n, who)])
            for n, who in enumerate([1, 1.0])
        ]
        assert corpora.load(shards).speakers == ("mood-1",)

    def test_without_names_of_classes_and_without_sound(self, grow, tmp_path):
        rows = [(FILES[0], "sad", "x"), (None, "sad", "x")]
        corpus = corpora.load(self.shard(grow, tmp_path, "mine.parquet", rows, classes=False))
        assert corpus.name == "mine"
        assert corpus.problems == ("mine, row 2: left out, it names no file",)
        with pytest.raises(UsageError, match="no column 'x' for file; its columns are Audio"):
            corpora.load(tmp_path / "mine.parquet", columns="file=x")

    def test_other_structures_in_a_table_do_no_harm(self, grow, tmp_path):
        grow(tmp_path, FILES)
        frame = pd.DataFrame({"file": FILES[:1], "emotion": "sad", "votes": [np.array([1, 2])]})
        frame["raw"] = [{"data": b"1234"}]
        frame.to_parquet(tmp_path / "t.parquet")
        table = corpora.load(tmp_path / "t.parquet").table
        assert list(table["votes"]) == ["[1, 2]"]
        assert list(table["raw"]) == ['{"data": "4 bytes"}']


def test_own_data_beside_a_known_corpus(grow, tmp_path):
    known = grow(tmp_path / "known", ["03a01Fa.wav", "03a01Nc.wav"])
    mine = grow(tmp_path / "mine", ["sad/speaker1_a.wav"])
    corpus = corpora.load([known, mine], language="fra")
    assert corpus.name == "emodb+mine"
    assert list(corpus.table["language"]) == ["deu", "deu", "fra"]


def test_what_is_no_source_is_refused():
    with pytest.raises(UsageError, match="cannot read a corpus from ndarray"):
        corpora.load(np.zeros(3))


@pytest.mark.parametrize(
    ("file", "emotion", "speaker"),
    [
        ("wav_path", "label", "participant"),
        ("Audio_Path", "CLASS", "Subject_ID"),
        ("filepath", "emotion_label", "actor_id"),
    ],
)
def test_names_that_others_give_their_columns_are_known(tmp_path, file, emotion, speaker):
    soundfile.write(tmp_path / "a.wav", [0.1] * 8000, 8000)
    (tmp_path / "t.csv").write_text(f"{file},{emotion},{speaker}\na.wav,sad,p1\n", "utf-8")
    (row,) = corpora.load(tmp_path / "t.csv").table.to_dict("records")
    assert (row["emotion"], row["speaker"]) == ("sad", "t-p1")


def test_for_other_names_the_whole_option_is_proposed(tmp_path):
    (tmp_path / "t.csv").write_text("rec,mood,who\na.wav,Sad,p1\nb.wav,angry,p2\n", "utf-8")
    with pytest.raises(UsageError, match=r"say --columns file=rec,emotion=mood \(and speaker="):
        corpora.load(tmp_path / "t.csv")
