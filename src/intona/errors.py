"""What can go wrong, said in one sentence: what, where, how to mend.

The library raises these; the command line prints the message and leaves with
:attr:`IntonaError.exit_code`. Nothing in the library ever exits the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class IntonaError(Exception):
    """Base of every error raised on purpose; its text is one clear sentence."""

    exit_code = 1


class UsageError(IntonaError):
    """The call itself is off: an unknown name, an impossible option value."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe is unknown, malformed, or asks for something that does not exist."""


class PlugInError(UsageError):
    """Something from outside intona, installed or named by a recipe, cannot be used."""


class MissingExtraError(UsageError):
    """An optional package is needed and not installed.

    Args:
        what: the feature that needs it, for example ``"intona train"``.
        packages: what is missing, as pip calls it.
        extras: of intona that bring them.

    Examples:
        >>> print(MissingExtraError("--device", ["sounddevice"], ["mic"]))
        --device needs more packages: pip install sounddevice, or in a clone of intona
        pip install -e ".[mic]"
    """

    def __init__(self, what: str, packages: Sequence[str], extras: Sequence[str]) -> None:
        super().__init__(
            f"{what} needs more packages: pip install {' '.join(packages)}, or in a clone "
            f'of intona pip install -e ".[{",".join(extras)}]"'
        )


class AudioError(IntonaError):
    """A recording cannot be read or used."""


class RecordingWarning(UserWarning):
    """Something of a recording is lost or odd, and the rest of it is used.

    Attributes:
        shell: the same with options as a command line has them; empty where it names none.
    """

    shell = ""


class ChannelsWarning(RecordingWarning):
    """The channels of a recording carry different speech, and were mixed."""


class CorpusError(IntonaError):
    """A corpus is missing, empty, or lacks what was asked of it."""


class ModelError(IntonaError):
    """A model file is not one of ours, is damaged, or does not fit the request."""


class LeakError(IntonaError):
    """Training and test parts share what they must not share."""


def reason_of(error: BaseException) -> str:
    """Return why something failed, in a line: the system's own words without their number.

    Examples:
        >>> reason_of(NotADirectoryError(20, "Not a directory", "a/b"))
        'Not a directory'
        >>> reason_of(ValueError("no number"))
        'no number'
    """
    words = error.strerror if isinstance(error, OSError) else None
    return words or str(error).partition("\n")[0]


def meant(word: str, known: Iterable[str]) -> str:
    """Return a question to put behind a complaint about an unknown word; empty if nothing is near.

    Examples:
        >>> meant("clasic", ["classic", "light"])
        ' (did you mean classic?)'
        >>> meant("x", ["classic"])
        ''
    """
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
