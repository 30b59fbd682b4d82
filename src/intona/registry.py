"""Registry: the one place that says where what recipes and model files name is found.

A name is looked for here first, among what is built in, and then among the entry points that
installed packages register (``intona.features``, ``intona.models``, ...). A built-in name cannot
be taken over. Only a recipe, which its user wrote, may also say ``module:attribute``; a model file
names what is built in or installed, so that reading one never imports a path it contains.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intona.errors import PlugInError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

_HOMES: Mapping[str, Mapping[str, str]] = {
    # Front ends: sound to numbers; `[front_end] name` of a recipe, `input` of a model file.
    "features": {
        "classic": "intona.features.classic:Classic",
        "default": "intona.models.encoders.embedding:Embedding",
        "encoder": "intona.models.encoders.encoder:Encoder",
        "joined": "intona.features.joined:Joined",
        "light": "intona.features.light:Light",
        "opensmile": "intona.features.opensmile:OpenSmile",
        "prosody": "intona.features.prosody:Prosody",
    },
    # Trainers: `[model] kind` of a recipe.
    "models": {
        "ensemble": "intona.models.feature_model:fit",
        "lda": "intona.models.feature_model:fit",
        "linear": "intona.models.linear_model:fit",
        "logistic": "intona.models.feature_model:fit",
        "mlp": "intona.models.feature_model:fit",
        "svm": "intona.models.feature_model:fit",
    },
}

# What packages may register; of the others the rooms themselves say what is built in.
GROUPS = ("features", "models", "corpora", "protocols", "transforms", "formats")


@dataclass(frozen=True)
class Package:
    """The installed package that a plug-in is of."""

    name: str
    version: str

    def __str__(self) -> str:
        """Its name and version, as pip writes them."""
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True)
class Entry:
    """What a list of names says of one.

    Attributes:
        name: as recipes and options write it.
        about: one line.
        parameters: with their defaults, ``C=1.0``.
        package: the installed package that brings it; empty for what is built in.
    """

    name: str
    about: str
    parameters: tuple[str, ...] = ()
    package: str = ""


def entry(group: str, name: str) -> Entry:
    """Return what a list says of a name: its parameters and the first line of its docstring.

    Of a package that cannot be loaded the line says why.
    """
    package = "" if is_built_in(group, name) else str(installed(group).get(name, ""))
    try:
        found = find(group, name)
    except PlugInError as error:
        return Entry(name, str(error), (), package)
    about = (inspect.getdoc(found) or "").partition("\n")[0].replace("``", "")
    return Entry(name, about, _parameters(found), package)


def _parameters(found: Any) -> tuple[str, ...]:
    try:
        each = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return ()
    usual = {one.name: one.default for one in each if one.name not in ("args", "kwargs")}
    empty = inspect.Parameter.empty
    return tuple(n if value is empty else f"{n}={value!r}" for n, value in usual.items())


def names(group: str) -> tuple[str, ...]:
    """Return the names of a group, sorted: those built in and those installed.

    Examples:
        >>> "svm" in names("models")
        True
    """
    return tuple(sorted({*_HOMES.get(group, {}), *installed(group)}))


def is_built_in(group: str, name: str) -> bool:
    """Tell whether a name of a group is intona's own."""
    return name in _HOMES.get(group, {})


def has(group: str, name: str) -> bool:
    """Tell whether a name of a group is built in or installed."""
    return is_built_in(group, name) or name in installed(group)


def find(group: str, name: str) -> Any:
    """Return what a name stands for.

    Args:
        group: one of :data:`GROUPS`.
        name: one of :func:`names`.

    Raises:
        KeyError: no such name.
        PlugInError: an installed package registers it, and it cannot be loaded.
    """
    home = _HOMES.get(group, {}).get(name)
    return plug_in(group, name) if home is None else _attribute(home)


def installed(group: str) -> dict[str, Package]:
    """Return the names that installed packages register, and the package of each.

    Examples:
        >>> installed("no-such-group")
        {}
    """
    return {one.name: _package(one) for one in _entry_points(group)}


@lru_cache(maxsize=256)
def plug_in(group: str, name: str) -> Any:
    """Return what an installed package registers under a name.

    Raises:
        KeyError: no package registers it.
        PlugInError: it cannot be loaded, or several packages register it.
    """
    found = [one for one in _entry_points(group) if one.name == name]
    if not found:
        raise KeyError(name)
    packages = sorted({_package(one).name for one in found})
    if len(packages) > 1:
        raise PlugInError(
            f"{name} (intona.{group}) is registered by {' and by '.join(packages)}: "
            "uninstall all but one"
        )
    try:
        return found[0].load()
    except (Exception, SystemExit) as error:  # whatever the package's own code raises
        raise PlugInError(
            f"{name} (intona.{group}) of the package {packages[0]} cannot be loaded: "
            f"{_words(error)}"
        ) from None


def is_path(name: str) -> bool:
    """Tell whether a recipe's name is ``module:attribute``.

    Examples:
        >>> is_path("sklearn.svm:LinearSVC"), is_path("svm")
        (True, False)
    """
    return ":" in name


def imported(path: str) -> Any:
    """Return what ``module:attribute`` is; for names that a user wrote, never for a file's.

    Raises:
        PlugInError: no such module or attribute, or it cannot be imported.

    Examples:
        >>> imported("pathlib:PurePath").__name__
        'PurePath'
    """
    module, _, attribute = path.partition(":")
    if not (module and attribute):
        raise PlugInError(f"cannot read {path!r}: write module:Class")
    try:
        return _attribute(path)
    except ModuleNotFoundError as error:
        missing = str(error.name)
        own = missing == module.partition(".")[0]  # and not what it imports
        how = f": install its package, or put {missing}.py beside the recipe" if own else ""
        raise PlugInError(f"cannot import {path}: there is no module {missing}{how}") from None
    except AttributeError as error:
        raise PlugInError(f"cannot import {path}: {' '.join(str(error).split())}") from None
    except (Exception, SystemExit) as error:  # whatever the user's own module raises
        raise PlugInError(f"cannot import {path}: {_words(error)}") from None


def look_beside(folder: Path) -> None:
    """Let :func:`imported` find modules that lie in a folder, after all installed ones."""
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.append(place)


def _attribute(path: str) -> Any:
    module, _, attribute = path.partition(":")
    found: Any = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def _entry_points(group: str) -> EntryPoints:
    from importlib.metadata import entry_points  # 20 ms, which a built-in name need not cost

    return entry_points(group=f"intona.{group}")


def _package(entry: EntryPoint) -> Package:
    home = entry.dist
    return Package("unknown", "") if home is None else Package(home.name, home.version)


def _words(error: BaseException) -> str:
    words = " ".join(str(error).split())  # a sentence has one line
    return f"{type(error).__name__}: {words}".strip(": ")
