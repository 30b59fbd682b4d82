"""Inference session: a model file in onnxruntime, imported so that it keeps quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona import registry
from intona.audio import resample
from intona.errors import IntonaError, MissingExtraError, ModelError
from intona.features import FrontEnd, front_end
from intona.models.artefact import locate, read_model
from intona.models.identity import Identity
from intona.models.metadata import Metadata
from intona.models.runtime import PATIENCE, SLOWEST, onnxruntime, session_options, within

SHORTEST = 0.3  # seconds; shorter signals are padded with zeros at the end
# Signals that share a call of the model. More of them are slower: their activations leave the
# processor's caches (``python benchmarks/batching.py``).
TOGETHER = 8  # signals
BUDGET = 4.0  # seconds, padding included
FILLED = 0.95  # at least so much of them must be signal
# What a graph says of a signal besides the probabilities, one column each.
BESIDE = ("familiarity", "arousal", "valence")
SLACK = 1e-3  # by which probabilities may miss a sum of 1


class Session:
    """A model file in onnxruntime: signals in, any output of its graph out.

    Args:
        content: bytes of the ``.onnx`` file.
        metadata: its validated metadata, from :func:`intona.models.artefact.read_model`.
        path: where it was read from, for messages.
        threads: onnxruntime threads; 1 is the fastest for single clips on small machines.

    Attributes:
        path: the file.
        metadata: everything the file says of itself.
        rate: sample rate the model works at in Hz, ``None`` for the recording's own.
        outputs: names of what the graph gives.
        identity: which model it is.

    Raises:
        ModelError: the graph cannot be loaded, or does not fit its metadata.
    """

    def __init__(
        self,
        content: bytes,
        metadata: Metadata,
        path: Path,
        *,
        threads: int = 1,
    ) -> None:
        options = session_options(threads)
        try:
            self._session = within(
                PATIENCE,
                lambda: onnxruntime().InferenceSession(
                    content, options, providers=["CPUExecutionProvider"]
                ),
                str(path),
            )
        except ModelError:
            raise
        except Exception as error:  # onnxruntime raises several unrelated classes
            raise ModelError(f"{path}: its graph cannot be loaded ({_reason(error)})") from None
        self.path = path
        self.metadata = metadata
        self.identity = Identity.of(content, metadata)
        source = metadata["input"]
        self.rate: int | None = source.get("rate")
        self._alone = source.get("alone") is True
        self._front_end = None if source["kind"] == "waveform" else _front_end(source, path)
        self._widths = _widths(metadata, self._session, path)
        self.outputs = frozenset(self._widths)
        _require_inputs(self._session, path)

    @classmethod
    def load(cls, path: str | Path | None = None, *, threads: int = 1) -> Session:
        """Load a model file, or the bundled default model.

        Args:
            path: an ``.onnx`` file made by intona; ``None`` for the bundled model.
            threads: onnxruntime threads.

        Raises:
            ModelError: not a readable model of ours.
        """
        found = locate(path)
        content, metadata = read_model(found)
        return cls(content, metadata, found, threads=threads)

    def run(
        self,
        signals: Sequence[NDArray[np.float32]],
        rate: int,
        outputs: Sequence[str],
        inputs: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> NDArray[np.float64]:
        """Return outputs of the graph for each signal, side by side: ``(signals, columns)``.

        Args:
            signals: mono float32 in [-1, 1], each of any length.
            rate: their sample rate in Hz; resampled to the model's where needed.
            outputs: their names.
            inputs: further inputs of the graph, the same for all signals.

        Raises:
            ModelError: the graph has no such output, cannot be run within :data:`PATIENCE`, or
                gives what is no answer: numbers that are not finite or of another shape,
                probabilities that do not sum to 1.
        """
        for output in outputs:
            if output not in self.outputs:
                raise ModelError(f"{self.path}: its graph has no output {output!r}")
        wanted = rate if self.rate is None else self.rate
        shortest = int(SHORTEST * wanted)
        ready = [resample(signal, rate, wanted) for signal in signals]
        if self._front_end is None:
            # An offset (a cheap sound card's) would hide the silence that the graph trims.
            ready = [signal - signal.mean() if len(signal) else signal for signal in ready]
        ready = [_at_least(signal, shortest) for signal in ready]
        if self._front_end is not None:
            rows = [self._front_end(signal, wanted) for signal in ready]
            feed = np.stack(rows) if rows else np.zeros((0, len(self._front_end.names)), np.float32)
            return self._call(feed, outputs, inputs, 0.0)
        if not ready:
            return np.zeros((0, sum(self._widths[output] for output in outputs)))
        result: list[NDArray[np.float64] | None] = [None] * len(ready)
        lengths = [len(signal) for signal in ready]
        alone = [[k] for k in range(len(ready))]
        for group in alone if self._alone else _alike(lengths, int(BUDGET * wanted)):
            longest = max(len(ready[k]) for k in group)
            # Each row is treated by its own length: trailing zeros do not change its answer.
            feed = np.stack([_at_least(ready[k], longest) for k in group])
            for k, value in zip(
                group, self._call(feed, outputs, inputs, feed.size / wanted), strict=True
            ):
                result[k] = value
        return np.asarray(result, dtype=np.float64).reshape(len(ready), -1)

    def _call(
        self,
        feed: NDArray[np.float32],
        outputs: Sequence[str],
        inputs: Mapping[str, NDArray[np.float32]] | None,
        seconds: float,
    ) -> NDArray[np.float64]:
        """Return outputs for signals of so many seconds of sound together, checked."""
        name = self._session.get_inputs()[0].name
        given = {name: np.ascontiguousarray(feed, np.float32), **(inputs or {})}
        options = onnxruntime().RunOptions()
        options.log_severity_level = 4
        try:
            values = within(
                PATIENCE + SLOWEST * seconds,
                lambda: self._session.run(list(outputs), given, options),
                str(self.path),
            )
        except ModelError:
            options.terminate = True
            raise
        except Exception as error:  # onnxruntime raises several unrelated classes
            raise ModelError(f"{self.path}: its graph cannot be run ({_reason(error)})") from None
        columns = [
            self._checked(output, value, len(feed))
            for output, value in zip(outputs, values, strict=True)
        ]
        return np.concatenate(columns, axis=1)

    def _checked(self, output: str, value: object, count: int) -> NDArray[np.float64]:
        """Return what the graph gave, ``(count, columns)``, if it can be an answer."""
        shape = (count, self._widths[output])
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.shape != shape:
            raise ModelError(f"{self.path}: the output {output!r} of its graph is not {shape}")
        numbers = value.astype(np.float64)
        if not np.isfinite(numbers).all():
            raise ModelError(f"{self.path}: its graph gave numbers that are not finite")
        if output == "probabilities" and not (
            (numbers >= 0.0).all()
            and (numbers <= 1.0 + SLACK).all()
            and (np.abs(numbers.sum(axis=1) - 1.0) <= SLACK).all()
        ):
            raise ModelError(f"{self.path}: its graph gave no probabilities: they do not sum to 1")
        return numbers


def _reason(error: Exception) -> str:
    """Return what onnxruntime says in a few words, without its codes and places in its source."""
    text = next(iter(str(error).splitlines()), "") or type(error).__name__
    if "Arena" in text or "bad_alloc" in text or isinstance(error, MemoryError):
        return "it needs more memory than there is"
    return re.sub(
        r"^\[ONNXRuntimeError\] : \d+ : \w+ : | ?Name:'.*?'|/\S+\.(cc|h):\d+ .*", "", text
    )


def _front_end(source: Mapping[str, Any], path: Path) -> FrontEnd:
    """Return the front end that a model file names.

    Raises:
        ModelError: there is none like it.
        MissingExtraError: it needs a package that is not installed.
    """
    name, version = source["name"], source["version"]
    _require_installed(source, path)
    try:
        found = front_end(name, **source.get("parameters", {}))
    except MissingExtraError:
        raise
    except (IntonaError, AttributeError, KeyError, OverflowError, RecursionError) as error:
        raise ModelError(f"{path}: its front end cannot be made ({error})") from None
    if found.version != version:
        raise ModelError(
            f"{path} was made with version {version} of the front end {name}, this intona has "
            f"{found.version}: train it again"
        )
    if source.get("rate") != found.rate:
        raise ModelError(f"{path}: its front end {name} works at {found.rate} Hz and it says not")
    return found


def _require_installed(source: Mapping[str, Any], path: Path) -> None:
    """Refuse front ends that are not installed: a file never has a path imported."""
    name = source["name"]
    parts = source.get("parameters", {}).get("parts", ()) if name == "joined" else ()
    parts = parts if isinstance(parts, list) else ()
    wanted = [name, *(str(part.get("name")) for part in parts if isinstance(part, Mapping))]
    missing = [one for one in wanted if not registry.has("features", one)]
    if missing:
        packages = source.get("packages")
        named = ", ".join(map(str, packages)) if isinstance(packages, list) else ""
        raise ModelError(
            f"{path} needs the front end {missing[0]}, which is not installed: install the "
            f"package {named or 'that registers it'}"
        )


def _widths(metadata: Metadata, session: Any, path: Path) -> dict[str, int]:
    """Return how many columns each output has that intona asks for, by its name."""
    wanted = {
        "scores" if metadata.get("numeric") else "probabilities": len(metadata["labels"]),
        "embedding": metadata.get("embedding", 0),
        **dict.fromkeys(BESIDE, 1),
    }
    found = {node.name: node for node in session.get_outputs()}
    for name in wanted.keys() & found.keys():
        shape = found[name].shape
        fits = len(shape) == 2 and (not isinstance(shape[1], int) or shape[1] == wanted[name])
        if found[name].type != "tensor(float)" or not fits:
            raise ModelError(
                f"{path}: the output {name!r} of its graph does not fit its metadata, which asks "
                f"for {wanted[name]} columns"
            )
    return {name: wanted[name] for name in wanted if name in found}


def _require_inputs(session: Any, path: Path) -> None:
    """Refuse a graph that needs more than the sound."""
    needed = session.get_inputs()
    if len(needed) != 1 or needed[0].type != "tensor(float)" or len(needed[0].shape) != 2:
        raise ModelError(f"{path}: its graph needs other inputs than the sound")


def _at_least(signal: NDArray[np.float32], shortest: int) -> NDArray[np.float32]:
    missing = shortest - len(signal)
    return np.pad(signal, (0, missing)) if missing > 0 else signal


def _alike(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Divide signals into groups that share a call of the model: similar lengths, few samples."""
    group: list[int] = []
    total = 0
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        padded = (len(group) + 1) * lengths[number]
        full = len(group) == TOGETHER or padded > budget
        if group and (full or total + lengths[number] < FILLED * padded):
            yield group
            group, total = [], 0
        group.append(number)
        total += lengths[number]
    if group:
        yield group
