"""RAVDESS: the Ryerson Audio-Visual Database of Emotional Speech and Song.

Layout
    ``Actor_01/03-01-06-01-02-01-01.wav`` (a flat folder and the original zip do as well). The
    seven fields are modality (01 audio-video, 02 video only, 03 audio only), vocal channel
    (01 speech, 02 song), emotion, intensity (01 normal, 02 strong), statement (01 "Kids are
    talking by the door", 02 "Dogs are sitting by the door"), repetition (01, 02), actor.
Labels
    01 neutral, 02 calm, 03 happy, 04 sad, 05 angry, 06 fearful, 07 disgust, 08 surprised.
    There is no strong neutral; song has neither disgust nor surprised.
Speakers
    24 actors, 01 to 24; odd numbers are male, even ones female. Actor 18 did not sing. An actor
    has the same speaker in speech and song, so that both are held out together.
Speech and song
    Option ``channel``: ``"speech"``, ``"song"`` or ``"all"``. Without it a folder that holds any
    speech gives its speech, and a folder of song alone gives its song; the songs left out are
    reported.
Video
    The video files carry the same audio as the audio-only ones. Their sound track is used where
    the audio-only file is missing; video-only files (modality 02) have no sound and are left out.
Licence
    CC BY-NC-SA 4.0 (non-commercial).
Citation
    Livingstone and Russo (2018), PLoS ONE 13(5): e0196391, doi:10.1371/journal.pone.0196391.
Source
    https://zenodo.org/records/1188976
"""

from __future__ import annotations

import re
from pathlib import PurePath

from intona.corpora.loading import Fields, Info, Loader, Rows, Tree, plain_names, share_of
from intona.errors import CorpusError, UsageError

__all__ = ["CHANNELS", "LOADER", "fields"]

CHANNELS = ("speech", "song", "all")

LABELS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
_MODALITIES = {"01": "audio-video", "02": "video", "03": "audio"}
_STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
_NAME = re.compile(r"(0[1-3])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")


def fields(path: PurePath) -> Fields | None:
    """Read the seven fields of a RAVDESS file name; ``None`` when it is malformed.

    Examples:
        >>> from pathlib import PurePath
        >>> fields(PurePath("03-01-06-01-02-01-12.wav"))["emotion"]
        'fearful'
        >>> fields(PurePath("03-01-09-01-02-01-12.wav")) is None
        True
    """
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match[7]) <= 24:
        return None
    modality, channel, emotion, intensity, statement, repetition, actor = match.groups()
    return {
        "emotion": LABELS[emotion],
        "speaker": actor,
        "sex": "male" if int(actor) % 2 else "female",
        "modality": _MODALITIES[modality],
        "vocal_channel": "speech" if channel == "01" else "song",
        "intensity": "normal" if intensity == "01" else "strong",
        "statement": _STATEMENTS[statement],
        "repetition": int(repetition),
        "actor": int(actor),
    }


def rows(tree: Tree, channel: str | None = None) -> Rows:
    """Read a RAVDESS folder; ``channel`` as in the module's text."""
    if channel is not None and channel not in CHANNELS:
        raise UsageError(f"ravdess: channel {channel!r} is not one of {', '.join(CHANNELS)}")
    found, problems = plain_names(tree, fields, INFO.example)
    found, silent = _one_per_utterance(found)
    problems += silent
    channels = {row["vocal_channel"] for row in found}
    if channel is None:
        channel = "speech" if "speech" in channels else "song"
        if len(channels) == 2:
            songs = sum(row["vocal_channel"] == "song" for row in found)
            problems.append(f"{songs} songs left out; the option channel=all keeps them")
    if channel != "all" and found:
        found = [row for row in found if row["vocal_channel"] == channel]
        if not found:
            raise CorpusError(
                f"{tree.root}: channel={channel} asked for, "
                f"but this RAVDESS folder holds only {' and '.join(sorted(channels))}"
            )
    return found, problems


def _one_per_utterance(found: list[Fields]) -> Rows:
    """Prefer the audio-only file to the sound track of the video; leave silent video out."""
    audio_only = {row["file"].stem[3:] for row in found if row["modality"] == "audio"}
    kept: list[Fields] = []
    problems: list[str] = []
    for row in found:
        if row["modality"] == "video":
            problems.append(f"{row['file']}: left out, video without sound")
        elif row["modality"] == "audio-video" and row["file"].stem[3:] in audio_only:
            problems.append(f"{row['file']}: left out, the same sound as its audio-only file")
        else:
            kept.append(row)
    return kept, problems


INFO = Info(
    name="ravdess",
    title="RAVDESS",
    language="eng",
    licence="CC BY-NC-SA 4.0 (non-commercial)",
    citation="Livingstone and Russo (2018), doi:10.1371/journal.pone.0196391",
    url="https://zenodo.org/records/1188976",
    example="Actor_12/03-01-06-01-02-01-12.wav",
    labels=LABELS,
    get="intona corpus get ravdess",
    speakers=24,
    files=1440,
)
LOADER = Loader(INFO, rows, share_of(fields), frozenset({"channel"}))
