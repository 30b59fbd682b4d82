"""Inference session: a model file in onnxruntime, imported so that it keeps quiet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona import registry
from intona.audio import resample
from intona.errors import ModelError, RecipeError
from intona.features import FrontEnd, front_end
from intona.models.artefact import Metadata, locate, read_model

SHORTEST = 0.3  # seconds; shorter signals are padded with zeros at the end
# Signals that share a call of the model. More of them are slower: their activations leave the
# processor's caches (``python benchmarks/batching.py``).
TOGETHER = 8  # signals
BUDGET = 4.0  # seconds, padding included
FILLED = 0.95  # at least so much of them must be signal


def onnxruntime() -> ModuleType:
    """Return the module, its telemetry switched off.

    Its official builds report their use to the maker and leave a device identifier in the
    temporary folder, unless the environment says otherwise before the first import (its
    ``Privacy.md``). What people say to intona stays with them, and so does that they said it.

    Examples:
        >>> onnxruntime().get_available_providers()[-1]
        'CPUExecutionProvider'
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as module

    return module


class Session:
    """A model file in onnxruntime: signals in, any output of its graph out.

    Args:
        content: bytes of the ``.onnx`` file.
        metadata: its validated metadata, from :func:`intona.models.artefact.read_model`.
        path: where it was read from, for messages.
        threads: onnxruntime threads; 1 is the fastest for single clips on small machines.
        brief: for a few clips only: the graph is taken as it is, which loads sooner and runs a
            tenth slower than one that the runtime has optimised first.

    Attributes:
        path: the file.
        metadata: everything the file says of itself.
        rate: sample rate the model works at in Hz, ``None`` for the recording's own.
        outputs: names of what the graph gives.
        fingerprint: the file's content in 16 hexadecimal digits: profiles belong to one model.

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
        brief: bool = False,
    ) -> None:
        runtime = onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if brief:
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self._session = runtime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises several unrelated classes
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{path}: its graph cannot be loaded ({reason})") from None
        self.path = path
        self.metadata = metadata
        self.fingerprint = hashlib.sha256(content).hexdigest()[:16]
        source = metadata["input"]
        self.rate: int | None = source.get("rate")
        self._front_end = None
        if source["kind"] != "waveform":
            self._front_end = _front_end(source, path)
            if self._front_end.version != source.get("version"):
                raise ModelError(
                    f"{path} was made with version {source.get('version')} of the front end "
                    f"{source['name']}, this intona has {self._front_end.version}: train it again"
                )
        self._widths = {node.name: node.shape[-1] for node in self._session.get_outputs()}
        self.outputs = frozenset(self._widths)

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
            ModelError: the graph has no such output.
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
            return self._call(feed, outputs, inputs)
        if not ready:
            return np.zeros((0, sum(int(self._widths[output]) for output in outputs)))
        result: list[NDArray[np.float64] | None] = [None] * len(ready)
        for group in _alike([len(signal) for signal in ready], int(BUDGET * wanted)):
            longest = max(len(ready[k]) for k in group)
            # Each row is treated by its own length: trailing zeros do not change its answer.
            feed = np.stack([_at_least(ready[k], longest) for k in group])
            for k, value in zip(group, self._call(feed, outputs, inputs), strict=True):
                result[k] = value
        return np.asarray(result, dtype=np.float64).reshape(len(ready), -1)

    def _call(
        self,
        feed: NDArray[np.float32],
        outputs: Sequence[str],
        inputs: Mapping[str, NDArray[np.float32]] | None,
    ) -> NDArray[np.float64]:
        name = self._session.get_inputs()[0].name
        values = self._session.run(
            list(outputs), {name: np.ascontiguousarray(feed, np.float32), **(inputs or {})}
        )
        columns = [np.asarray(value, dtype=np.float64).reshape(len(feed), -1) for value in values]
        return np.concatenate(columns, axis=1)


def _front_end(source: Mapping[str, Any], path: str | Path) -> FrontEnd:
    """Build the front end that a file names; what is not installed is not looked for elsewhere."""
    name, parameters = str(source.get("name")), source.get("parameters", {})
    if not isinstance(parameters, dict):
        raise ModelError(f"{path}: its intona metadata lacks valid parameters of the front end")
    parts = parameters.get("parts", ()) if name == "joined" else ()
    wanted = [name, *(str(part.get("name")) for part in parts if isinstance(part, Mapping))]
    missing = [one for one in wanted if not registry.has("features", one)]
    if missing:
        of = ", ".join(map(str, source.get("packages") or ())) or "that registers it"
        raise ModelError(
            f"{path} needs the front end {missing[0]}, which is not installed: install the "
            f"package {of}"
        )
    try:
        return front_end(name, **parameters)
    except RecipeError as error:
        raise ModelError(f"{path}: {error}") from None


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
