"""How an option is written: on a command line, in a request, in Python.

The sentences of the library name options as the command line does; where somebody else reads
them, they are rewritten here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from intona.errors import IntonaError

_FLAGS = frozenset({"adapt", "allow-leaks", "skip-bad"})
_VALUED = (
    *("address", "channels", "columns", "corpus", "emotions", "engine", "extra", "format"),
    *("licence", "merge", "out", "profile", "protocol", "recipe", "seed", "test-only", "tests"),
)
# A value is told from the next word of the sentence by its looks.
_OPTION = re.compile(
    rf"(?<![\w-])--(?:(?P<flag>{'|'.join(sorted(_FLAGS))})(?![\w-])"
    rf"|(?P<name>{'|'.join(_VALUED)})(?![\w-])"
    r"(?: (?P<value>each(?:[:\w,]*\w)?\b|[\w.-]+[=,:][\w.,:=-]*\w|[A-Z]{3,}\b))?)"
)

_P = ParamSpec("_P")
_T = TypeVar("_T")


def as_parameters(sentence: str) -> str:
    """Return a sentence with options as parameters of a request.

    Examples:
        >>> as_parameters("mixed: --channels each hears them, --adapt judges; or no --emotions")
        'mixed: channels=each hears them, adapt=true judges; or no emotions'
    """
    return _OPTION.sub(lambda found: _written(found, "{}={}", "true"), sentence)


def as_keywords(sentence: str) -> str:
    """Return a sentence with options as keywords of Python.

    Examples:
        >>> as_keywords("say --columns speaker=COLUMN, or leave it out with --skip-bad")
        'say columns="speaker=COLUMN", or leave it out with skip_bad=True'
    """
    return _OPTION.sub(lambda found: _written(found, '{}="{}"', "True"), sentence)


def _written(found: re.Match[str], form: str, yes: str) -> str:
    if found["flag"]:
        return f"{found['flag'].replace('-', '_')}={yes}"
    name = found["name"].replace("-", "_")
    return form.format(name, found["value"]) if found["value"] else name


def for_python(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let what a function raises name options as its caller has written them."""

    @wraps(function)
    def said(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return function(*args, **kwargs)
        except IntonaError as error:
            error.args = (as_keywords(str(error)),)
            raise

    return said
