"""``intona serve``: the HTTP service and its page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from intona.cli import options
from intona.cli.say import say

Host = Annotated[
    str | None, typer.Option("--host", help="Address to bind.", show_default="127.0.0.1")
]
Port = Annotated[
    int | None, typer.Option("--port", "-p", help="Port to bind.", show_default="8765")
]
Model = Annotated[
    Path | None, typer.Option("--model", "-m", help="Model file; without it the bundled one.")
]
Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        help="Adapt to this speaker: a name from intona enroll, or a .json file. Given more than "
        "once, clients may choose; the first serves those who do not.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-w", help="Processes for uploads.", show_default="one per core, at most 4"
    ),
]
Upload = Annotated[
    float | None,
    typer.Option("--max-upload-mb", help="Largest upload, MiB.", show_default="64"),
]
Streams = Annotated[
    int | None, typer.Option("--max-streams", help="Live streams at once.", show_default="16")
]
Hosts = Annotated[
    str | None,
    typer.Option("--allow-host", help="Further names it is reached by, comma-separated."),
]
NoToken = Annotated[bool, typer.Option("--no-token", help="Let other machines in without a token.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no line per request.")]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Also say how long each request took, why one was refused, what the workers do.",
    ),
]


def run(
    host: Host = None,
    port: Port = None,
    model: Model = None,
    profile: Profiles = None,
    emotions: options.Answered = None,
    merge: options.AnsweredAs = None,
    workers: Workers = None,
    max_upload_mb: Upload = None,
    max_streams: Streams = None,
    allow_host: Hosts = None,
    no_token: NoToken = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: options.LogFormat = None,
) -> None:
    """Serve predictions over HTTP and WebSocket, with a page to try them.

    Only this machine can reach it unless --host says otherwise; then clients must send the
    token in INTONA_TOKEN. Every limit can be set as INTONA_SERVE_<NAME>; see docs/server.md.

    For example:

    intona serve --port 8080

    INTONA_TOKEN=secret intona serve --host 0.0.0.0
    """
    from intona.extras import require

    require(
        "intona serve", "fastapi", "uvicorn", "python_multipart", "prometheus_client", "websockets"
    )
    from intona.server.run import serve
    from intona.server.settings import Settings

    settings = Settings.from_environment(
        os.environ,
        host=host,
        port=port,
        model=model,
        profiles=",".join(profile) if profile else None,
        emotions=emotions,
        merge=merge,
        workers=workers,
        max_upload_mb=max_upload_mb,
        max_streams=max_streams,
        allow_hosts=allow_host,
        no_token=no_token or None,
        access_log=False if quiet else None,
        verbose=verbose or None,
        log_format=log_format,
    )
    serve(settings, ready=lambda url: say(f"listening on {url} (Ctrl-C ends it)"))
