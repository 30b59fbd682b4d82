"""What the pages name (corpora, recordings, models, reports), from synthetic voices."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import intona
from intona.corpora import synthetic
from intona.evaluation.report import write_report

FOUR = ("neutral", "happy", "sad", "angry")
# Names of files by emotion, speaker and take, as the corpora have them.
EMODB = {"neutral": "N", "happy": "F", "sad": "T", "angry": "W"}
EMOVO = {"neutral": "neu", "happy": "gio", "sad": "tri", "angry": "rab"}
URDU = {"neutral": "Neutral", "happy": "Happy", "sad": "Sad", "angry": "Angry"}
NEMO = {"neutral": "neutral", "happy": "happiness", "sad": "sadness", "angry": "anger"}


def build(root: Path) -> Path:
    """Write all stand-ins into a folder."""
    synthetic.corpus(root / "RAVDESS", speakers=24, takes=1)
    for actor in ("01", "02"):
        for emotion in (3, 4):
            name = f"Actor_{actor}/03-{{}}-{emotion:02d}-01-01-01-{actor}.wav"
            shutil.copy(root / "RAVDESS" / name.format("01"), root / "RAVDESS" / name.format("02"))
    (root / "data").mkdir()
    (root / "data" / "ravdess").symlink_to(root / "RAVDESS", target_is_directory=True)
    for emotion in FOUR:
        for number, speaker in enumerate(("03", "08", "09", "10")):
            for take in range(2):
                file = f"EMODB/wav/{speaker}a0{take + 1}{EMODB[emotion]}a.wav"
                speak(root / file, emotion, 30 + number, take)
        for number, speaker in enumerate(("f1", "m1")):
            speak(root / f"EMOVO/{speaker}/{EMOVO[emotion]}-{speaker}-b1.wav", emotion, 40 + number)
        for number, speaker in enumerate(("SM1", "SF2")):
            name = f"URDU/{URDU[emotion]}/{speaker}_F1_{URDU[emotion][0]}01.wav"
            speak(root / name, emotion, 50 + number)
        speak(root / f"nEMO/samples/SM0_{NEMO[emotion]}_1.wav", emotion, 60)
    rows = [f"SM0_{word}_1.wav\t{word}\tSM0\tmale\t30\ttekst" for word in NEMO.values()]
    head = "file_id\temotion\tspeaker_id\tgender\tage\traw_text"
    (root / "nEMO" / "data.tsv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    for name in ("EmoDB", "emodb"):
        (root / name).symlink_to(root / "EMODB", target_is_directory=True)
    _recordings(root)
    _results(root)
    return root


def speak(file: Path, emotion: str, speaker: int, take: int = 0) -> None:
    """Write one utterance."""
    file.parent.mkdir(parents=True, exist_ok=True)
    sound = synthetic.utterance(emotion, speaker, take)
    soundfile.write(file, sound.samples, sound.rate, subtype="PCM_16", format="WAV")


def _recordings(root: Path) -> None:
    for number, name in enumerate(("one", "two", "three", "four")):
        for file in (f"{name}.wav", f"calls/{name}.wav", f"recordings/{name}.wav"):
            speak(root / file, FOUR[number], 70)
    for name in ("clip.wav", "call.m4a", "talk.wav", "hello.wav", "neutral1.wav", "neutral2.wav"):
        speak(root / name, "neutral", 71, len(name))
    shutil.copytree(root / "calls", root / "corpus")
    shutil.copytree(root / "calls", root / "other-speakers")
    parts = [synthetic.utterance(emotion, 72).samples for emotion in FOUR]
    sound = [sample for part in parts for sample in part]
    soundfile.write(root / "meeting.mp3", sound, synthetic.RATE, format="MP3")
    turns = "SPEAKER meeting 1 0.2 1.5 <NA> <NA> ann <NA> <NA>\n"
    (root / "meeting.rttm").write_text(turns, "utf-8")
    said = {"segments": [{"start": 0.2, "end": 1.7, "text": " Hello.", "speaker": "SPEAKER_00"}]}
    (root / "meeting.json").write_text(json.dumps(said), "utf-8")
    sides = [synthetic.utterance(emotion, 73 + k) for k, emotion in enumerate(("happy", "angry"))]
    length = min(len(side.samples) for side in sides)
    call = np.stack([side.samples[:length] for side in sides], axis=1)
    soundfile.write(root / "call.wav", call, synthetic.RATE, subtype="PCM_16")
    (root / "corrected.json").write_text(json.dumps(_corrected()), "utf-8")


def _corrected() -> list[dict[str, Any]]:
    """Return what Label Studio exports of a meeting that somebody has corrected."""
    regions = [
        {
            "id": emotion,
            "from_name": "emotion",
            "to_name": "audio",
            "type": "labels",
            "value": {"start": k / 2, "end": k / 2 + 0.5, "channel": 0, "labels": [emotion]},
            "meta": {"text": [speaker]},
        }
        for k, (emotion, speaker) in enumerate((("happy", "agent"), ("angry", "customer")))
    ]
    annotations = [{"id": 1, "was_cancelled": False, "result": regions}]
    return [{"id": 1, "data": {"audio": "meeting.mp3"}, "annotations": annotations}]


def _results(root: Path) -> None:
    """Train a model on other voices, evaluate two recipes, write their reports."""
    voices = synthetic.corpus(root / "voices", speakers=4, first=80, takes=2, style="folders")
    synthetic.corpus(root / "others", speakers=2, first=90, takes=1, style="folders")
    synthetic.corpus(root / "own", speakers=3, first=95, takes=1, style="folders")
    intona.train("classic-svm", voices, root / "model.onnx")
    for name in ("own", "open"):
        shutil.copy(root / "model.onnx", root / f"{name}.onnx")
    for recipe, folders in (("classic", "ab"), ("classic-svm", "ba")):
        result = intona.evaluate(recipe, voices, "loso")
        write_report(result, root / f"report-{folders[0]}")
        for name in (folders[0], {"a": "default", "b": "small"}[folders[0]]):
            shutil.copytree(root / f"report-{folders[0]}", root / f"run_{name}")
    shutil.copytree(root / "report-a", root / "report")
