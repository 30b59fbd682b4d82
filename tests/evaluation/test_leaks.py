"""The guard: each kind of leak is planted in a corpus that has none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import soundfile

from intona import corpora
from intona.audio import blocks, read
from intona.audio.seal import sealed
from intona.corpora import synthetic
from intona.errors import AudioError, LeakError
from intona.evaluation.contamination import contamination
from intona.evaluation.leaks import Finding, LeakReport, inspect, require_clean
from intona.evaluation.protocols import parse
from intona.features import front_end
from intona.features.extract import extract
from intona.models.lineage import Training
from intona.tables import segmented_index


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus")
    return synthetic.corpus(root, emotions=("happy", "sad"), speakers=3, takes=2)


@pytest.fixture
def own(folder, tmp_path):
    """A copy of the corpus to plant leaks in, and its table."""
    root = tmp_path / "own"
    shutil.copytree(folder, root)
    return corpora.load(root).table.copy()


def kinds(table, protocol="loso", seed=0):
    report = inspect(table, parse(protocol).folds(table, seed=seed))
    return {finding.kind for finding in report.leaks}


def planted(table, row, speaker, path):
    """Return the table with ``path`` added as another utterance, by ``speaker``, of the row."""
    extra = table.iloc[[row]].copy()
    extra["speaker"] = speaker
    for column in ("repetition", "statement"):
        extra[column] = None
    extra.index = pd.MultiIndex.from_tuples(
        [(str(path), *table.index[row][1:])], names=table.index.names
    )
    return pd.concat([table, extra])


def test_a_clean_corpus_is_clean(own):
    assert kinds(own) == set()


def test_random_has_every_speaker_on_both_sides(own):
    assert "speaker" in kinds(own, "random:0.5")


def test_a_copy_under_another_name_and_speaker(own, tmp_path):
    copy = tmp_path / "innocent.wav"
    shutil.copy(own.index[0][0], copy)
    report = inspect(table := planted(own, 0, "ravdess-99", copy), parse("loso").folds(table))
    assert {finding.kind for finding in report.leaks} == {"content"}
    assert "innocent.wav" in report.leaks[0].text


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_a_re_encoded_copy(own, tmp_path, suffix):
    audio = read(own.index[0][0])
    copy = tmp_path / f"innocent.{suffix}"
    soundfile.write(copy, audio.samples * 0.5, audio.rate)
    assert kinds(planted(own, 0, "ravdess-99", copy)) == {"sound"}


def test_another_version_of_a_take(own, tmp_path):
    other = synthetic.utterance("sad", 7, 0)
    path = tmp_path / "video.wav"
    soundfile.write(path, other.samples, other.rate)
    table = planted(own, 0, own["speaker"].iloc[0], path)
    table.iloc[-1] = table.iloc[0]
    assert "take" in kinds(table, "random:0.5", seed=_apart(table))


def _apart(table):
    """A seed whose random split puts the first and last row on different sides."""
    for seed in range(50):
        (fold,) = parse("random:0.5").folds(table, seed=seed)
        if (0 in fold.train) != (len(table) - 1 in fold.train):
            return seed
    raise AssertionError


def test_two_parts_of_one_file(own, tmp_path):
    second = pd.Timedelta(seconds=0.4)
    index = [(own.index[0][0], pd.Timedelta(0), second), (own.index[0][0], second, pd.NaT)]
    table = pd.concat([own, own.iloc[[0, 0]]]).iloc[1:]
    table.index = pd.MultiIndex.from_tuples([*own.index[1:], *index], names=own.index.names)
    table.iloc[-1, table.columns.get_loc("speaker")] = "ravdess-99"
    assert "file" in kinds(table)


def test_shared_sentences_limit_but_do_not_invalidate(own):
    report = inspect(own, parse("loso").folds(own))
    assert [finding.kind for finding in report.limitations] == ["sentence"]
    assert "other words" in report.limitations[0].text


def test_a_missing_file_is_an_audio_error(own):
    table = planted(own, 0, "x", Path("nowhere.wav"))
    with pytest.raises(AudioError, match=r"nowhere\.wav"):
        inspect(table, parse("loso").folds(table))


def test_a_leak_stops_unless_allowed():
    report = LeakReport((Finding("speaker", True, "2 speakers are on both sides", 2),))
    with pytest.raises(LeakError, match=r"2 speakers are on both sides.*--allow-leaks"):
        require_clean(report, allow=False)
    require_clean(report, allow=True)
    require_clean(LeakReport((Finding("sentence", False, "same words", 2),)), allow=False)


def names(table, corpora):
    """What is found by an old file, which remembers names alone."""
    return contamination(table, Training(corpora))


def test_a_model_tested_on_its_own_speakers(own):
    speaker = own["speaker"].iloc[0]
    finding, unknown = names(own, {"ravdess": {"speakers": [speaker, "ravdess-77"]}})
    assert unknown.kind == "unknown"
    assert not unknown.leak
    assert finding.leak
    assert speaker in finding.text


def test_a_model_trained_on_the_corpus_but_other_speakers(own):
    finding, _ = names(own, {"ravdess": {"speakers": ["ravdess-77"]}})
    assert not finding.leak
    (unknown,) = names(own, {"emodb": {"speakers": ["emodb-03"]}})
    assert unknown.kind == "unknown"


def test_a_model_that_does_not_say_who_it_heard(own):
    finding, _ = names(own, {"ravdess": {}})
    assert finding.kind == "contamination"
    assert finding.leak


def test_a_report_is_read_back():
    report = LeakReport((Finding("file", True, "twice", 2, ("a = b",)),), ("files",))
    assert LeakReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_the_seal_closes_every_way_to_a_recording(own):
    file = own.index[0][0]
    with sealed([file]):
        for way in (
            lambda: read(file),
            lambda: next(blocks(Path(file))),
            lambda: extract(own.iloc[:1], front_end("classic")),
        ):
            with pytest.raises(LeakError, match="test recording"):
                way()
        assert read(own.index[1][0]).duration > 0
    assert read(file).duration > 0


def test_the_guard_knows_what_the_bundled_embedding_was_made_from(tmp_path) -> None:
    from intona.corpora.base import Corpus
    from intona.evaluation.run import _front_end_contamination
    from intona.models import recipes
    from intona.models.task import Task

    def corpus(name: str) -> Corpus:
        index = segmented_index([tmp_path / "a.wav"])
        facts = {"corpus": [name], "speaker": [f"{name}-01"], "emotion": ["sad"]}
        return Corpus(name, pd.DataFrame(facts, index=index))

    def found(recipe: str, name: str) -> list[Finding]:
        table = corpus(name).table
        return _front_end_contamination(Task(recipes.load(recipe), table), table)

    voice = synthetic.utterance("sad")
    soundfile.write(tmp_path / "a.wav", voice.samples, voice.rate)
    finding, *_ = found("head", "ravdess")
    assert finding.leak
    assert not any(one.leak for one in found("head", "elsewhere"))
    assert found("classic", "ravdess") == []


def test_a_recipe_says_which_of_its_corpora_are_missing(own: pd.DataFrame) -> None:
    from intona.evaluation.run import _missing_corpora
    from intona.models import recipes
    from intona.models.task import Task

    (finding,) = _missing_corpora(Task(recipes.load("default"), own.assign(corpus="ravdess")))
    assert not finding.leak
    assert finding.examples == ("emodb", "nemo", "ravdess-song")
    assert "--extra" in finding.text
    assert _missing_corpora(Task(recipes.load("encoder-lr"), own)) == []
