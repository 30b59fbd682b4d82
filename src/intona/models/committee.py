"""Linear heads on an embedding: one joint head, a committee for what is unfamiliar, dimensions.

The joint head and the dimensions are softmax regressions, the committee's members are linear
discriminants: one for each training corpus and one for all of them. All see the same views of the
training embeddings (:mod:`intona.models.views`) in the embedding's leading principal directions.
Where an embedding has several parts (of several encoders) each part has a solution of its own and
their scores are averaged, which is one linear map of the whole and measured better than one
solution on everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intona.metrics.arrays import rows_of
from intona.models.blend import CLOSED
from intona.models.discriminant import shrunk_discriminant
from intona.models.material import Material
from intona.models.principal import drawn, principal_directions, residual
from intona.models.regression import softmax_regression
from intona.models.views import Standard, judged_by_sets

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.integer]
Head = tuple[Floats, Floats]  # weights (d, labels), bias (labels,)

# High against low of each dimension (after Russell 1980); an emotion in neither teaches nothing
# about it.
DIMENSIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "arousal": (("angry", "happy", "fearful", "surprised"), ("neutral", "calm", "sad")),
    "valence": (("happy",), ("angry", "sad", "fearful", "disgust")),
}
DIMENSION_C = 0.002
DIMENSION_WEIGHT = 500.0  # utterances that each corpus counts
ITERATIONS, TOLERANCE = 120, 1e-8  # where the penalty decides, more change nothing
PRINCIPAL = 64  # directions of the training material; outside them lies what is unfamiliar
SHRINKAGE = 0.3  # of the covariance of the committee's discriminants
NOTHING = 0.02  # weight of a sound without a voice in that covariance, of an utterance's
EVERY = "every corpus"  # the member that hears all of them


@dataclass(frozen=True)
class HeadOptions:
    """How heads are trained.

    Attributes:
        C: inverse strength of the penalty.
        views: share of each view: ``plain``, ``corpus``, ``speaker``.
        committee: whether there are discriminants for each corpus and for all, beside the joint
            head.
        rank: principal directions of each part that the regressions are solved in.
        nothing: weight of a sound without a voice, of an utterance's.
    """

    C: float = 0.003
    views: Mapping[str, float] | None = None
    committee: bool = False
    rank: int = 1000
    nothing: float = 0.25


@dataclass(frozen=True, eq=False)
class Learners:
    """Training material with what heads need to know of each utterance.

    Attributes:
        material: features of utterances and copies.
        labels: names of the classes.
        speakers: of each utterance, ``(n,)``; missing where unknown.
        corpora: of each utterance, ``(n,)``; singing is of the corpus of the speech.
        importance: weight that the recipe gives each utterance's corpus, ``(n,)``.
        blocks: columns of each part of the features.
    """

    material: Material
    labels: Sequence[str]
    speakers: NDArray[Any]
    corpora: NDArray[Any]
    importance: Floats
    blocks: Sequence[int]


@dataclass(frozen=True, eq=False)
class Committee:
    """Fitted heads.

    Attributes:
        standard: mean and deviation of the training features.
        joint: the joint head.
        members: a head for each corpus and one for all (:data:`EVERY`),
            :data:`intona.models.blend.CLOSED` for labels it lacks; none for a single corpus.
        dimensions: arousal and valence, where the labels tell: weights ``(d, 1)``, bias ``(1,)``.
        directions: principal directions of the training embeddings, ``(d, k)``.
        difference: of a speaker's mean over mixed speech from that over neutral speech, ``(d,)``;
            ``None`` where no speaker has both.
    """

    standard: Standard
    joint: Head
    members: Mapping[str, Head]
    dimensions: Mapping[str, Head]
    directions: Floats
    difference: Floats | None

    def scores(self, embedding: Floats) -> tuple[Doubles, list[Doubles]]:
        """Return the scores of the joint head and of each member, ``(n, labels)``."""
        joint, *others = (
            np.asarray(embedding @ weights + bias, dtype=np.float64)
            for weights, bias in (self.joint, *self.members.values())
        )
        return joint, others

    def dimension(self, name: str, embedding: Floats) -> Doubles:
        """Return ``arousal`` or ``valence`` in [0, 1], ``(n,)``; NaN where no head tells."""
        if name not in self.dimensions:
            return np.full(len(embedding), np.nan)
        weights, bias = self.dimensions[name]
        return np.asarray(1.0 / (1.0 + np.exp(-(embedding @ weights + bias)[:, 0].astype(float))))

    def answering(self, columns: Rows) -> Committee:
        """Return heads that answer with some of their labels, those of these numbers.

        What a softmax leaves to the others goes to these in proportion: their probabilities given
        that it is one of them. A member that knows none of them has no voice.
        """

        def kept(head: Head) -> Head:
            return head[0][:, columns], head[1][columns]

        members = {
            name: kept(head)
            for name, head in self.members.items()
            if (head[1][columns] > CLOSED / 2).any()
        }
        return replace(self, joint=kept(self.joint), members=members)

    def residual(self, plain: Floats) -> Doubles:
        """Return how much of a plain embedding lies outside the training material, ``(n,)``."""
        return residual(plain, self.directions)


def fit_committee(
    learners: Learners,
    utterances: Rows,
    options: HeadOptions,
    seed: int = 0,
    *,
    emotions_only: bool = False,
) -> Committee:
    """Fit all heads on some utterances and their copies.

    Args:
        learners: the material.
        utterances: numbers of those to learn from, sorted.
        options: see :class:`HeadOptions`.
        seed: of the sets of the views.
        emotions_only: leave out arousal, valence and what neutral speech lacks.
    """
    return _Fit(learners, np.asarray(utterances), options, seed).committee(emotions_only)


class _Fit:
    """What the heads of one fit share: rows, views, principal directions."""

    def __init__(self, learners: Learners, utterances: Rows, options: HeadOptions, seed: int):
        self.options, self.seed = options, seed
        self.labels = tuple(learners.labels)
        material = learners.material
        rows = material.rows(utterances)
        place = np.full(len(learners.corpora), -1)
        place[utterances] = np.arange(len(utterances))
        self.origin = place[material.origin[rows]]
        self.count = len(utterances)
        self.known = material.known.at(rows)
        self.corpora = learners.corpora[utterances]
        self.speakers = learners.speakers[utterances]
        self.groups = self.known.groups[: self.count]
        self.importance = learners.importance[utterances][self.origin]
        features = material.features[rows]
        self.alike = _alike(self.known.weights[: self.count], self.corpora)
        self.standard = Standard.of(features[: self.count], self.alike)
        self.embedding = self.standard.embedding(features, out=features)  # a copy of its own
        edges = np.cumsum((0, *learners.blocks))
        self.blocks = [slice(a, b) for a, b in pairwise(edges)]
        self.bases = [self._basis(block) for block in self.blocks]
        nothing = material.nothing
        self.nothing = None if nothing is None else self.standard.embedding(nothing)
        self.views = self._views()

    def committee(self, emotions_only: bool) -> Committee:
        """Fit everything, or the emotions alone."""
        every = np.arange(len(self.origin))
        own = self.corpora[self.origin]
        weights = self.known.weights
        joint = self._head(every, weights)
        members: dict[str, Head] = {}
        names = np.unique(self.corpora)
        if self.options.committee and len(names) > 1:
            # A member hears its own corpus alone, every utterance at its full weight.
            for name in names:
                rows = np.flatnonzero(own == name)
                members[str(name)] = self._discriminant(rows, weights / self.importance)
            members[EVERY] = self._discriminant(every, weights)
        plain = self.embedding[: self.count]
        return Committee(
            self.standard,
            joint,
            members,
            {} if emotions_only else self._dimensions(own),
            principal_directions(plain, PRINCIPAL, weights=self.alike, seed=self.seed),
            None if emotions_only else self._difference(),
        )

    def _basis(self, block: slice) -> Floats:
        """Return principal directions of embeddings standardised group by group."""
        embedding, seed = self.embedding[: self.count, block], self.seed + 1
        chosen = np.zeros(self.count, dtype=bool)
        chosen[drawn(self.count, seed=seed)] = True
        parts = []
        for group in np.unique(self.groups):
            own = self.groups == group
            parts.append(Standard.of(embedding, own).embedding(embedding[own & chosen]))
        return principal_directions(np.concatenate(parts), self.options.rank, seed=seed)

    def _views(self) -> list[tuple[float, list[Floats]]]:
        """Return the share of each view and its rows in the bases of the blocks."""
        rng = np.random.default_rng(self.seed)
        shares = dict(self.options.views or {"plain": 1.0})
        names = np.array([f"{g}\0{s}" for g, s in zip(self.groups, self.speakers, strict=True)])
        found = []
        for kind, share in shares.items():
            seen = self.embedding
            if kind != "plain":
                groups = self.groups if kind == "corpus" else names
                seen = judged_by_sets(seen, self.origin, groups, kind, rng)
            found.append((share / sum(shares.values()), self._inside(seen)))
        return found

    def _inside(self, embedding: Floats) -> list[Floats]:
        return [
            embedding[:, block] @ base for block, base in zip(self.blocks, self.bases, strict=True)
        ]

    def _head(self, rows: Rows, weights: NDArray[np.floating]) -> Head:
        """Fit one head of emotions on some rows; it answers with the labels it has met."""
        known, classes = self.known, len(self.labels)
        possible = known.possible[rows]
        met = np.asarray(possible.any(axis=0))
        truth = np.eye(classes)[known.targets[rows]]
        found, bias = self._regressions(rows, truth, possible, weights, self.options.C, met)
        return found, np.where(met, bias, CLOSED).astype(np.float32)

    def _discriminant(self, rows: Rows, weights: NDArray[np.floating]) -> Head:
        """Fit a member of the committee on some rows; it answers with the labels it has met."""
        known, classes, count = self.known, len(self.labels), len(self.views)
        met = np.asarray(known.possible[rows].any(axis=0))
        # What a view of a corpus or of its song has of its own is not of the emotion.
        groups = np.unique(self.groups[self.origin[rows]].astype(str), return_inverse=True)[1]
        seen = np.concatenate([groups + k * len(rows) for k in range(count)])
        heavy = np.concatenate([weights[rows] * share for share, _ in self.views])
        silent = None if self.nothing is None else self._inside(self.nothing)
        parts, bias = [], np.zeros(classes)
        for number, base in enumerate(self.bases):
            matrix, offset = shrunk_discriminant(
                np.concatenate([view[number][rows] for _, view in self.views]),
                np.tile(known.targets[rows], count),
                classes,
                seen,
                heavy,
                shrinkage=SHRINKAGE,
                nothing=None if silent is None else (silent[number], NOTHING),
            )
            parts.append(base @ matrix / len(self.bases))
            bias += offset / len(self.bases)
        found = np.concatenate(parts).astype(np.float32)
        return found, np.where(met, bias, CLOSED).astype(np.float32)

    def _dimensions(self, own: NDArray[Any]) -> dict[str, Head]:
        """Fit the dimensions of which both ends are there."""
        found = {}
        for name, ends in DIMENSIONS.items():
            sides = [np.isin(self.labels, words)[self.known.targets] for words in ends]
            if all(side.any() for side in sides):
                found[name] = self._dimension(sides, own)
        return found

    def _dimension(self, sides: Sequence[NDArray[np.bool_]], own: NDArray[Any]) -> Head:
        """Fit a high against a low end; every corpus counts alike."""
        rows = np.flatnonzero(sides[0] | sides[1])
        weights = (self.known.weights / self.importance).astype(np.float64)
        for name in np.unique(own[rows]):
            here = rows[own[rows] == name]
            weights[here] *= DIMENSION_WEIGHT / weights[here].sum()
        truth = np.stack([sides[1], sides[0]], axis=1)[rows].astype(np.float64)
        every = np.ones_like(truth, dtype=bool)
        found, bias = self._regressions(rows, truth, every, weights, DIMENSION_C, None)
        return found[:, 1:] - found[:, :1], bias[1:] - bias[:1]

    def _regressions(
        self,
        rows: Rows,
        truth: Doubles,
        possible: NDArray[np.bool_],
        weights: NDArray[np.floating],
        C: float,
        met: NDArray[np.bool_] | None,
    ) -> Head:
        """Fit a regression per block and return their mean as one map of the embedding.

        ``met`` are the labels that sounds without a voice are equally likely to be of; ``None``
        leaves those sounds out.
        """
        count = len(self.views)
        truths, masks = [truth] * count, [possible] * count
        heavy = [weights[rows] * share for share, _ in self.views]
        silent = (
            self._inside(self.nothing) if met is not None and self.nothing is not None else None
        )
        if silent is not None and met is not None:
            size = len(silent[0])
            truths.append(np.tile(met / met.sum(), (size, 1)))
            masks.append(np.tile(met, (size, 1)))
            heavy.append(np.full(size, self.options.nothing))
        parts, bias = [], np.zeros(truth.shape[1])
        for number, base in enumerate(self.bases):
            values = [view[number][rows] for _, view in self.views]
            values += [] if silent is None else [silent[number]]
            matrix, offset = softmax_regression(
                np.concatenate(values),
                np.concatenate(truths),
                truth.shape[1],
                C=C,
                weights=np.concatenate(heavy),
                possible=np.concatenate(masks),
                iterations=ITERATIONS,
                tolerance=TOLERANCE,
            )
            parts.append(base @ matrix / len(self.bases))
            bias += offset / len(self.bases)
        return np.concatenate(parts).astype(np.float32), bias.astype(np.float32)

    def _difference(self) -> Floats | None:
        """Return what mixed speech of a speaker has more than neutral speech, on average."""
        if "neutral" not in self.labels:
            return None
        neutral = self.known.targets[: self.count] == self.labels.index("neutral")
        song = [str(group).endswith("-song") for group in self.groups]
        spoken = np.flatnonzero(~np.array(song))
        found = []
        for rows in rows_of(self.speakers[spoken].astype(str)).values():
            own = spoken[rows]
            calm = own[neutral[own]]
            if 0 < len(calm) < len(own):
                mean = self.embedding[own].mean(axis=0)
                found.append(mean - self.embedding[calm].mean(axis=0))
        return np.mean(found, axis=0).astype(np.float32) if found else None


def _alike(weights: NDArray[np.floating], corpora: NDArray[Any]) -> Doubles:
    """Return weights by which every corpus counts alike."""
    found = np.asarray(weights, dtype=np.float64).copy()
    for name in np.unique(corpora):
        found[corpora == name] /= found[corpora == name].sum()
    return found / found.sum()
