"""The command line: one module per verb, imported only when that verb is called.

No logic lives here. A verb's module has a function ``run`` (one command) or a Typer
object ``app`` (a group of commands).
"""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from contextlib import nullcontext
from importlib import import_module

import typer

from intona.cli.elsewhere import Command, refuse_verb
from intona.cli.say import complain, say
from intona.cli.stopping import Stopped, stoppable
from intona.errors import IntonaError
from intona.extras import asked_for
from intona.files import show_plainly
from intona.memory import STARTING, is_lack_of_memory, require_room
from intona.threads import ask_for_one_thread

__all__ = ["main"]

VERBS = (
    "predict",
    "train",
    "evaluate",
    "explain",
    "enroll",
    "compare",
    "info",
    "models",
    "push",
    "features",
    "front-ends",
    "recipes",
    "protocols",
    "corpus",
    "serve",
    "audit",
    "listen",
)

ABOUT = """Recognise emotion in speech, on voices never heard before, and say how sure it is.

Start with:  intona predict clip.wav
"""


def build(verb: str | None = None) -> typer.Typer:
    """Return the application with one verb, or with all of them for help and mistakes."""
    app = typer.Typer(
        help=ABOUT,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
    )
    app.callback(help=ABOUT)(_root)
    for name in [verb] if verb in VERBS else VERBS:
        module = import_module(f"intona.cli.{name.replace('-', '_')}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name, cls=Command)(module.run)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from intona._version import __version__

        say(f"intona {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False,
        "--version",
        help="Print the version and leave.",
        callback=_print_version,
        is_eager=True,
    ),
) -> None:
    """Hold the options that come before the verb."""


def main() -> None:
    """Run the command line; an expected error is one sentence and an exit code."""
    ask_for_one_thread()  # before numpy is loaded
    for stream in (sys.stdout, sys.stderr):
        # Names of files may hold what the terminal's encoding, or Unicode itself, does not.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    verb = sys.argv[1] if len(sys.argv) > 1 else None
    # With no error at hand any more, which would keep alive what it interrupted, workers included.
    sys.exit(_run(verb))


def _run(verb: str | None) -> int:
    """Run one verb and return the exit code; say what went wrong."""
    try:
        # The service is stopped by its own library, which finishes what is asked.
        with nullcontext() if verb == "serve" else stoppable(), warnings.catch_warnings():
            show_plainly()
            if verb is not None:
                refuse_verb(verb, VERBS)
            if verb in VERBS:
                require_room(f"intona {verb}", STARTING)
            build(verb)(prog_name="intona")
    except IntonaError as error:
        complain(f"error: {error}")
        return error.exit_code
    except ModuleNotFoundError as error:  # of what no verb has asked for first
        lacking = asked_for(error, f"intona {verb}")
        if lacking is None:
            raise
        complain(f"error: {lacking}")
        return lacking.exit_code
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing more to say, also not at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"error: {where}{error.strerror or error}")
        return 1
    except Exception as error:
        if not is_lack_of_memory(error):
            raise
        complain("error: there is not enough memory for this")
        return 1
    except Stopped as stop:
        if stop.signal != getattr(signal, "SIGHUP", None):  # there is nobody left to read it
            complain("stopped")
        return 128 + stop.signal
    except KeyboardInterrupt:  # twice
        complain("stopped")
        return 130
    return 0
