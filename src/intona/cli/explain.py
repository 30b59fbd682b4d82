"""``intona explain``: why the model says so, as a picture and in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import say

Clip = Annotated[
    Path,
    typer.Argument(
        help="One recording; - for standard input.",
        show_default=False,
        parser=options.recording,
    ),
]
Plot = Annotated[
    Path | None, typer.Option("--plot", "-p", help="Draw the explanation: .png, .svg or .pdf.")
]
Emotion = Annotated[
    str | None, typer.Option("--emotion", help="Explain this one; else the most probable.")
]
Start = Annotated[float, typer.Option("--start", min=0.0, help="Begin, in seconds.")]
End = Annotated[
    float | None, typer.Option("--end", help="End, in seconds; at most 30 after the start.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Compare the map with chance (deletion and insertion).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


def run(
    clip: Clip,
    model: options.AnyModel = None,
    profile: options.Profile = None,
    plot: Plot = None,
    emotion: Emotion = None,
    start: Start = 0.0,
    end: End = None,
    channels: options.Channels = None,
    check: Check = False,
    as_json: AsJson = False,
) -> None:
    """Say where the evidence lies and how the voice differs from neutral speech.

    For example:

    intona explain clip.wav --plot why.png
    """
    from intona.audio import read
    from intona.audio.channels import Channels
    from intona.explain.occlusion import check as compare
    from intona.explain.occlusion import occlude, require_speech
    from intona.features.manner import remarks
    from intona.files import picture, require_apart
    from intona.inference.opening import open_recognizer, require_askable
    from intona.inference.profile import find_profile

    if plot is not None:
        plot = picture(plot)
        require_apart([plot], [clip, *options.files_named(model, profile)])
    (given,) = options.sources([clip])
    source = Channels.parse(channels).one(given, "intona explain")
    require_askable(model)
    opened = open_recognizer(model)
    own = find_profile(profile) if profile is not None else None
    recognizer = opened if own is None else opened.adapted(own)
    notes: list[str] = []
    audio = read(source, start=start, end=end, notice=notes.append)
    damaged = options.tell(notes)
    require_speech(audio, str(clip))
    evidence = occlude(recognizer, audio, emotion=emotion)
    said = remarks(audio, own.manner if own is not None else None)
    whose = own.name if own is not None and own.manner else "many speakers"
    curves = compare(recognizer, audio, evidence) if check else None
    if plot is not None:
        from intona.explain.plot import figure
        from intona.formats.palette import save

        page = figure(audio, evidence, said, title=clip.name, whose=whose, curves=curves)
        save(page, plot)
    if as_json:
        content = {
            "file": str(clip),
            "model": recognizer.said,
            "evidence": evidence.to_dict(),
            "manner": [remark.to_dict() for remark in said],
            "check": curves.to_dict() if curves is not None else None,
        }
        say(json.dumps(content, ensure_ascii=False, indent=2))
        raise typer.Exit(int(damaged))
    say(f"{clip}: {evidence}")
    say(f"how it was said, against the neutral speech of {whose}:")
    for remark in said:
        say(f"  {remark}")
    if curves is not None:
        say(str(curves))
    if damaged:
        raise typer.Exit(1)
