"""``intona enroll``: the profile of a speaker or place, from some of the speech heard there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options

Name = Annotated[str, typer.Argument(help="Name of the speaker or place.", show_default=False)]
From = Annotated[
    list[Path] | None,
    typer.Option("--from", help="Recordings of this speaker or place only; or folders."),
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
    speech: Speech = "neutral",
    model: options.Model = None,
    out: Out = None,
) -> None:
    """Make a small profile of a speaker, so that predictions fit this voice better.

    The profile holds a few numbers and no audio. Use it with intona predict --profile NAME.

    For example:

    intona enroll me --from neutral1.wav --from neutral2.wav

    intona enroll office --speech place --from recordings/
    """
    from intona.audio import Audio, find
    from intona.errors import UsageError
    from intona.inference.enroll import enroll, heard_before
    from intona.inference.profile import profile_path
    from intona.inference.recognizer import load

    if bool(source) == (microphone is not None):
        raise UsageError("say what to enroll from: either --from CLIP or --microphone SECONDS")
    if out is not None and out.suffix != ".json":
        raise UsageError(f"a profile is a .json file, not {out}: change the suffix of --out")
    path = out or profile_path(name)
    recognizer = load(model)
    recordings: list[Path | Audio] = []
    if microphone is not None:
        from intona.audio.capture import record

        typer.echo(f"speak for {microphone:.0f} s ...")
        recordings.append(record(microphone))
    else:
        recordings += find(source or [])
    for sentence in heard_before(recognizer, recordings):
        typer.echo(f"note: {sentence}", err=True)
    profile = enroll(recognizer, recordings, name=name, speech=speech)
    profile.save(path)
    typer.echo(
        f"{path}: {profile.count} stretches, {profile.seconds:.1f} s of {speech} speech; no audio "
        "is kept"
    )
