"""Options and verbs that people know from elsewhere, and how the same is written here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from typer.core import TyperCommand

from intona.errors import UsageError

Told = tuple[str, ...]
"""What may be said; what begins with "write --" only where the verb has that; the first counts."""

_HONEST = "(or loso, emobox; random:0.25 for a random split, stamped LEAKY)"
_PROTOCOL: Told = (
    f"write --protocol speakers:5 {_HONEST}",
    f"intona evaluate has --protocol speakers:5 {_HONEST}, and training takes all of the corpus",
)
_SIZE: Told = (
    "write --protocol random:0.25 (stamped LEAKY); speakers:5 is honest",
    "intona evaluate has --protocol random:0.25 (stamped LEAKY; speakers:5 is honest), and "
    "training takes all of the corpus",
)
_TOML = 'a .toml file with [model] kind = "..." and its parameters'
_RECIPE: Told = (
    f"write --recipe NAME (intona recipes), or --recipe with {_TOML}",
    f"a model is what it was trained as: intona train --recipe NAME (intona recipes), or {_TOML}",
)
_NUMBERS = '[front_end] name = "classic", and n_mfcc, n_mels, n_fft, hop'
_FRONT_END: Told = (
    "write --front-end NAME (intona front-ends); its parameters are set in Python, "
    'intona.front_end("classic", n_mfcc=13), or in a recipe',
    f"write --recipe with a .toml file: {_NUMBERS}",
    f"a model has its own features: intona train --recipe with a .toml file: {_NUMBERS}",
)
_ALL: Told = (
    "write --report DIR: all probabilities are in its predictions.parquet",
    "write --format csv (or json): all probabilities are in it",
    "write --json: all probabilities are in it",
    "intona predict --format csv (or json) writes all probabilities",
)
_RATE: Told = (
    "write --rate",
    "recordings of any rate are taken, and resampled to that of the model or the features",
)
_PATH: Told = (
    "write --from",
    "write the path without an option, for example: intona predict clip.wav, intona train RAVDESS/",
)
_METRICS: Told = ("UAR, WAR, F1, calibration and more are always given, with intervals",)
_GROUPS: Told = (
    "write --protocol speakers:5: speakers are kept apart; --columns speaker=NAME says who speaks",
    "speakers are kept apart as it is",
)
_CPU: Told = ("it runs on the CPU, and needs no choice",)
_OUT: Told = ("write --out", "write --report DIR")
_THRESHOLD: Told = (
    "a model says itself below which confidence it is unsure; intona predict --format csv writes "
    "every confidence, to choose otherwise",
)
_WINDOW: Told = ('windows are set in Python: intona.load().timeline("clip.wav", window=2.0)',)

_BY_MEANING: Mapping[Told, str] = {
    _SIZE: "test-size train-size test-split validation-split val-split",
    _PROTOCOL: "split cv folds fold n-folds n-splits k-folds k-fold kfold stratify shuffle loso "
    "emobox leave-one-out cross-validation",
    _RECIPE: "model-type model-name classifier estimator algorithm kind epochs batch-size lr "
    "learning-rate max-iter hidden-layer-sizes hidden-size c kernel gamma alpha solver activation "
    "penalty n-estimators max-depth n-neighbors dropout optimizer layers params config",
    _FRONT_END: "features feature feature-set feature-type front-end n-mfcc n-mels n-fft hop "
    "hop-length win-length mfcc chroma mel fmin fmax",
    _ALL: "proba probs prob probabilities predict-proba return-probs scores logits top-k all",
    _RATE: "sr sample-rate samplerate sampling-rate target-sr fs resample",
    _PATH: "input inputs file files path paths data data-dir dataset audio audio-path wav clip "
    "recordings folder dir",
    _METRICS: "scoring metric metrics",
    _GROUPS: "groups group group-by",
    _CPU: "device gpu cuda cpu",
    _OUT: "output output-file output-dir outfile save save-to o",
    _THRESHOLD: "threshold confidence min-confidence",
    _WINDOW: "window window-size window-length win frame-length segment-length",
    ("write --format json", "write --json"): "json",
    ("write --format csv", "write --out FILE.csv"): "csv",
    ("write --seed", "nothing here is random"): "random-state",
    ("write --workers", "one process does it"): "n-jobs jobs num-workers threads",
    ("write --emotions",): "labels classes emotion label class",
    ("write --columns emotion=NAME", "write --emotions"): "label-column target-column",
    ("write --host",): "bind address",
    ("write --timeline",): "over-time segments continuous",
}

# Without dashes at the beginning, and with dashes for underscores.
ELSEWHERE: Mapping[str, Told] = {
    word: told for told, words in _BY_MEANING.items() for word in words.split()
}

VERBS_ELSEWHERE: Mapping[str, str] = {
    word: verb
    for verb, words in {
        "train": "fit learn finetune fine-tune",
        "evaluate": "test score validate cross-validate cross-val-score crossval cv benchmark eval",
        "predict": "transcribe recognize recognise analyze analyse classify infer inference run "
        "detect predict-proba process",
        "listen": "live stream microphone mic record",
        "serve": "server api start",
        "features": "extract feature mfcc transform",
        "front-ends": "frontends",
        "recipes": "recipe",
        "corpus": "corpora dataset datasets",
        "enroll": "enrol adapt",
        "info": "show describe",
    }.items()
    for word in words.split()
}


def refuse_verb(word: str, verbs: Iterable[str]) -> None:
    """Refuse a first word that is known from elsewhere, or a recording without its verb.

    Args:
        word: as it is written.
        verbs: those there are.

    Raises:
        UsageError: it says which verb was meant.
    """
    if word in verbs or word.startswith("-"):
        return
    here = VERBS_ELSEWHERE.get(word.replace("_", "-").lower())
    if here is not None:
        raise UsageError(f"no command {word}: write intona {here} ...")
    if os.path.exists(word):
        raise UsageError(f"what is to be done with {word}? for example: intona predict {word}")


class Command(TyperCommand):
    """A verb that says how an option of other tools is written here."""

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        """Read the options of the verb.

        Raises:
            UsageError: one that is known from elsewhere.
        """
        try:
            return super().parse_args(context, arguments)
        except Exception as error:
            # Its class is click's or the copy in typer, by version; only that has an option's name.
            name = str(getattr(error, "option_name", ""))
            told = ELSEWHERE.get(name.lstrip("-").replace("_", "-").lower())
            if type(error).__name__ != "NoSuchOption" or told is None:
                raise
            own = {option for each in self.params for option in each.opts}
            for words in told:
                first, option, *_ = f"{words} -".split()
                if first != "write" or not option.startswith("--") or option.rstrip(":") in own:
                    raise UsageError(f"no option {name}: {words}") from None
            raise
