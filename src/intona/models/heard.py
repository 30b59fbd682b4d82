"""What a model file remembers of the sound it was trained on: digests and fingerprints.

Names can be changed; sound cannot. For each training recording a file keeps 32 bytes or, of longer
ones, 32 for every five seconds: 6 of the digest of the decoded sound, the same in every container
that loses nothing, and 26 of a landmark (:mod:`intona.features.landmarks`), the signs of 208
coefficients. A recording is recognised by its digest, or by a landmark that agrees: the sum of its
208 coefficients, of length 1, each with the sign that is kept, over the root of 208, is above
:data:`SAME`. The recording itself gives about 0.78; see docs/evaluation.md for what else was tried.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from intona.errors import AudioError, ModelError
from intona.features.extract import extract_each
from intona.features.landmarks import COEFFICIENTS, DIGEST, Landmarks
from intona.parallel import HERE, Engine, Progress
from intona.tables import Utterance, utterances

if TYPE_CHECKING:
    import pandas as pd


SAME = 0.65  # agreement from which on two landmarks are of one recording
MOST = 2**17  # landmarks in a file: 4 MiB; of more, every so many are kept
FORM = 1
_BYTES = 2 * DIGEST
_RECORD = _BYTES + COEFFICIENTS // 8


@dataclass(frozen=True)
class Match:
    """A recording that was recognised.

    Attributes:
        file: what was looked for.
        known: the training recording, in words.
        exact: whether the sound is the very same, and not one that sounds the same.
    """

    file: str
    known: str
    exact: bool

    @property
    def words(self) -> str:
        """Both, as a pair."""
        return f"{self.file} {'=' if self.exact else 'sounds like'} {self.known}"


@dataclass(frozen=True)
class Heard:
    """What is remembered of training recordings.

    Attributes:
        digests: of the sound of each landmark's recording, ``(n, 6)``, bytes.
        codes: signs of each landmark's coefficients, ``(n, 26)``, bytes; zeros for none.
        groups: whose landmarks they are, speaker after speaker: a name and how many.
        complete: whether this is all that the model was trained on.
    """

    digests: NDArray[np.uint8] = field(repr=False)
    codes: NDArray[np.uint8] = field(repr=False)
    groups: tuple[tuple[str, int], ...]
    complete: bool = True

    @classmethod
    def of(
        cls, table: pd.DataFrame, *, on: Engine = HERE, progress: Progress | None = None
    ) -> Self:
        """Listen to a training table.

        Args:
            table: indexed by ``(file, start, end)``, with ``speaker`` and ``corpus``.
            on: where: here, in local processes, on Ray.
            progress: called as ``progress(done, total, text)``.

        Raises:
            AudioError: a recording cannot be read.
        """
        owners = table["speaker"].fillna(table["corpus"]).fillna("unknown").astype(str)
        table = table.iloc[np.argsort(owners.to_numpy(dtype=str), kind="stable")]
        parts, names = [], []
        wanted = utterances(table.index)  # type: ignore[arg-type]
        found = _landmarks(wanted, on, progress)
        for owner, rows in zip(sorted(owners), found, strict=True):
            if isinstance(rows, AudioError):
                raise rows
            kept = rows[rows[:, DIGEST] > 0]
            parts.append(kept)
            names += [owner] * len(kept)
        rows = np.concatenate(parts)
        step = -(-len(rows) // MOST)
        rows, names = rows[::step], names[::step]
        groups = tuple((name, names.count(name)) for name in dict.fromkeys(names))
        some = rows[:, DIGEST + 1 :].any(axis=1, keepdims=True)
        codes = np.packbits((rows[:, DIGEST + 1 :] > 0) & some, axis=1)
        return cls(_digests(rows), codes, groups)

    @classmethod
    def from_dict(cls, content: object) -> Self:
        """Read what :meth:`to_dict` returned.

        Raises:
            ModelError: it is not of that form.
        """
        try:
            return cls._read(content)
        except (KeyError, TypeError, ValueError, OverflowError, binascii.Error):
            raise ModelError("what it heard in training is damaged") from None

    @classmethod
    def _read(cls, content: Any) -> Self:
        if content["form"] != FORM or not isinstance(content["complete"], bool):
            raise ValueError
        if len(content["landmarks"]) > 2 * MOST * _RECORD:
            raise ValueError
        raw = base64.b64decode(content["landmarks"], validate=True)
        records = np.frombuffer(raw, dtype=np.uint8).reshape(-1, _RECORD)
        groups = tuple((str(name), int(count)) for name, count in content["groups"])
        if (
            not len(records)
            or sum(count for _, count in groups) != len(records)
            or any(n < 1 for _, n in groups)
        ):
            raise ValueError
        return cls(records[:, :_BYTES], records[:, _BYTES:], groups, content["complete"])

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able copy."""
        records = np.concatenate([self.digests, self.codes], axis=1)
        return {
            "form": FORM,
            "complete": self.complete,
            "groups": [list(group) for group in self.groups],
            "landmarks": base64.b64encode(records.tobytes()).decode(),
        }

    @property
    def recordings(self) -> int:
        """How many recordings are remembered."""
        return len(np.unique(self.digests, axis=0))

    def joined(self, other: Heard | None) -> Heard:
        """Return what both remember; ``None`` is a model of which nothing is known."""
        if other is None:
            return Heard(self.digests, self.codes, self.groups, complete=False)
        return Heard(
            np.concatenate([self.digests, other.digests]),
            np.concatenate([self.codes, other.codes]),
            self.groups + other.groups,
            self.complete and other.complete,
        )

    def find(
        self,
        wanted: Sequence[Utterance],
        *,
        on: Engine = HERE,
        progress: Progress | None = None,
    ) -> list[Match]:
        """Return those utterances that were heard in training; what cannot be read is left out.

        Args:
            wanted: what is looked for.
            on: where: here, in local processes, on Ray.
            progress: called as ``progress(done, total, text)``.
        """
        numbers = {one.tobytes(): row for row, one in reversed([*enumerate(self.digests)])}
        found = []
        for one, rows in zip(wanted, _landmarks(wanted, on, progress), strict=True):
            if isinstance(rows, AudioError):
                continue
            row = numbers.get(_digests(rows[:1])[0].tobytes())
            if row is not None:
                found.append(Match(one.file, self._name(row), exact=True))
                continue
            agreement, best = self.agreement(rows)
            if agreement >= SAME:
                found.append(Match(one.file, self._name(best), exact=False))
        return found

    def agreement(self, rows: NDArray[np.float32]) -> tuple[float, int]:
        """Return how well the best of the kept landmarks agrees, and which it is.

        Args:
            rows: of a recording, as :class:`intona.features.landmarks.Landmarks` gives them.
        """
        each = (self._signs @ rows[:, DIGEST + 1 :].T).max(axis=1)
        best = int(each.argmax())
        return float(each[best]), best

    @cached_property
    def _signs(self) -> NDArray[np.float32]:
        """Of the kept coefficients, so scaled that a product with others is the agreement."""
        some = self.codes.any(axis=1, keepdims=True)
        signs = np.where(some, 2.0 * np.unpackbits(self.codes, axis=1) - 1.0, 0.0)
        return (signs / np.sqrt(COEFFICIENTS)).astype(np.float32)

    def _name(self, row: int) -> str:
        """Return which recording a landmark is of, in words; they are counted from 1."""
        begin = 0
        for owner, count in self.groups:
            if row < begin + count:
                own = self.digests[begin : row + 1]
                number = 1 + int((own[1:] != own[:-1]).any(axis=1).sum())
                return f"training recording {number} of {owner}"
            begin += count
        raise IndexError(row)


def _landmarks(
    wanted: Sequence[Utterance], on: Engine, progress: Progress | None
) -> Iterator[NDArray[np.float32] | AudioError]:
    for position, rows in enumerate(extract_each(wanted, Landmarks(), on=on)):
        if progress is not None:
            progress(position + 1, len(wanted), "training recordings")
        yield rows


def _digests(rows: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the digests of rows of landmarks as bytes, ``(n, 6)``."""
    return np.ascontiguousarray(rows[:, :DIGEST].astype("<u2")).view(np.uint8)
