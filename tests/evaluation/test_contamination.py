"""A finished model and its training material under other names: refused, stamped, or unknown."""

from __future__ import annotations

from dataclasses import replace

import onnx
import pandas as pd
import pytest
import soundfile

from intona import corpora
from intona.audio import read
from intona.audit.prepare import prepare
from intona.corpora.base import Corpus
from intona.errors import LeakError
from intona.evaluation import evaluate_model
from intona.evaluation.compare import compare, comparison_text
from intona.evaluation.text import summary
from intona.inference.enroll import heard_before
from intona.inference.recognizer import Recognizer
from intona.models.artefact import read_model, write_model
from intona.models.train import train


@pytest.fixture(scope="module")
def model(corpus, svm, tmp_path_factory):
    """A model of two of the four speakers."""
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    train(svm, part_of(corpus, 0, 2), path)
    return path


@pytest.fixture(scope="module")
def old(model, tmp_path_factory):
    """The same as an older intona made it: without sound."""
    path = tmp_path_factory.mktemp("old") / "old.onnx"
    content, metadata = read_model(model)
    names_only = {key: value for key, value in metadata.items() if key != "heard"}
    return write_model(onnx.load_from_string(content), names_only, path)


def part_of(corpus: Corpus, begin: int, end: int) -> Corpus:
    """Return some of the speakers."""
    kept = corpus.table["speaker"].isin(corpus.speakers[begin:end])
    return replace(corpus, table=corpus.table[kept])


def renamed(corpus: Corpus) -> Corpus:
    """Return the corpus under another name, and its speakers under others."""
    table = corpus.table.assign(corpus="innocent", speaker="x" + corpus.table["speaker"])
    return replace(corpus, name="innocent", table=table)


def stored_anew(corpus, folder, suffix, change):
    """Return a corpus whose recordings were changed and are called otherwise, folder by label."""
    for number, ((file, _, _), row) in enumerate(corpus.table.iterrows()):
        audio = read(file)
        path = folder / f"{row['emotion']}/speaker{number % 5}_{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, change(audio.samples, audio.rate), audio.rate)
    return corpora.load(folder)


WAYS = {
    "folders": ("wav", lambda samples, rate: samples),
    "mp3, quieter": ("mp3", lambda samples, rate: samples * 0.3),
    "cut": ("flac", lambda samples, rate: samples[rate // 20 : -rate // 12]),
}


@pytest.mark.parametrize(("suffix", "change"), WAYS.values(), ids=WAYS)
def test_training_material_is_refused_under_any_name_and_format(
    model, corpus, tmp_path, suffix, change
):
    other = stored_anew(part_of(corpus, 0, 2), tmp_path / "c", suffix, change)
    with pytest.raises(LeakError, match=r"trained on \d+ of the \d+ recordings.*ravdess-0"):
        evaluate_model(model, other)
    result = evaluate_model(model, other, allow_leaks=True)
    assert "LEAKY: the model was trained on" in summary(result)
    (finding,) = result.facts.leaks.of_kind("heard")
    assert finding.count >= 0.9 * len(other.table)
    assert "training recording" in finding.examples[0]


def test_some_training_files_among_new_ones_are_enough(model, corpus):
    new, own = part_of(corpus, 2, 4), part_of(corpus, 0, 1)
    mixed = renamed(replace(corpus, table=pd.concat([new.table, own.table.iloc[:1]])))
    with pytest.raises(LeakError, match=f"trained on 1 of the {len(new.table) + 1} recordings"):
        evaluate_model(model, mixed)


def test_speakers_that_were_held_out_are_new(model, corpus):
    result = evaluate_model(model, renamed(part_of(corpus, 2, 4)))
    assert not result.leaky
    assert result.facts.leaks.findings == ()
    text = summary(result)
    assert "leak check: nothing found" in text
    assert "the sound of its training recordings" in text


def test_an_old_file_cannot_tell_and_says_so(old, corpus):
    result = evaluate_model(old, renamed(part_of(corpus, 0, 2)))
    text = summary(result)
    assert "nothing found" not in text
    assert "unknown: the model file remembers no sound" in text
    better = replace(result, facts=replace(result.facts, recipe="other"))
    said = comparison_text(compare([("a", result), ("b", better)]))
    assert said.startswith("unknown: a: the model file remembers no sound")


def test_without_speakers_that_comes_first(model, corpus):
    nobody = part_of(corpus, 2, 4)
    nobody = replace(nobody, table=nobody.table.assign(speaker=None, corpus="c"))
    text = summary(evaluate_model(model, nobody))
    assert text.startswith("NO SPEAKER: no speaker is known for")
    assert "nothing found" not in text


def test_an_audit_refuses_it_too(model, old, corpus, tmp_path):
    way = WAYS["mp3, quieter"]
    stored_anew(part_of(corpus, 0, 2), tmp_path / "c", *way)
    with pytest.raises(LeakError, match="whatever they are called"):
        prepare([model, tmp_path / "c"])
    found = prepare([model, tmp_path / "c"], allow_leaks=True)
    assert "whatever they are called" in found.context.leaky[0]
    assert any("cannot be told" in note for note in prepare([old, tmp_path / "c"]).context.notes)


def test_enrolment_says_what_the_model_has_heard(model, old, corpus):
    own = part_of(corpus, 0, 2).table.index.get_level_values("file")[:2]
    new = part_of(corpus, 2, 4).table.index.get_level_values("file")[:1]
    recognizer = Recognizer.load(model)
    (said,) = heard_before(recognizer, [*own, *new])
    assert said.startswith("LEAKY: the model was trained on 2 of these 3 recordings")
    assert heard_before(recognizer, new) == []
    (unknown,) = heard_before(Recognizer.load(old), own)
    assert "cannot be told" in unknown
