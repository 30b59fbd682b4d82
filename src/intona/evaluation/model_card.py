"""Model card for the Hugging Face hub: a YAML header that tools read, and words for people.

Numbers come from evaluations that are kept in folders, and from what the model file (or intona, of
a bundled one) says of itself; each stands beside the protocol and the command that gave it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from intona.errors import UsageError
from intona.evaluation.measure import short_name
from intona.evaluation.result import Evaluation
from intona.licences import known
from intona.models import hub
from intona.models.artefact import read_model
from intona.models.card import describe, measured
from intona.models.identity import Identity
from intona.models.metadata import Metadata

TASK = "audio-classification"
# What the hub's lists call the metrics; what is not here is left out.
METRICS = {
    "unweighted_average_recall": "recall",
    "weighted_average_recall": "accuracy",
    "macro_f1": "f1",
    "concordance_correlation": "concordance_correlation",
    "mean_absolute_error": "mae",
}
HUB = {"odbl-1.0": "odbl"}  # licences that have another name there than in the SPDX list
PERMISSIVE = {"MIT", "Apache-2.0", "CC0-1.0"}  # ask for no more than the stricter ones beside them
_RECALL = re.compile(r"UAR (\d+(?:\.\d+)?) %")
_IDENTIFIER = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")


def model_card(path: Path, name: str, reports: Sequence[Path] = ()) -> str:
    """Return the card of a model file: a YAML header, then Markdown.

    Args:
        path: the model file.
        name: of its repository, ``ORG/NAME``.
        reports: folders of ``intona evaluate --report`` about this model or its recipe.

    Raises:
        ModelError: it is no model file of ours.
        MissingExtraError: huggingface_hub is not installed.
        UsageError: a folder holds no evaluation, a leaky one, or one of another model.
    """
    hub.require_name(name)
    content, metadata = read_model(path)
    library = hub.package()
    evaluations = [_of_this(folder, content, metadata) for folder in reports]
    told = {**measured(path), **metadata.get("metrics", {})}
    results = [
        library.EvalResult(task_type=TASK, **one)
        for one in [*(r for e in evaluations for r in _results(e)), *_told(told)]
    ]
    header = library.ModelCardData(
        **_licence(metadata["licence"]),
        language=_languages(metadata),
        library_name="intona",
        pipeline_tag=TASK,
        tags=["speech-emotion-recognition", "intona", "onnx"],
        datasets=[one for one in metadata["corpora"] if _IDENTIFIER.fullmatch(one)] or None,
        metrics=sorted({one.metric_type for one in results}) or None,
        model_name=name.partition("/")[2],
        eval_results=results or None,
    )
    facts = {**describe(metadata, content), **told}
    words = _words(name, metadata, facts, evaluations)
    return f"---\n{header.to_yaml()}\n---\n\n{words}"


def _of_this(folder: Path, content: bytes, metadata: Metadata) -> Evaluation:
    """Return an evaluation that may stand on the card.

    Raises:
        UsageError: it may not.
    """
    found = Evaluation.load(folder)
    if found.leaky:
        raise UsageError(f"{folder}: a LEAKY result does not belong on a card")
    model, recipe = found.facts.model, metadata["recipe"].get("name")
    if model is not None and model.get("content") != Identity.of(content, metadata).content:
        raise UsageError(f"{folder} is about {model.get('file')}, whose content is another")
    if model is None and found.facts.recipe != recipe:
        raise UsageError(f"{folder} is about the recipe {found.facts.recipe}, this is {recipe}")
    return found


def _results(found: Evaluation) -> list[dict[str, Any]]:
    """Return what the header says of an evaluation, one entry per metric."""
    facts = found.facts
    of = {
        "protocol": facts.protocol,
        "meaning": facts.protocol_words,
        "labels": ", ".join(found.labels),
        "utterances": facts.corpus_details.utterances,
        "speakers": facts.speakers,
        "tested": "the file" if facts.model is not None else "the recipe, trained anew per fold",
        "command": facts.command,
    }
    return [
        {
            "dataset_type": _identifier(facts.corpus),
            "dataset_name": facts.corpus,
            "dataset_args": of,
            "metric_type": METRICS[name],
            "metric_name": f"{short_name(name)} (95 % interval {one.low:.3f} to {one.high:.3f})",
            "metric_value": round(one.value, 4),
        }
        for name, one in found.metrics.items()
        if name in METRICS and math.isfinite(one.value)
    ]


def _told(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the header says of numbers that the file has beside it, in words."""
    found = []
    for name, words in told.items():
        number = _RECALL.search(str(words))
        if number is None:
            continue
        sentence, _, command = str(words).partition(": ")
        found.append(
            {
                "dataset_type": _identifier(name),
                "dataset_name": name,
                "dataset_args": {"meaning": sentence, "command": command},
                "metric_type": METRICS["unweighted_average_recall"],
                "metric_name": "UAR",
                "metric_value": round(float(number[1]) / 100, 4),
            }
        )
    return found


def _identifier(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-")[:96] or "unnamed"


def _languages(metadata: Metadata) -> list[str] | None:
    """Return the languages of the training material, by their three letters."""
    every = {one for facts in metadata["corpora"].values() for one in facts.get("languages", ())}
    return sorted(one for one in every if re.fullmatch("[a-z]{2,3}", one)) or None


def _licence(words: str) -> dict[str, str]:
    """Return a licence as the hub's header has it.

    Examples:
        >>> _licence("CC-BY-4.0 AND MIT"), _licence("mine")
        ({'license': 'cc-by-4.0'}, {'license': 'other', 'license_name': 'mine'})
    """
    each = [known(one) for one in words.split(" AND ")]
    names = {one.licence for one in each if one is not None}
    strict = names - PERMISSIVE or names
    if None not in each and len(strict) == 1:
        name = strict.pop().lower()
        return {"license": HUB.get(name, name)}
    if words.strip().lower() in ("", "unknown"):
        return {"license": "unknown"}
    return {"license": "other", "license_name": words}


def _words(
    name: str, metadata: Metadata, facts: Mapping[str, str], evaluations: Sequence[Evaluation]
) -> str:
    """Return what people read."""
    lines = [
        f"# {name.partition('/')[2]}",
        "",
        f"Emotion in speech ({metadata['target']}: {', '.join(metadata['labels'])}), made with "
        "intona. The file is ONNX and is read without running code of its own.",
        "",
        "```",
        f"intona predict clip.wav --model hf:{name}",
        f"intona predict clip.wav --model hf:{name} --format pipeline --top-k 3",
        "```",
        "",
        "It says how a voice sounds compared with the speech it was made from, not what somebody "
        "feels. It is not for decisions about people.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {_cell(heading)} | {_cell(text)} |" for heading, text in facts.items()),
        "",
    ]
    for one in evaluations:
        lines += [f"## {one.facts.corpus}", "", one.facts.protocol_words, ""]
        lines += [f"```\n{one.facts.command}\n```", ""] if one.facts.command else []
        lines += ["| measure | value | 95 % interval |", "|---|---|---|"]
        lines += [
            f"| {short_name(metric)} | {value.value:.3f} | {value.low:.3f} to {value.high:.3f} |"
            for metric, value in one.metrics.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
