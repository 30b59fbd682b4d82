"""Calibration: temperature scaling, and the confidence threshold below which a model abstains."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def softmax(scores: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Return ``exp(s/T) / sum(exp(s/T))`` along the last axis.

    Examples:
        >>> softmax([[0.0, 0.0]]).tolist()
        [[0.5, 0.5]]
    """
    scaled = np.asarray(scores, dtype=np.float64) / temperature
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    exponent = np.exp(scaled)
    return exponent / exponent.sum(axis=-1, keepdims=True)


def fit_temperature(scores: ArrayLike, truth: ArrayLike) -> float:
    """Return the temperature that minimises the log-loss of held-out scores.

    Temperature scaling (Guo et al. 2017, arXiv:1706.04599) changes no decision.

    Args:
        scores: held-out scores, shape ``(n, classes)``, never those of training utterances.
        truth: class numbers, shape ``(n,)``.

    Returns:
        A temperature in [0.02, 50].

    Examples:
        >>> round(fit_temperature([[9.0, 0.0]] * 4, [0, 0, 0, 1]), 1)
        8.2
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    values = np.asarray(scores, dtype=np.float64)
    rows = np.arange(len(values))
    classes = np.asarray(truth)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(values / np.exp(log_temperature), axis=1)[rows, classes].mean())

    found = minimize_scalar(loss, bounds=(np.log(0.02), np.log(50.0)), method="bounded")
    return float(np.exp(found.x))


@dataclass(frozen=True)
class Abstention:
    """A confidence threshold and what it gave on held-out speakers.

    Attributes:
        threshold: below this confidence a prediction is ``unsure``, in [0, 1].
        risk: share of wrong answers among those at or above it.
        coverage: share of answers at or above it.
        target: the risk that was asked for.
    """

    threshold: float
    risk: float
    coverage: float
    target: float


def choose_abstention(
    confidence: ArrayLike, correct: ArrayLike, target: float, *, least_coverage: float = 0.2
) -> Abstention:
    """Choose the lowest threshold whose held-out risk is at most ``target``.

    Where no threshold reaches the target while answering at least ``least_coverage`` of the
    utterances, the threshold at that coverage is taken and its true risk is reported.

    Args:
        confidence: largest probability per held-out utterance, shape ``(n,)``.
        correct: whether the answer was right, shape ``(n,)``.
        target: wanted share of errors among answers, in [0, 1].
        least_coverage: smallest share of utterances that must be answered.

    Examples:
        >>> choose_abstention([0.9, 0.8, 0.4, 0.3], [True, True, True, False], 0.0).threshold
        0.4
    """
    values = np.asarray(confidence, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    values = values[order]
    errors = np.cumsum(~np.asarray(correct, dtype=bool)[order])
    risk = errors / np.arange(1, len(values) + 1)
    # A threshold takes all ties with it: only the last of equal confidences counts.
    last = np.append(values[1:] != values[:-1], True)
    fine = np.flatnonzero(last & (risk <= target))
    least = int(np.ceil(least_coverage * len(values))) - 1
    enough = np.flatnonzero(last & (np.arange(len(values)) >= least))
    k = int(fine[-1]) if len(fine) and fine[-1] >= least else int(enough[0])
    return Abstention(float(values[k]), float(risk[k]), (k + 1) / len(values), target)


@dataclass(frozen=True)
class Calibration:
    """A temperature and a threshold, both chosen on held-out utterances.

    Attributes:
        words: what they were chosen on, for people; ``none`` and why where on nothing.
        temperature: what scores are divided by before softmax.
        abstention: the threshold, with what it gave; ``None`` where nothing was held out.
    """

    words: str = "none"
    temperature: float = 1.0
    abstention: Abstention | None = None

    @classmethod
    def of(cls, scores: ArrayLike, truth: ArrayLike, risk: float, words: str) -> Calibration:
        """Choose both on held-out scores.

        Args:
            scores: shape ``(n, classes)``, never those of training utterances.
            truth: class numbers, shape ``(n,)``.
            risk: the share of errors that the threshold aims at, in [0, 1].
            words: what the scores are of.
        """
        temperature = fit_temperature(scores, truth)
        probabilities = softmax(scores, temperature)
        correct = probabilities.argmax(axis=1) == np.asarray(truth)
        return cls(words, temperature, choose_abstention(probabilities.max(axis=1), correct, risk))

    def to_dict(self) -> dict[str, Any]:
        """Return what an artefact says of it: ``temperature``, ``threshold`` and the rest."""
        found: dict[str, Any] = {"temperature": self.temperature, "threshold": 0.0}
        if self.abstention is not None:
            found["threshold"] = self.abstention.threshold
            found["abstention"] = asdict(self.abstention)
        return {**found, "calibration": self.words}
