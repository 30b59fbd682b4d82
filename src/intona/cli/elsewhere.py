"""Options that people know from elsewhere, and how the same is written here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand

from intona.errors import UsageError

_PROTOCOL = "--protocol speakers:5 (or loso, emobox; random:0.25 for a random split, stamped LEAKY)"
_RECIPE = '--recipe NAME (intona recipes), or a .toml file with [model] kind = "..."'
_FRONT_END = (
    '--recipe with a .toml file: [front_end] name = "classic", and n_mfcc, n_mels, n_fft, hop'
)
_ALL = "--format csv (or json): all probabilities are in it"

# Without dashes at the beginning, and with dashes for underscores.
ELSEWHERE: Mapping[str, str] = {
    "test-size": "--protocol random:0.25 (stamped LEAKY); speakers:5 is honest",
    "split": _PROTOCOL,
    "cv": _PROTOCOL,
    "folds": _PROTOCOL,
    "k-folds": _PROTOCOL,
    "kfold": _PROTOCOL,
    "proba": _ALL,
    "probs": _ALL,
    "probabilities": _ALL,
    "predict-proba": _ALL,
    "scores": _ALL,
    "json": "--format json",
    "csv": "--format csv",
    "output": "--out",
    "output-file": "--out",
    "save": "--out",
    "model-type": _RECIPE,
    "model-name": _RECIPE,
    "classifier": _RECIPE,
    "estimator": _RECIPE,
    "algorithm": _RECIPE,
    "kind": _RECIPE,
    "features": _FRONT_END,
    "feature": _FRONT_END,
    "front-end": _FRONT_END,
    "n-mfcc": _FRONT_END,
    "n-mels": _FRONT_END,
    "n-fft": _FRONT_END,
    "hop": _FRONT_END,
    "hop-length": _FRONT_END,
    "mfcc": _FRONT_END,
    "chroma": _FRONT_END,
    "mel": _FRONT_END,
    "random-state": "--seed",
    "n-jobs": "--workers",
    "jobs": "--workers",
    "num-workers": "--workers",
    "labels": "--emotions",
    "classes": "--emotions",
}


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
            here = ELSEWHERE.get(name.lstrip("-").replace("_", "-").lower())
            own = {option for each in self.params for option in each.opts}
            if type(error).__name__ != "NoSuchOption" or here is None:
                raise
            if here.split()[0] not in own:
                if here.startswith("--protocol") and self.name == "train":
                    how = f"training takes all of the corpus, and intona evaluate {here}"
                    raise UsageError(f"no option {name}: {how}") from None
                raise
            raise UsageError(f"no option {name}: write {here}") from None
