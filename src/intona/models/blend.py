"""Calibration by familiarity: how joint head and committee are blended, and when to answer.

On speakers of corpora it knows the joint head is right and may be sure; on corpora it does not know
the committee (the mean answer of a discriminant for each training corpus and one for all) is right
more often, and both are surer than they should be. So the share of the joint head and both
temperatures depend on the familiarity of the sound, linearly, the temperatures on a logarithmic
scale. They are fitted on held-out answers: of whole corpora left out in turn, and of held-out
speakers.

A user has one corpus, not the mean of ours. So of the corpora left out, those that fare worst count
most (group distributionally robust optimisation, Sagawa et al. 2020, smoothed), and the threshold
holds its risk on each of them. A few corpora do not show how far away the next one is: what is
unfamiliar is softened by a margin more than they ask for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from intona.models.calibration import softmax

Doubles = NDArray[np.float64]

CLOSED = -1e4  # score of a label that a head does not know
MIDDLE = 0.58  # residual at which familiarity is one half
WIDTH = 0.12  # of the fall of familiarity, in natural logarithms of the residual
DRAWN = 0.01  # weight of the pull towards the start
# How much more the worst of the corpora left out counts: 0 for their mean, more for the worst one.
WORST = 5.0
# Added to the logarithms of both temperatures at familiarity 0. Chosen with corpora left out: each
# answered by heads whose blend was fitted on the others, left out in turn as well.
CAUTION = 0.3
# Discriminants in a thousand directions are much surer than regressions.
START = (-1.5, 2.0, 0.0, 0.0, 1.5, 1.5, 0.0)


def familiarity(residual: ArrayLike) -> Doubles:
    """Return how near a sound is to the training material, in [0, 1].

    Args:
        residual: mean square, over the dimensions of the standardised embedding, of what the
            training material's principal directions leave of it (:mod:`intona.models.principal`).

    Examples:
        >>> familiarity([0.4, 0.58, 0.9]).round(2).tolist()
        [0.96, 0.5, 0.03]
    """
    values = np.maximum(np.asarray(residual, dtype=np.float64), 1e-12)
    return 1.0 / (1.0 + (values / MIDDLE) ** (1.0 / WIDTH))


@dataclass(frozen=True)
class Blend:
    """How answers are blended, softened and refused.

    Attributes:
        values: seven numbers: logit of the joint head's share at familiarity 0 and 1, logarithm
            of its temperature at 0 and 1, of the committee's at 0 and 1, and what the logarithms
            of both change by when the model is adapted.
        thresholds: least confidence of an answer that is ``ok``, at familiarity 0 and 1.
    """

    values: tuple[float, ...] = START
    thresholds: tuple[float, float] = (0.0, 0.0)

    def probabilities(
        self, joint: Doubles, members: Sequence[Doubles], familiar: Doubles, adapted: bool
    ) -> Doubles:
        """Return calibrated probabilities ``(n, labels)``.

        Args:
            joint: scores of the joint head, ``(n, labels)``.
            members: scores of each member of the committee, :data:`CLOSED` for labels it does not
                know; none for a model of one corpus.
            familiar: familiarity of each row, ``(n,)``.
            adapted: whether the embeddings are standardised by a profile.
        """
        low, high, cold, warm, dull, keen, moved = self.values
        shift = moved * adapted
        own = np.exp(cold + (warm - cold) * familiar + shift)[:, None]
        found = softmax(joint / own)
        if not len(members):
            return found
        share = 1.0 / (1.0 + np.exp(-(low + (high - low) * familiar)))[:, None]
        others = np.exp(dull + (keen - dull) * familiar + shift)[:, None]
        mean = np.mean([softmax(member / others) for member in members], axis=0)
        return np.asarray(share * found + (1.0 - share) * mean)

    def priors(self, biases: Sequence[NDArray[np.floating]]) -> list[float]:
        """Return how likely each label is before anything is heard, half familiar.

        Every head was trained on labels that count alike, so it takes those it knows to be equally
        likely.

        Args:
            biases: of the joint head and of each member; :data:`CLOSED` for labels it lacks.
        """
        known = np.array([bias > CLOSED / 2 for bias in biases], dtype=np.float64)
        each = known / known.sum(axis=1, keepdims=True)
        if len(each) == 1:
            return [float(value) for value in each[0]]
        low, high = self.values[:2]
        share = 1.0 / (1.0 + np.exp(-(low + high) / 2))
        return [float(v) for v in share * each[0] + (1.0 - share) * each[1:].mean(axis=0)]

    def threshold(self, familiar: ArrayLike) -> Doubles:
        """Return the least confidence of an answer that is ``ok``, ``(n,)``."""
        low, high = self.thresholds
        return low + (high - low) * np.asarray(familiar, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return what the model file says of it."""
        return {"blend": list(self.values), "thresholds": list(self.thresholds)}


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Answers to utterances of a corpus or of speakers that the heads have not met.

    Attributes:
        joint: scores, ``(n, labels)``.
        members: of the committee, each ``(n, labels)``.
        residual: ``(n,)``, see :func:`familiarity`.
        truth: class numbers, ``(n,)``.
        weight: of the group as a whole.
        adapted: whether the embeddings were standardised by a profile.
        corpus: name of the corpus that was held out as a whole; ``None`` for speakers.
        possible: labels that the corpus has, ``(labels,)``; where it lacks one of two that are
            merged, they count as one.
    """

    joint: Doubles
    members: Sequence[Doubles]
    residual: Doubles
    truth: NDArray[np.int64]
    weight: float
    adapted: bool
    corpus: str | None
    possible: NDArray[np.bool_]

    def answering(self, columns: NDArray[np.integer]) -> HeldOut:
        """Return the answers with some labels alone, to utterances of these labels.

        A member that knows none of them has no voice.
        """
        rows = np.isin(self.truth, columns)
        place = np.full(len(self.possible), -1)
        place[columns] = np.arange(len(columns))
        members = [member[rows][:, columns] for member in self.members]
        return replace(
            self,
            joint=self.joint[rows][:, columns],
            members=[member for member in members if (member > CLOSED / 2).any()],
            residual=self.residual[rows],
            truth=place[self.truth[rows]],
            possible=self.possible[columns],
        )


def fit_blend(
    held_out: Sequence[HeldOut],
    merged: Mapping[int, int],
    risk: tuple[float, float],
    *,
    caution: float = CAUTION,
) -> Blend:
    """Fit a blend by the log-loss of held-out answers, and its thresholds by their errors.

    Args:
        held_out: groups of answers. The loss of corpora that were left out is the smooth maximum
            of each one's mean loss (:data:`WORST`), that of speakers the mean.
        merged: label numbers that count as another one where a corpus does not have both
            (calm as neutral).
        risk: largest share of wrong answers among those that are ``ok``, on each corpus that was
            left out and on speakers that were held out. Thresholds are only raised for it, never
            above those at which a fifth of the answers is left.
        caution: margin of the temperatures at familiarity 0, where corpora were left out.
    """
    from scipy.optimize import minimize

    def share(values: NDArray[np.float64], group: HeldOut) -> tuple[Doubles, NDArray[np.int64]]:
        blend = Blend(tuple(values))
        near = familiarity(group.residual)
        found = blend.probabilities(group.joint, group.members, near, group.adapted)
        lacking = {old: new for old, new in merged.items() if not group.possible[[old, new]].all()}
        both = lacking if group.corpus is None else merged
        return as_merged(found, group.truth, both)

    corpora = sorted({group.corpus for group in held_out if group.corpus is not None})
    parts = [[group for group in held_out if group.corpus == name] for name in (None, *corpora)]
    weights = np.array([sum(group.weight for group in part) for part in parts])

    def mean_loss(values: NDArray[np.float64], part: Sequence[HeldOut]) -> float:
        lost = 0.0
        for group in part:
            found, truth = share(values, group)
            lost -= group.weight * np.log(found[np.arange(len(truth)), truth] + 1e-6).mean()
        return lost / max(sum(group.weight for group in part), 1e-12)

    def loss(values: NDArray[np.float64]) -> float:
        speakers, *each = (mean_loss(values, part) for part in parts)
        worst = np.log(np.mean(np.exp(WORST * np.array(each)))) / WORST if each else 0.0
        lost = (weights[0] * speakers + weights[1:].sum() * worst) / weights.sum()
        return float(lost + DRAWN * ((values - START) ** 2).sum())

    values = minimize(loss, np.array(START), method="L-BFGS-B").x
    if corpora:
        values[[2, 4]] += caution
    answers = [(group.corpus, *share(values, group)) for group in held_out]

    def limit(name: str | None, wrong: float) -> float | None:
        return _least_confidence([(p, t) for corpus, p, t in answers if corpus == name], wrong)

    unfamiliar = max((limit(name, risk[0]) or 0.0 for name in corpora), default=None)
    familiar = limit(None, risk[1])
    low = unfamiliar if unfamiliar is not None else familiar or 0.0
    high = familiar if familiar is not None else low
    return Blend(tuple(map(float, values)), (float(low), float(high)))


def as_merged(
    probabilities: Doubles, truth: NDArray[np.int64], merged: Mapping[int, int]
) -> tuple[Doubles, NDArray[np.int64]]:
    """Return probabilities and truth with labels counted as others."""
    found, labels = probabilities.copy(), truth.copy()
    for old, new in merged.items():
        found[:, new] += found[:, old]
        found[:, old] = 0.0
        labels[labels == old] = new
    return found, labels


def _least_confidence(
    answers: Sequence[tuple[Doubles, NDArray[np.int64]]], risk: float, least: float = 0.2
) -> float | None:
    """Return the lowest confidence above which at most ``risk`` of the answers are wrong."""
    if not answers:
        return None
    confidence = np.concatenate([found.max(axis=1) for found, _ in answers])
    right = np.concatenate([found.argmax(axis=1) == truth for found, truth in answers])
    order = np.argsort(-confidence)
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    fine = np.flatnonzero(wrong <= risk)
    last = max(int(fine[-1]) if len(fine) else 0, int(least * len(order)) - 1, 0)
    return float(confidence[order[last]])
