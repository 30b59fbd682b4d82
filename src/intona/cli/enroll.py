"""``intona enroll``: the profile of a speaker or place, from some of the speech heard there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import complain, say

Name = Annotated[str, typer.Argument(help="Name of the speaker or place.", show_default=False)]
From = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        help="Recordings of this speaker or place only; or folders; - for standard input.",
        parser=options.recording,
    ),
]
Microphone = Annotated[
    float | None, typer.Option("--microphone", min=2.0, help="Record this many seconds instead.")
]
Speech = Annotated[
    str,
    typer.Option(
        "--speech",
        help="neutral; mixed: varied speech without labels; place: varied speech of anybody, for "
        "a language, room or microphone unlike the training material.",
    ),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write the profile here, as .json.")]


def run(
    name: Name,
    source: From = None,
    microphone: Microphone = None,
    channels: options.Channels = None,
    speech: Speech = "neutral",
    model: options.Model = None,
    out: Out = None,
) -> None:
    """Make a small profile of a speaker, so that predictions fit this voice better.

    A recording that cannot be used becomes one line on standard error, the rest is used, and the
    exit code is 1. The profile holds a few numbers and no audio. Use it with intona predict
    --profile NAME.

    For example:

    intona enroll me --from neutral1.wav --from neutral2.wav

    intona enroll office --speech place --from recordings/

    intona enroll agent --speech mixed --from call.wav --channels left
    """
    from intona.audio import Audio, files, find
    from intona.audio.channels import Channels
    from intona.audio.decode import Source
    from intona.errors import AudioError, UsageError
    from intona.files import require_apart, require_writable
    from intona.inference.enroll import enroll, heard_before
    from intona.inference.profile import profile_path
    from intona.inference.recognizer import load

    if bool(source) == (microphone is not None):
        raise UsageError("say what to enroll from: either --from CLIP or --microphone SECONDS")
    if out is not None and out.suffix != ".json":
        raise UsageError(f"a profile is a .json file, not {out}: change the suffix of --out")
    path = out or profile_path(name)
    named = source or []
    options.require_some(named)
    if out is not None:
        require_writable(out)
        require_apart([out], [*named, *files(named), *options.files_named(model)])
    hear = Channels.parse(channels)
    recognizer = load(model)
    recordings: list[Source | Audio | AudioError] = []
    failed: list[AudioError] = []

    def trouble(error: AudioError) -> None:
        failed.append(error)
        complain(f"error: {error}")

    if microphone is not None:
        from intona.audio.capture import record

        say(f"speak for {microphone:.0f} s ...")
        recordings.append(record(microphone))
    else:
        recordings += find(options.sources(named))
    for sentence in heard_before(recognizer, recordings):
        complain(f"note: {sentence}")
    notes: list[str] = []
    profile = enroll(
        recognizer,
        recordings,
        name=name,
        speech=speech,
        channels=hear,
        trouble=trouble,
        notice=notes.append,
    )
    damaged = options.tell(notes)
    profile.save(path)
    say(
        f"{path}: {profile.count} stretches, {profile.seconds:.1f} s of {speech} speech; no audio "
        "is kept"
    )
    if failed:
        complain(f"note: made without the {len(failed)} named above")
    if failed or damaged:
        raise typer.Exit(1)
