"""What enrolment gives, by how much speech of the speaker is known.

One evaluation with a recipe; every utterance is scored plainly and with profiles of its speaker.
Run ``python benchmarks/enrolment.py CORPUS [--extra CORPUS ...] [--recipe NAME] [--protocol NAME]
[--emotions LIST]``.
"""

from __future__ import annotations

from pathlib import Path

from _measure import options, run, tell

from intona import corpora
from intona.corpora.base import Corpus
from intona.evaluation import protocols as protocol
from intona.evaluation.enrolment import Enrolment
from intona.evaluation.run import Options, evaluate_each
from intona.labels import parse_list
from intona.models import recipes
from intona.parallel import Local

KINDS = (
    *("neutral:1", "neutral:2", "neutral:4"),
    *("mixed:4", "mixed:8", "mixed:16", "mixed:30", "mixed:45"),
    *("place:8", "place:40"),
)


def main() -> None:
    """Print one line per amount of speech, then everything as one line of JSON."""
    given = options(
        __doc__,
        "corpus",
        extra=[],
        recipe="encoder-lr",
        protocol="emobox",
        emotions=str,
        workers=1,
    )

    def read(paths: list[Path]) -> Corpus:
        return corpora.load(paths).select(parse_list(given.emotions))

    results = evaluate_each(
        recipes.load(given.recipe),
        read([given.corpus]),
        protocol.parse(given.protocol),
        Options(
            extra=read([Path(folder) for folder in given.extra]) if given.extra else None,
            enrolments=[Enrolment.parse(text) for text in KINDS],
        ),
        on=Local(given.workers),
    )
    rows: dict[str, object] = {}
    for name, result in zip(("none", *KINDS), results, strict=True):
        uar, gap = result.headline, result.metrics["expected_calibration_error"]
        rows[name] = {"uar": uar.value, "low": uar.low, "high": uar.high, "ece": gap.value}
        print(
            f"{name:11s} {100 * uar.value:.1f} [{100 * uar.low:.1f}, {100 * uar.high:.1f}] "
            f"ECE {gap.value:.3f}",
            flush=True,
        )
    tell("enrolment", recipe=given.recipe, protocol=given.protocol, rows=rows)


if __name__ == "__main__":
    run(main)
