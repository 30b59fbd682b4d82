"""A Hugging Face model for audio classification: ``hf:NAME`` or ``hf:FOLDER`` on the command line.

Its own feature extractor prepares the sound, its ``id2label`` names the labels. One that was not
trained for this (weights newly made up at loading) is refused: its answers would be chance. Code
that a model brings is never run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.errors import ModelError, UsageError
from intona.extras import require
from intona.inference.foreign.base import Foreign
from intona.models.hub import PREFIX

# Used while training alone, and not kept in many files.
_HARMLESS = ("masked_spec_embed",)


class HubModel(Foreign):
    """A Hugging Face model under judgement.

    Args:
        text: ``hf:`` and its name on the hub, or a folder.

    Raises:
        MissingExtraError: transformers or torch is not installed.
        UsageError: there is no such folder or model.
        ModelError: it is no finished model for audio classification.
    """

    def __init__(self, text: str) -> None:
        transformers = _transformers()
        place = _place(text)
        with _quiet(transformers), _readable(text, place):
            config = transformers.AutoConfig.from_pretrained(place, trust_remote_code=False)
            self._extractor = transformers.AutoFeatureExtractor.from_pretrained(
                place, trust_remote_code=False
            )
            self._model, report = transformers.AutoModelForAudioClassification.from_pretrained(
                place, config=config, trust_remote_code=False, output_loading_info=True
            )
        _require_trained(text, report)
        _require_classes(text, config)
        rate = getattr(self._extractor, "sampling_rate", None)
        if not isinstance(rate, int):
            raise ModelError(f"{text}: its feature extractor does not say a sampling rate")
        self._model.eval()
        self._words = [str(config.id2label[number]) for number in range(config.num_labels)]
        super().__init__(text, self._words, rate)

    def again(self) -> Callable[[], HubModel]:
        """Return what makes the same recogniser, also in another process."""
        return partial(HubModel, self.name)

    def answers(self, signals: Sequence[NDArray[np.float32]], rate: int) -> Sequence[object]:
        """Return what it says of each signal; see :meth:`Foreign.answers`.

        One after the other: padded beside others, many models answer otherwise.
        """
        import torch

        found = []
        for signal in signals:
            try:
                inputs = self._extractor(signal, sampling_rate=rate, return_tensors="pt")
                with torch.inference_mode():
                    scores = self._model(**inputs).logits[0].double()
            except (RuntimeError, ValueError, TypeError, IndexError) as error:
                reason = str(error).strip().partition("\n")[0]
                seconds = len(signal) / rate
                raise ModelError(
                    f"{self.name} failed at {seconds:.2f} s of sound: {reason}"
                ) from None
            values = torch.softmax(scores, dim=-1).tolist()
            if any(value != value for value in values):
                raise ModelError(f"{self.name} answered with NaN: its weights may be damaged")
            answer: dict[str, float] = {}
            for word, value in zip(self._words, values, strict=True):
                answer[word] = answer.get(word, 0.0) + value
            found.append(answer)
        return found


def _transformers() -> Any:
    require("a model of the hub", "torch", "transformers")
    import transformers

    return transformers


def _place(text: str) -> str:
    """Return the folder or the name on the hub."""
    name = text.removeprefix(PREFIX)
    place = os.path.expanduser(name)
    if not name:
        raise UsageError(f"{text}: name a model after {PREFIX}, a folder or one on the hub")
    if os.path.isdir(place):
        if not (Path(place) / "config.json").is_file():
            raise UsageError(f"{text}: no model was saved there: the folder has no config.json")
        return place
    if os.path.exists(place):
        raise UsageError(f"{text} is a file: name the folder that save_pretrained wrote")
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name:
        raise UsageError(f"{text}: there is no such folder")
    return name


def _require_trained(text: str, report: Any) -> None:
    """Refuse a model some of whose weights were made up at loading."""
    made_up = [
        *(name for name in sorted(report["missing_keys"]) if not name.endswith(_HARMLESS)),
        *(str(each[0] if isinstance(each, tuple) else each) for each in report["mismatched_keys"]),
    ]
    if made_up:
        raise ModelError(
            f"{text} was not trained to classify: {len(made_up)} of its weights are not in the "
            f"file and would be random numbers ({_examples(made_up)})"
        )


def _require_classes(text: str, config: Any) -> None:
    kind = config.problem_type
    if kind not in (None, "single_label_classification"):
        raise ModelError(f"{text} does not choose between emotions: it was trained for {kind}")


def _examples(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Keep transformers' own reports off the terminal: what matters is said by us."""
    tools = transformers.utils.logging
    before, bars = tools.get_verbosity(), tools.is_progress_bar_enabled()
    network = logging.getLogger("huggingface_hub")
    level = network.level
    tools.set_verbosity(logging.CRITICAL)
    network.setLevel(logging.CRITICAL)
    tools.disable_progress_bar()
    try:
        yield
    finally:
        tools.set_verbosity(before)
        network.setLevel(level)
        if bars:
            tools.enable_progress_bar()


@contextmanager
def _readable(text: str, place: str) -> Iterator[None]:
    """Say in one sentence why a model cannot be loaded."""
    try:
        yield
    except Exception as error:  # of transformers, safetensors, pickle, the network ...
        reason = " ".join(str(error).split())
        if not os.path.isdir(place):
            reason = f"there is no such folder, and of the hub: {reason}"
        raise ModelError(
            f"{text} cannot be loaded as a model for audio classification: "
            f"{reason if len(reason) <= 240 else reason[:237] + '...'}"
        ) from None
