"""The command line: one module per verb, imported only when that verb is called.

No logic lives here. A verb's module has a function ``run`` (one command) or a Typer
object ``app`` (a group of commands).
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from importlib import import_module

import typer

from intona.cli.elsewhere import Command
from intona.cli.say import complain, say
from intona.errors import IntonaError
from intona.extras import asked_for
from intona.files import show_plainly
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
    try:
        with warnings.catch_warnings():
            show_plainly()
            build(verb)(prog_name="intona")
    except IntonaError as error:
        complain(f"error: {error}")
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:  # of what no verb has asked for first
        lacking = asked_for(error, f"intona {verb}")
        if lacking is None:
            raise
        complain(f"error: {lacking}")
        sys.exit(lacking.exit_code)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing more to say, also not at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"error: {where}{error.strerror or error}")
        sys.exit(1)
    except MemoryError:
        complain("error: there is not enough memory for this")
        sys.exit(1)
    except KeyboardInterrupt:
        complain("stopped")
        sys.exit(130)
