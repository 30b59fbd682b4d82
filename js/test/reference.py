"""Make recordings, and what intona in Python says of them: what intona.js is compared with.

Everything is made anew, so nothing need be kept up when a bundled model is trained again::

    python js/test/reference.py FOLDER

writes ``FOLDER/*.wav`` (synthetic voices, the bundled ones, and sound that is no speech) and
``FOLDER/expected.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from intona.audio import read, resample
from intona.corpora import synthetic
from intona.inference.enroll import enroll
from intona.inference.recognizer import Recognizer, load
from intona.models.artefact import locate
from intona.tables import Prediction

RATE = 16_000
MERGED = {"emotions": "neutral,happy,sad,angry", "merge": "calm=neutral"}
Samples = NDArray[np.float32]
# The larger model is asked about these only: what is compared is the code around the graph.
FEW = ("voice-1", "voice-2", "voice-3", "talk", "silence", "48k")


def recordings() -> Iterator[tuple[str, Samples, int, str]]:
    """Yield ``(name, samples (n,) or (n, channels), rate, subtype)``."""
    voices = [read(locate("default").parent / f"voice-{k}.flac").samples for k in (1, 2, 3)]
    for number, voice in enumerate(voices, 1):
        yield f"voice-{number}", voice, RATE, "PCM_16"
    spoken = {}
    for number, emotion in enumerate(synthetic.STYLES):
        spoken[emotion] = synthetic.utterance(emotion, speaker=number).samples
        yield f"babble-{emotion}", spoken[emotion], RATE, "PCM_16"
    talk = talked([*voices, *spoken.values()])
    rng = np.random.default_rng(3)
    noise = rng.standard_normal(3 * RATE).astype(np.float32)
    time = np.arange(4 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330)) / 12
    yield "talk", talk, RATE, "PCM_16"
    yield "without-pause", np.concatenate([voices[1][8000:32000]] * 44), RATE, "FLOAT"
    yield "silence", np.zeros(2 * RATE, np.float32), RATE, "PCM_16"
    yield "noise", 0.05 * noise, RATE, "PCM_16"
    yield "chord", chord.astype(np.float32), RATE, "FLOAT"
    yield "word", voices[0][9000:13000], RATE, "PCM_16"
    yield "offset", voices[0] + np.float32(0.2), RATE, "PCM_24"
    yield "faint", 0.003 * voices[1], RATE, "FLOAT"
    yield "clipped", np.clip(20 * voices[2], -1, 1), RATE, "PCM_16"
    yield "noisy", voices[2] + 0.03 * noise[: len(voices[2])], RATE, "PCM_U8"
    yield "48k", resample(voices[0], RATE, 48_000), 48_000, "PCM_16"
    turned = resample(talk[: 9 * RATE], RATE, 44_100)
    yield "44k-opposed", np.stack([0.3 * turned, -turned], axis=1), 44_100, "PCM_16"
    yield "22k-stereo", np.stack([resample(voices[1], RATE, 22_050)] * 2, 1), 22_050, "PCM_32"
    yield "8k", resample(voices[2], RATE, 8000), 8000, "DOUBLE"


def talked(parts: list[Samples]) -> Samples:
    """Join utterances with pauses of many lengths, in which a room is heard."""
    rng = np.random.default_rng(1)
    joined = []
    for number, part in enumerate(parts):
        pause = int((0.1 + 0.4 * (number % 4)) * RATE)
        joined += [part, 1e-4 * rng.standard_normal(pause).astype(np.float32)]
    return np.concatenate(joined)


def expected(model: Recognizer, folder: Path, name: str) -> dict[str, Any]:
    """Return all that is compared of one recording."""
    from intona.inference.timeline import segments

    path = folder / f"{name}.wav"
    merged = model.narrowed(**MERGED)
    long = soundfile.info(path).duration > 60
    return {
        "clip": plain(model.predict(path)),
        "merged": plain(merged.predict(path)),
        "timeline": [plain(row) for row in segments(model, path)],
        "fine": [] if long else [plain(row) for row in segments(merged, path, fine())],
    }


def fine() -> Any:
    """Return options of another timeline than the usual one."""
    from intona.inference.windows import TimelineOptions

    return TimelineOptions(window=2.0, hop=0.5, min_segment=0.5)


def plain(row: Prediction) -> dict[str, Any]:
    """Return a prediction as intona.js has it."""
    content = row.to_dict()
    del content["file"]
    return content


def adapted(model: Recognizer, folder: Path) -> dict[str, Any]:
    """Return what a model says that is adapted, in three ways."""
    from intona.inference.adapt import statistics_of
    from intona.inference.timeline import segments

    paths = [folder / f"voice-{number}.wav" for number in (1, 2, 3)]
    together = model.adapt(paths)
    neutral, place = (
        enroll(model, paths, name="anna", speech=kind) for kind in ("neutral", "place")
    )
    talk = folder / "talk.wav"
    itself = model.adapted(statistics_of(model, [talk], longest=3.0))
    return {
        "together": [plain(together.predict(path)) for path in paths],
        "neutral": plain(model.adapted(saved(neutral, folder)).predict(paths[0])),
        "place": plain(model.adapted(saved(place, folder)).predict(paths[0])),
        "itself": [plain(row) for row in segments(itself, talk)],
        "following": [plain(row) for row in followed(model, talk)],
    }


def followed(model: Recognizer, path: Path) -> Iterator[Prediction]:
    """Yield the segments of a live stream of a model that adapts to what it has heard."""
    from intona.inference.adapt import Following
    from intona.inference.stream import Stream

    stream = Stream(Following(model), RATE)
    for event in [*stream.push(read(path).samples), *stream.flush()]:
        if event.kind == "segment" and event.prediction is not None:
            yield event.prediction


def changed(path: Path) -> dict[str, Any]:
    """Write a model file that somebody changed, and return which model it is."""
    from intona.models.artefact import read_model
    from intona.models.identity import Identity, with_metadata

    content, metadata = read_model(locate("small"))
    notes = {"licence": 'my own "recipe": {"name": "none"}', "corpora": {"fünf": {"recipe": {}}}}
    metadata = {**metadata, **notes, "name": "mine"}
    path.write_bytes(with_metadata(content, metadata))
    return Identity.of(path.read_bytes(), metadata).short()


def saved(profile: Any, folder: Path) -> Any:
    """Write a profile beside the recordings and return it as it is read again."""
    from intona.inference.profile import Profile

    return Profile.load(profile.save(folder / f"{profile.speech}.json"))


def main(folder: Path) -> None:
    """Write recordings and answers."""
    folder.mkdir(parents=True, exist_ok=True)
    rates = {}
    for name, samples, rate, subtype in recordings():
        soundfile.write(folder / f"{name}.wav", samples, rate, subtype=subtype)
        rates[name] = rate
    result: dict[str, Any] = {"rates": rates, "merged": MERGED, "models": {}}
    for name, asked in (("small", tuple(rates)), ("default", FEW)):
        model = load(name)
        result["models"][name] = {
            "path": str(locate(name)),
            "identity": model.identity.short(),
            "recordings": {each: expected(model, folder, each) for each in asked},
        }
    result["changed"] = changed(folder / "changed.onnx")
    result["models"]["small"]["adapted"] = adapted(load("small"), folder)
    (folder / "expected.json").write_text(json.dumps(result), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
