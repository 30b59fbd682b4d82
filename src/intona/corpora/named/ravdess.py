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
"""

from __future__ import annotations

from intona.corpora.loading import Fields, Info, Loader, Rows, Tree, plain_names, reader, share_of
from intona.errors import CorpusError, UsageError
from intona.licences import CC_BY_NC_SA

CHANNELS = ("speech", "song", "all")

INFO = Info(
    name="ravdess",
    title="RAVDESS",
    language="eng",
    licence="CC BY-NC-SA 4.0 (non-commercial)",
    terms=CC_BY_NC_SA,
    citation="Livingstone and Russo (2018), PLoS ONE 13(5): e0196391, "
    "doi:10.1371/journal.pone.0196391",
    url="https://zenodo.org/records/1188976",
    example="Actor_12/03-01-06-01-02-01-12.wav",
    labels={
        "01": "neutral",
        "02": "calm",
        "03": "happy",
        "04": "sad",
        "05": "angry",
        "06": "fearful",
        "07": "disgust",
        "08": "surprised",
    },
    get="intona corpus get ravdess",
    speakers=24,
    files=1440,
)
_fields = reader(
    INFO,
    r"(?P<modality>0[1-3])-(?P<vocal_channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])"
    r"-(?P<statement>0[12])-(?P<repetition>0[12])-(?P<speaker>0[1-9]|1\d|2[0-4])",
    sex=lambda groups: "male" if int(groups["speaker"]) % 2 else "female",
    modality={"01": "audio-video", "02": "video", "03": "audio"},
    vocal_channel={"01": "speech", "02": "song"},
    intensity={"01": "normal", "02": "strong"},
    statement={"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"},
    actor=lambda groups: int(groups["speaker"]),
)


def rows(tree: Tree, channel: str | None = None) -> Rows:
    """Read a RAVDESS folder; ``channel`` as in the module's text."""
    if channel is not None and channel not in CHANNELS:
        raise UsageError(f"ravdess: channel {channel!r} is not one of {', '.join(CHANNELS)}")
    found, problems = plain_names(tree, _fields, INFO.example)
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


LOADER = Loader(INFO, rows, share_of(_fields), frozenset({"channel"}))
