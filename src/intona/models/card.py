"""A model file in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from intona.models.artefact import bundled, read_model
from intona.models.heard import Heard
from intona.models.identity import Identity
from intona.models.metadata import Metadata
from intona.models.permission import Permission
from intona.notebook import table

LAW = "https://github.com/intona/intona/blob/main/docs/law.md"


def describe(metadata: Metadata, content: bytes) -> dict[str, str]:
    """Return the lines ``intona info`` prints: heading to text.

    Args:
        metadata: of a model file, validated.
        content: of the file.
    """
    identity = Identity.of(content, metadata)
    return {
        "model": f"{identity.name}, {identity.version_words}",
        "content": identity.content,
        "recipe hash": identity.recipe,
        **_words(metadata),
        "size": f"{len(content) / 1e6:.2f} MB",
    }


def _words(metadata: Metadata) -> dict[str, str]:
    source = metadata["input"]
    if source["kind"] == "waveform":
        takes = f"mono waveform at {source['rate']} Hz"
    else:
        rate = f"{source['rate']} Hz" if source.get("rate") else "the recording's own rate"
        of = ", ".join(map(str, source.get("packages") or ()))
        outside = f", of the package {of} (needed to use it)" if of else ""
        takes = f"front end {source['name']} version {source['version']} at {rate}{outside}"
        takes += "".join(map(_encoder, _encoders(source)))
    words = {
        "recipe": str(metadata["recipe"].get("name", "unknown")),
        "predicts": f"{metadata['target']}: {', '.join(metadata['labels'])}",
        "takes": takes,
        "trained on": "; ".join(map(_corpus, metadata["corpora"].items())) or "unknown",
        "remembers": _remembered(metadata),
        "calibration": _calibration(metadata),
        "abstention": _abstention(metadata),
        "licence": metadata["licence"],
        **Permission.of_file(metadata).words(),
        "law": f"forbidden on people at work and in education in the EU, and more: {LAW}",
        "made by": f"intona {metadata['version']}, seed {metadata.get('seed', 'unknown')}",
    }
    for name, measured in metadata.get("metrics", {}).items():
        words[name] = str(measured)
    return words


def page(metadata: Metadata, title: str) -> str:
    """Return what is worth knowing of a model as HTML, for a notebook."""
    words = _words(metadata)
    kept = [key for key in words if key not in ("predicts", "remembers", "law")]
    return table(title, [("", ""), *((key, words[key]) for key in kept)])


def measured(path: str | Path) -> dict[str, str]:
    """Return what was measured of a bundled model, each number with its command; else nothing.

    Args:
        path: of the model file.
    """
    for name, lines in _measured().items():
        if Path(path) == Path(bundled(name)):
            return lines
    return {}


def bundled_models() -> dict[str, dict[str, str]]:
    """Return what ``intona models`` prints of each bundled model: heading to text."""
    found = {}
    for name, lines in _measured().items():
        content, metadata = read_model(bundled(name))
        words = describe(metadata, content)
        kept = {key: words[key] for key in ("model", "content", "size", "predicts", "licence")}
        found[name] = {**kept, **lines}
    return found


def without_sounds(metadata: Metadata) -> dict[str, Any]:
    """Return the metadata as people read it: how many recordings are remembered, not how."""
    found: dict[str, Any] = {**metadata}
    if "base" in found:
        found["base"] = dict(found["base"])
    if "heard" in metadata:
        heard = Heard.from_dict(metadata["heard"])
        found["heard"] = {"recordings": heard.recordings, "complete": heard.complete}
    return found


def without_names(metadata: Metadata) -> dict[str, Any]:
    """Return :func:`without_sounds` for strangers: how many speakers there were, not who."""
    found = without_sounds(metadata)
    for place in (found, found.get("base", {})):
        if "corpora" in place:
            place["corpora"] = {
                name: {**facts, "speakers": len(facts.get("speakers", ()))}
                for name, facts in place["corpora"].items()
            }
    return found


def _measured() -> dict[str, dict[str, str]]:
    text = files("intona").joinpath("assets", "models.json").read_text("utf-8")
    return dict(json.loads(text))


def _corpus(item: tuple[str, Mapping[str, Any]]) -> str:
    name, facts = item
    speakers = len(facts.get("speakers", ()))
    return f"{name} ({facts.get('utterances', '?')} utterances, {speakers} speakers)"


def _encoders(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parameters of the encoders that are not in the file and are needed to use it."""
    parameters = source.get("parameters", {})
    parts = parameters.get("parts", ()) if source["name"] == "joined" else ()
    every = [{"name": source["name"], **parameters}, *parts]
    return [one for one in every if one["name"] == "encoder"]


def _encoder(parameters: Mapping[str, Any]) -> str:
    called = parameters.get("model") or "the usual encoder"
    return f", on {called} (weights {parameters.get('weights', 'unknown')}; needed to use it)"


def _remembered(metadata: Metadata) -> str:
    heard = metadata.get("heard")
    if heard is None:
        return "no sound: it cannot tell its training recordings under other names"
    known = Heard.from_dict(heard)
    rest = "" if known.complete else ", not those of the model it stands on"
    return f"the sound of {known.recordings} training recordings{rest}"


def _calibration(metadata: Metadata) -> str:
    how = str(metadata.get("calibration", "unknown"))
    if "blend" in metadata:
        return f"by familiarity, on answers {how}"
    temperature = metadata.get("temperature")
    return how if temperature is None else f"temperature {temperature:.2f}, {how}"


def _abstention(metadata: Metadata) -> str:
    if "thresholds" in metadata:
        low, high = metadata["thresholds"]
        return f"unsure below {high:.2f}; below {low:.2f} where it is unfamiliar"
    chosen = metadata.get("abstention")
    text = f"unsure below {metadata['threshold']:.2f}"
    if chosen is None:
        return text
    return (
        f"{text}: held out, {100 * chosen['coverage']:.0f} % answered with "
        f"{100 * chosen['risk']:.0f} % errors (target {100 * chosen['target']:.0f} %)"
    )
