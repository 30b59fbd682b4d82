"""Names of folders that are parts of a corpus: ``train``, ``fold_2``, ``Session 1``, ``wav``.

Such a folder is no speaker, whatever the level it lies on. What is called a part in error costs a
warning; what is called a speaker in error costs a promise of independence that does not hold.
"""

from __future__ import annotations

import re
from pathlib import Path

_SPLITS = {
    "train": "train training trn trainset",
    "val": "val valid validation validate dev devel development valset devset tune tuning",
    "test": "test testing tst testset eval evaluation evalset holdout heldout",
}
_SPLIT = {word: split for split, words in _SPLITS.items() for word in words.split()}
_WORDS = """
aac acted all anechoic archive audio audios augmented batch block bonus category cd chapter
children chunk chunks class classes clean clip clips corpora corpus cut cv data database dataset
datasets debug default dialog dialogue dialogues disc disk download downloads dvd emotion
emotional emotions english episode export extra extras fake female females file files final flac
fold folder folders folds full girls boys group half held hz impro improvised improvisation in
input k kfold khz label labelled labels lang language level list m4a main male males manifest
manifests media men misc mono mp3 new noisy ogg old only opus original other others out output
parallel part partition partitions parts phase pool private processed public raw real rec recorded
recording recordings records release resampled resources root round run runs sample samples scene
script scripted seen segment segmented segments sentence sentences ses sess session sessions set
sets shard sing singing song songs sound sounds source sources speech split splits spoken
spontaneous src stage stereo studio subset sung take takes temp tmp track tracks trial unlabelled
unseen utt utterance utterances utts v version video videos vocal vocals voice voices vol volume
wav wave waves wavs week women
"""
_PARTS = frozenset(_WORDS.split())
_ALONE = frozenset({"f", "m"})  # f1 and m1 are speakers, f and m their sex
_TAIL = frozenset({*"abcdefghx", "i", "ii", "iii", "iv"})  # set_a, Part II
_FORMATS = re.compile(r"mp3|m4a|mp4|k(?=fold)", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|[^\W\d_A-Za-z]+")
_DATE = re.compile(r"(19|20)\d\d([-_.]?\d\d){0,2}")


def is_part(name: str) -> bool:
    """Tell whether a folder is called as a part of a corpus, and not as a person.

    Args:
        name: of the folder alone, in any case, with or without numbers.

    Examples:
        >>> [is_part(name) for name in ("train", "Fold_3", "AudioWAV", "Session 2", "male")]
        [True, True, True, True, True]
        >>> [is_part(name) for name in ("anna", "Actor_01", "07", "speaker1", "f1")]
        [False, False, False, False, False]
    """
    words = _words(name)
    if not words:
        return _DATE.fullmatch(name.strip()) is not None
    if name.strip().lower() in _ALONE:
        return True
    known = [_is_made_of_parts(word) for word in words]
    return any(known) and all(yes or word in _TAIL for yes, word in zip(known, words, strict=True))


def split_of(name: str) -> str | None:
    """Return ``train``, ``val`` or ``test`` where a folder is called so, else ``None``.

    Examples:
        >>> split_of("Training"), split_of("dev_set"), split_of("fold1")
        ('train', 'val', None)
    """
    if not is_part(name):
        return None
    return next((_SPLIT[word] for word in _words(name) if word in _SPLIT), None)


def whole_of(stem: str) -> str:
    """Return a table's name without what says which part of a corpus it is.

    Examples:
        >>> whole_of("mood_train_fold_1"), whole_of("test"), whole_of("mood_data")
        ('mood', '', 'mood_data')
    """
    words = re.split(r"[\W_]+", stem)
    if not any(split_of(word) for word in words):
        return stem
    return "_".join(word for word in words if word and not word.isdigit() and not is_part(word))


def own_name(folder: Path) -> str:
    """Return the name of the deepest folder that is not called as a part.

    Examples:
        >>> own_name(Path("/home/ann/mood/data/train"))
        'mood'
    """
    place = folder.resolve()
    names = [each.name for each in (place, *place.parents) if each.name]
    return next((name for name in names if not is_part(name)), names[0] if names else "table")


def _is_made_of_parts(word: str) -> bool:
    """Tell whether a word is one of them, or several without a space: ``traindata``."""
    if word in _PARTS or word in _SPLIT:
        return True
    return any(
        (word[:k] in _PARTS or word[:k] in _SPLIT) and _is_made_of_parts(word[k:])
        for k in range(3, len(word) - 2)
    )


def _words(name: str) -> list[str]:
    """Return the words of a name, in small letters, without numbers."""
    whole = re.sub(r"[\W\d_]+", "", name).lower()
    if whole in _PARTS or whole in _SPLIT:  # also wAv, TRAINset
        return [whole]
    return [word.lower() for word in _WORD.findall(_FORMATS.sub(" ", name))] or (
        ["mp3"] if _FORMATS.search(name) else []
    )
