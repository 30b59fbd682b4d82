"""Whether a corpus is whole and sound: what is missing, extra, doubled, unreadable or odd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from intona import corpora
from intona.corpora.base import Corpus
from intona.corpora.measure import measure
from intona.corpora.problem import kind_of
from intona.corpora.usable import told, unusable
from intona.errors import UsageError
from intona.files import spelled
from intona.parallel import HERE, Engine

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Progress = Callable[[int, int, str], None]

KINDS = (
    "missing",
    "row",
    "incomplete",
    "label",
    "speaker",
    "unread",
    "extra",
    "unreadable",
    "damaged",
    "channels",
    "duplicate",
    "silent",
    "clipped",
    "odd rate",
    "odd length",
    "label doubtful",
)
_SILENT = -60.0  # peak, dBFS
_NOTHING = -199.0  # of zeros
_CLIPPED = 0.001  # share of samples
_SURE, _UNLIKELY, _MOST = 0.95, 0.02, 0.02
_FEWEST = 5  # speakers


def check(
    corpus: Corpus,
    *,
    labels: bool = False,
    on: Engine = HERE,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Check a corpus file by file.

    Args:
        corpus: as loaded.
        labels: also look for labels that the sound contradicts (:func:`doubtful_labels`), which
            takes the features of every file.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Returns:
        One row per finding: ``kind`` (one of :data:`KINDS`), ``file`` and ``detail``; empty when
        nothing is wrong.
    """
    import pandas as pd

    files = list(dict.fromkeys(corpus.table.index.get_level_values("file")))
    findings = _missing(corpus, len(files))
    findings += [_of(problem) for problem in corpus.problems]
    findings += map(_of, told(unusable(corpus.table, whole=False, on=on), corpus))
    sound = measure(files, pitched=False, on=on, progress=progress)
    for file, error in sound["error"].dropna().items():
        findings.append(("unreadable", str(file), str(error)))
    good = sound[sound["error"].isna()]
    for file, notes in good["notes"].dropna().items():
        findings.append(("damaged", str(file), str(notes)))
    for file in good.index[good["apart"].astype(bool)]:
        words = "its two channels carry different speech, and are mixed"
        findings.append(("channels", str(file), words))
    findings += _copies(good["hash"][good["peak"] >= _SILENT], corpus.table)  # silence is alike
    for file, peak in good["peak"][good["peak"] < _SILENT].items():
        words = "every sample is zero" if peak <= _NOTHING else f"its peak is {peak:.0f} dBFS"
        findings.append(("silent", str(file), words))
    for file, share in good["clipped"][good["clipped"] > _CLIPPED].items():
        findings.append(("clipped", str(file), f"{100 * share:.1f} % of its samples are clipped"))
    if len(good):
        usual = good["rate"].mode().iloc[0]
        for file, rate in good["rate"][good["rate"] != usual].items():
            findings.append(("odd rate", str(file), f"{rate:.0f} Hz where most have {usual:.0f}"))
        findings += _odd_lengths(good["duration"])
    if labels:
        readable = corpus.table[corpus.table.index.get_level_values("file").isin(good.index)]
        findings += doubtful_labels(readable, on=on, progress=progress)
    legible = [tuple(map(spelled, finding)) for finding in findings]
    frame = pd.DataFrame(legible, columns=["kind", "file", "detail"])
    return frame.sort_values("kind", key=lambda kind: kind.map(KINDS.index), kind="stable")


def _of(problem: str) -> tuple[str, str, str]:
    return kind_of(problem), "", str(problem)


def _copies(sounds: pd.Series, table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Name files with the same sound, and those of them that are labelled differently."""
    files = table.index.get_level_values("file")
    labels: dict[str, set[str]] = {}
    for file, label in zip(files, table["emotion"], strict=True):
        labels.setdefault(file, set()).update({label} if isinstance(label, str) else ())
    findings = []
    for _, group in sounds.groupby(sounds, sort=False):
        first, *others = map(str, group.index)
        for other in others:
            findings.append(("duplicate", other, f"the same sound as {first}"))
            own, its = labels[other], labels[first]
            if own and its and own != its:
                said = f"labelled {_joined(own)}, the same sound in {first} {_joined(its)}"
                findings.append(("label", other, said))
    return findings


def _joined(labels: set[str]) -> str:
    return " and ".join(sorted(labels))


def _missing(corpus: Corpus, found: int) -> list[tuple[str, str, str]]:
    """Compare with the number of files and speakers that the complete corpus has."""
    # Somebody's own table may be called like a known corpus; it has not its citation.
    if corpus.name not in corpora.names():
        return []
    known = corpora.info(corpus.name)
    if corpus.citation != known.citation:
        return []
    expected = known.files
    found += sum(kind_of(problem) in ("silent", "unreadable") for problem in corpus.problems)
    if corpus.name == "ravdess" and set(corpus.table["vocal_channel"]) == {"song"}:
        expected = 1012
    missing = []
    if expected and found != expected:
        fewer = "missing" if found < expected else "too many"
        count = abs(found - expected)
        missing.append(("missing", "", f"{count} files {fewer}: {found} instead of {expected}"))
    if corpus.name == "ravdess":
        missing += _gaps(corpus)
    return missing


def _gaps(corpus: Corpus) -> list[tuple[str, str, str]]:
    """Name the recordings that RAVDESS's full design has and this folder has not."""
    design = ["vocal_channel", "emotion", "intensity", "statement", "repetition"]
    have = {
        (int(actor), *cell)
        for actor, *cell in corpus.table[["actor", *design]].itertuples(index=False)
    }
    cells = {cell for _, *rest in have for cell in [tuple(rest)]}
    actors = sorted({actor for actor, *_ in have})
    return [
        ("missing", "", f"actor {actor:02d}: {' '.join(map(str, cell))}")
        for actor in actors
        for cell in sorted(cells)
        if (actor, *cell) not in have
    ]


def _odd_lengths(durations: pd.Series) -> list[tuple[str, str, str]]:
    """Name durations far outside the usual: 3 interquartile ranges, on a logarithmic scale."""
    import numpy as np

    values = np.log(durations.to_numpy())
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * max(high - low, 0.1)
    return [
        ("odd length", str(file), f"{seconds:.2f} s, usual are {np.exp(low):.1f} to "
         f"{np.exp(high):.1f} s")
        for file, seconds in durations[(values < low - reach) | (values > high + reach)].items()
    ]  # fmt: skip


def doubtful_labels(
    table: pd.DataFrame, *, on: Engine = HERE, progress: Progress | None = None
) -> list[tuple[str, str, str]]:
    """Find labels that a model trained on the other speakers firmly contradicts.

    Out-of-fold probabilities of a logistic regression on the classic features, folds by speaker
    (Northcutt et al. 2021, confident learning). Named are utterances whose own label has at most
    2 % and another one at least 95 %; at most 2 % of the corpus, the surest first. They are worth
    a listen, no more: an unusual speaker looks the same.

    Args:
        table: utterances with ``emotion`` and ``speaker``.
        on: where: here, in local processes, on Ray.
        progress: called as ``progress(done, total, text)``.

    Raises:
        UsageError: with fewer than five speakers or two emotions.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from intona.features import front_end
    from intona.features.extract import extract

    known = table.dropna(subset=["emotion", "speaker"])
    if known["speaker"].nunique() < _FEWEST or known["emotion"].nunique() < 2:
        raise UsageError(
            f"looking for doubtful labels needs {_FEWEST} speakers and two emotions, "
            f"here are {known['speaker'].nunique()} and {known['emotion'].nunique()}"
        )
    features = extract(known, front_end("classic"), on=on, progress=progress)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    truth = known["emotion"].astype(str).to_numpy()
    probabilities: NDArray[np.float64] = cross_val_predict(
        model,
        features,
        truth,
        groups=known["speaker"].to_numpy(),
        cv=GroupKFold(_FEWEST),
        method="predict_proba",
    )
    names = sorted(set(truth))
    own = probabilities[range(len(truth)), [names.index(label) for label in truth]]
    best = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    doubtful = [k for k in (-sure).argsort() if own[k] <= _UNLIKELY and sure[k] >= _SURE]
    files = known.index.get_level_values("file")
    return [
        (
            "label doubtful",
            str(files[k]),
            f"labelled {truth[k]}, sounds {names[best[k]]} ({100 * sure[k]:.0f} %)",
        )
        for k in doubtful[: max(1, int(_MOST * len(truth)))]
    ]
