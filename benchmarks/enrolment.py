"""What enrolment gives, by how much speech of the speaker is known.

One evaluation with a recipe; then every utterance is scored again with profiles of its speaker,
drawn five times by chance. Run ``python benchmarks/enrolment.py CORPUS [--extra CORPUS ...]
[--recipe NAME] [--protocol NAME] [--emotions LIST]``. Recalls are means over the draws; the
interval, over speakers, is the first draw's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _measure import options, tell

from intona import corpora
from intona.corpora.base import Corpus
from intona.errors import CorpusError
from intona.evaluation import protocols as protocol
from intona.evaluation.enrolment import Enrolment, with_enrolment
from intona.evaluation.run import Options, evaluate
from intona.labels import parse_list
from intona.models import recipes
from intona.parallel import Local

KINDS = (
    *("neutral:1", "neutral:2", "neutral:4"),
    *("mixed:4", "mixed:8", "mixed:16", "mixed:30", "mixed:45"),
)
DRAWS = 5


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

    result = evaluate(
        recipes.load(given.recipe),
        read([given.corpus]),
        protocol.parse(given.protocol),
        Options(
            extra=read([Path(folder) for folder in given.extra]) if given.extra else None,
            voices=True,
        ),
        on=Local(given.workers),
    )
    rows: dict[str, object] = {"none": {"uar": result.headline.value}}
    print(f"none        {100 * result.headline.value:.1f}", flush=True)
    for text in KINDS:
        try:
            found = [
                with_enrolment(result, Enrolment.parse(text), seed=seed) for seed in range(DRAWS)
            ]
        except CorpusError as error:
            print(f"{text:11s} {error}")
            continue
        uar = [one.headline.value for one in found]
        low, high = found[0].headline.low, found[0].headline.high
        gap = [one.metrics["expected_calibration_error"].value for one in found]
        rows[text] = {"uar": float(np.mean(uar)), "draws": uar, "low": low, "high": high}
        print(
            f"{text:11s} {100 * np.mean(uar):.1f} [{100 * low:.1f}, {100 * high:.1f}] "
            f"ECE {np.mean(gap):.3f}",
            flush=True,
        )
    tell("enrolment", recipe=given.recipe, protocol=given.protocol, rows=rows)


if __name__ == "__main__":
    main()
