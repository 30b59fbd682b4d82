from __future__ import annotations

import pytest

from intona import corpora
from intona.errors import CorpusError, UsageError

RAVDESS = ["Actor_01/03-01-01-01-01-01-01.wav", "Actor_02/03-01-05-01-01-01-02.wav"]
EMODB = ["wav/03a01Fa.wav", "wav/03a01Nc.wav"]


def test_every_corpus_says_what_it_is():
    for name in corpora.names():
        info = corpora.info(name)
        assert info.name == name
        assert len(info.language) == 3
        assert info.language.islower()
        assert info.licence
        assert info.citation
        assert info.url.startswith("http")
        assert info.example
        assert info.labels


def test_several_corpora_become_one_table(grow, tmp_path):
    corpus = corpora.load([grow(tmp_path / "a", RAVDESS), grow(tmp_path / "b", EMODB)])
    assert corpus.name == "ravdess+emodb"
    assert list(corpus.table["corpus"]) == ["ravdess", "ravdess", "emodb", "emodb"]
    assert corpus.speakers == ("emodb-03", "ravdess-01", "ravdess-02")
    assert "CC BY-NC-SA" in corpus.licence
    assert "no formal" in corpus.licence


def test_the_same_folder_twice_is_read_once(grow, tmp_path):
    corpus = corpora.load([grow(tmp_path, RAVDESS), tmp_path])
    assert corpus.name == "ravdess"
    assert len(corpus.table) == 2
    assert corpus.problems == ("2 utterances were given twice; each is kept once",)


def test_an_option_goes_to_the_corpora_that_have_it(grow, tmp_path):
    song = [name.replace("03-01", "03-02", 1) for name in RAVDESS]
    both = [grow(tmp_path / "a", RAVDESS + song), grow(tmp_path / "b", EMODB)]
    assert len(corpora.load(both, channel="all").table) == 6
    with pytest.raises(UsageError, match="no option 'channel' for emodb"):
        corpora.load(both[1], channel="all")


def test_bad_paths_and_names_say_so(grow, tmp_path):
    with pytest.raises(CorpusError, match=r"nowhere: no such file or folder"):
        corpora.load(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"no audio file in this folder or below it$"):
        corpora.load(tmp_path)
    for name in ("label_map.json", "list.jsonl"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(CorpusError, match=r"is it the table .*list\.jsonl\? name that"):
        corpora.load(tmp_path)
    grow(tmp_path, ["strange.wav", "names.wav"])
    with pytest.raises(CorpusError, match="cannot tell which corpus this is"):
        corpora.load(tmp_path)
    with pytest.raises(CorpusError, match="neither a folder, a zip"):
        corpora.load(tmp_path / "strange.wav")
    with pytest.raises(CorpusError, match="nothing here is laid out as EmoDB"):
        corpora.load(tmp_path, name="emodb")
    with pytest.raises(UsageError, match="unknown corpus 'emodbb'"):
        corpora.load(tmp_path, name="emodbb")
    with pytest.raises(UsageError, match="no corpus given"):
        corpora.load([])


def test_hidden_files_and_circular_links_are_no_audio(grow, tmp_path):
    grow(tmp_path, [*EMODB, "wav/._03a01Wa.wav", "__MACOSX/wav/03a01Wa.wav"])
    (tmp_path / "wav" / "again").symlink_to(tmp_path)
    assert len(corpora.load(tmp_path).table) == 2


@pytest.mark.corpus
def test_all_real_corpora_at_once(data):
    folders = [data / name for name in ("ravdess", "ravdess_song", "emodb", "nemo")]
    corpus = corpora.load(folders)
    assert len(corpus.table) == 1440 + 1012 + 535 + 4481
    assert len(corpus.speakers) == 24 + 10 + 9
    assert not corpus.table.index.has_duplicates
    assert corpus.problems == ()
    assert set(corpus.table["language"]) == {"eng", "deu", "pol"}
