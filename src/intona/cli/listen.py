"""``intona listen``: emotion live, from a microphone or a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import complain, say

Source = Annotated[
    str | None,
    typer.Argument(help="- for standard input; without it the microphone.", show_default=False),
]
Device = Annotated[
    str | None, typer.Option("--device", "-d", help="Microphone: number or part of its name.")
]
Devices = Annotated[bool, typer.Option("--devices", help="List the microphones and leave.")]
Rate = Annotated[
    int | None,
    typer.Option(
        "--rate", min=1000, help="Hz; of raw input, or asked of the microphone. Wav says it itself."
    ),
]
Encoding = Annotated[
    str, typer.Option("--format", "-f", help="Raw input: u8, s16le, s24le, s32le, f32le, f64le.")
]
Channels = Annotated[
    str,
    typer.Option(
        "--channels",
        help="How many raw input has, which are mixed; or left or right, to hear one of two.",
    ),
]
Update = Annotated[float, typer.Option("--update", help="Seconds of speech between updates.")]
Lines = Annotated[bool, typer.Option("--json", help="JSON Lines also in a terminal.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Keep the timeline here; the suffix is the format."),
]
OnChange = Annotated[
    str | None,
    typer.Option(
        "--on-change", help="Run this command when the mood changes; {emotion} is put in."
    ),
]
Hook = Annotated[
    str | None, typer.Option("--webhook", help="Post each change of mood as JSON to this address.")
]


def run(
    source: Source = None,
    model: options.AnyModel = None,
    profile: options.Profile = None,
    adapt: options.Adapt = False,
    emotions: options.Answered = None,
    merge: options.AnsweredAs = None,
    device: Device = None,
    devices: Devices = False,
    rate: Rate = None,
    encoding: Encoding = "s16le",
    channels: Channels = "1",
    update: Update = 0.5,
    lines: Lines = False,
    out: Out = None,
    on_change: OnChange = None,
    webhook: Hook = None,
) -> None:
    """Say live which emotion is heard, from the microphone or from what is piped in.

    In a terminal: a moving bar per emotion. Piped: one JSON object per event. Ctrl-C or
    SIGTERM ends it, and the timeline of --out is whole.

    For example:

    intona listen

    ffmpeg -i talk.mp4 -f wav - | intona listen - --out talk.vtt

    intona listen --on-change "playerctl open moods/{emotion}.m3u"
    """
    from intona.audio import capture as live

    if devices:
        say(live.devices(), nl=False)
        return
    from intona import labels
    from intona.cli.liveview import LiveView, shown
    from intona.cli.stopping import Stop
    from intona.errors import UsageError
    from intona.inference.adapt import Following
    from intona.inference.asking import in_windows, open_to_ask
    from intona.inference.listen import Diary, Reaction, listen
    from intona.inference.reactions import Command, Webhook
    from intona.inference.recognizer import Recognizer

    if source not in (None, "-"):
        raise UsageError(f"cannot listen to {source}: use - for standard input, or intona predict")
    if profile is not None and adapt:
        raise UsageError("--profile and --adapt are two answers to one question: choose one")
    recognizer = open_to_ask(model, profile=profile).narrowed(
        labels.parse_list(emotions), labels.parse_merge(merge)
    )
    heard = in_windows(recognizer)
    if adapt:
        recognizer.require_adaptable()
    if adapt and isinstance(recognizer, Recognizer):
        heard = Following(recognizer)

    count, side = _channels(channels)
    if side and source is None:
        raise UsageError("a microphone is heard as one channel: leave --channels out")

    def warn(words: str) -> None:
        complain(f"warning: {words}")

    reactions: list[Reaction] = []
    if on_change is not None:
        reactions.append(Command(on_change, warn))
    if webhook is not None:
        reactions.append(Webhook(webhook, warn))
    with Stop() as stop:
        sound: live.Live = (
            live.Microphone(device, rate)
            if source is None
            else live.Pipe(sys.stdin.buffer, rate, encoding, count, side)
        )
        diary = Diary(out, recognizer.labels) if out is not None else None
        with shown(LiveView(recognizer.labels, recognizer.numeric), lines) as show:
            listen(
                heard,
                sound,
                show,
                update=update,
                diary=diary,
                reactions=reactions,
                stop=stop,
            )


def _channels(text: str) -> tuple[int, int]:
    """Return how many channels raw input has, and which of them is heard; 0 for all, mixed."""
    from intona.audio.channels import Channels
    from intona.errors import UsageError

    if text.isascii() and text.isdecimal() and 0 < int(text[:4]) <= 64:
        return int(text), 0
    if text.strip().lower() not in ("left", "right", "mix"):
        raise UsageError(
            "--channels of a live stream is the number of channels that raw input has (1 to 64), "
            f"or mix, left or right, not {text[:20]!r}: to hear each, listen to each by itself"
        )
    return 2, Channels.parse(text).number or 0
