from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from intona.corpora.base import table
from intona.corpora.folds import inner_folds
from intona.errors import CorpusError, UsageError
from intona.evaluation.protocols import parse

EMOTIONS = ("happy", "sad", "angry")


@pytest.fixture
def utterances():
    """Twenty-four RAVDESS-like speakers, six utterances each."""
    return table(
        [
            {
                "file": f"corpus/Actor_{actor:02d}/{emotion}-{take}.wav",
                "emotion": emotion,
                "speaker": f"ravdess-{actor:02d}",
                "corpus": "ravdess",
                "level": float(take),
            }
            for actor in range(1, 25)
            for emotion in EMOTIONS
            for take in range(2)
        ]
    )


def speakers(frame, rows):
    return set(frame["speaker"].iloc[rows])


@pytest.mark.parametrize(("text", "count"), [("emobox", 6), ("loso", 24), ("speakers:5", 5)])
@pytest.mark.parametrize("target", ["emotion", "level"])
def test_speaker_protocols_test_everyone_once_and_never_on_a_voice_heard(
    utterances, text, count, target
):
    folds = parse(text).folds(utterances, target=target, seed=3)
    assert len(folds) == count
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(len(utterances)))
    for fold in folds:
        assert not speakers(utterances, fold.train) & speakers(utterances, fold.test)
        assert len(fold.train) + len(fold.test) == len(utterances)


def test_emobox_holds_out_the_published_actors(utterances):
    folds = {fold.name: fold for fold in parse("emobox").folds(utterances)}
    assert speakers(utterances, folds["1"].test) == {f"ravdess-{k:02d}" for k in (1, 11, 20, 21)}
    assert speakers(utterances, folds["6"].test) == {f"ravdess-{k:02d}" for k in (6, 13, 17, 22)}


def test_emobox_is_for_ravdess(utterances):
    with pytest.raises(CorpusError, match="use loso"):
        parse("emobox").folds(utterances.assign(corpus="emodb"))


def test_random_is_the_split_of_the_tutorial(utterances):
    files = sorted(utterances.index.get_level_values("file"))
    train, test = train_test_split(files, test_size=0.1, random_state=9)
    shuffled = utterances.sample(frac=1.0, random_state=1)
    split = parse("random:0.1")
    (fold,) = split.folds(shuffled, seed=9)
    chosen = shuffled.index.get_level_values("file")
    assert sorted(chosen[fold.test]) == sorted(test)
    assert sorted(chosen[fold.train]) == sorted(train)
    assert "same speakers" in split.leaky


def test_speakers_split_depends_on_the_seed(utterances):
    one, same, other = (
        [fold.test.tolist() for fold in parse("speakers:4").folds(utterances, seed=seed)]
        for seed in (0, 0, 1)
    )
    assert one == same != other


@pytest.mark.parametrize("text", ["loso", "emobox", "speakers:3"])
def test_a_protocol_of_speakers_needs_speakers(utterances, text):
    utterances.iloc[3, utterances.columns.get_loc("speaker")] = None
    with pytest.raises(CorpusError, match="1 of 144 utterances have no speaker"):
        parse(text).folds(utterances)


def test_one_speaker_cannot_be_left_out(utterances):
    with pytest.raises(CorpusError, match="at least two speakers"):
        parse("loso").folds(utterances.iloc[:6])
    with pytest.raises(CorpusError, match="at least 3 speakers"):
        parse("speakers:3").folds(utterances.iloc[:6])


def test_cross_corpus(utterances):
    utterances.loc[utterances["speaker"] > "ravdess-20", "corpus"] = "other"
    (fold,) = parse("cross:ravdess->other").folds(utterances)
    assert (len(fold.train), len(fold.test)) == (120, 24)
    utterances.iloc[0, utterances.columns.get_loc("emotion")] = "calm"
    with pytest.raises(CorpusError, match="--emotions happy,sad,angry"):
        parse("cross:ravdess->other").folds(utterances)
    with pytest.raises(CorpusError, match="no corpus 'third'"):
        parse("cross:ravdess->third").folds(utterances)


def test_folds_from_a_file_by_speaker(utterances, tmp_path):
    sheet = tmp_path / "folds.csv"
    lines = [f"{k:02d},{'train' if k > 20 else k % 2}" for k in range(1, 25)]
    sheet.write_text("speaker,fold\n" + "\n".join(lines))
    folds = parse(f"file:{sheet}").folds(utterances)
    assert [fold.name for fold in folds] == ["0", "1"]
    assert [len(fold.test) for fold in folds] == [60, 60]
    assert all(len(fold.train) == 84 for fold in folds)


def test_folds_from_a_file_by_any_end_of_the_path(utterances, tmp_path):
    sheet = tmp_path / "folds.csv"
    names = utterances.index.get_level_values("file")
    lines = [f"{name.removeprefix('corpus/')},{k % 3}" for k, name in enumerate(names)]
    sheet.write_text("file,fold\n" + "\n".join(lines))
    folds = parse(f"file:{sheet}").folds(utterances)
    assert [fold.test[0] for fold in folds] == [0, 1, 2]
    sheet.write_text("file,fold\n" + "\n".join(lines[1:]))
    with pytest.raises(CorpusError, match=r"no fold for 1 utterances, first .*Actor_01"):
        parse(f"file:{sheet}").folds(utterances)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "needs the columns"),
        ("file,part\na,1\n", "needs the columns"),
        ("file,fold\na,1\na,2\n", "in the folds 1 and 2"),
        ("file,fold\na,\n", "has no fold"),
    ],
)
def test_a_bad_fold_file_is_refused(utterances, tmp_path, content, message):
    sheet = tmp_path / "folds.csv"
    sheet.write_text(content)
    with pytest.raises(UsageError, match=message):
        parse(f"file:{sheet}").folds(utterances)


def test_a_missing_fold_file_is_refused(utterances, tmp_path):
    with pytest.raises(UsageError, match="cannot read the folds"):
        parse(f"file:{tmp_path}/none.csv").folds(utterances)


@pytest.mark.parametrize(
    "text",
    ["", "kfold", "speakers", "speakers:1", "speakers:x", "random:0", "random:1.5", "random:x",
     "cross:a", "cross:a->a", "file:", "loso:3", "emobox:2"],
)  # fmt: skip
def test_unreadable_protocols(text):
    with pytest.raises(UsageError, match="cannot read the protocol"):
        parse(text)


def test_inner_folds_keep_speakers_whole():
    generator = np.random.default_rng(0)
    voices = generator.integers(6, size=90)
    for targets in (generator.choice(["a", "b"], 90), generator.normal(size=90)):
        parts = inner_folds(targets, voices, 3)
        assert sorted(np.concatenate([held for _, held in parts])) == list(range(90))
        for train, held in parts:
            assert not set(voices[train]) & set(voices[held])


def test_inner_folds_without_speakers():
    parts = inner_folds(["a", "b"] * 10, None, 5)
    assert [len(held) for _, held in parts] == [4] * 5
