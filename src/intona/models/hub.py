"""The Hugging Face hub as a place of model files: ``hf:ORG/NAME``, also with ``@REVISION``.

A repository (or a folder, ``hf:./FOLDER``) that holds ``intona.onnx`` is a model of ours; every
other one is somebody else's (:mod:`intona.inference.foreign.hub`). Only that one file is fetched,
its size is looked at before and its digest after the transfer, and it is read like any model file:
nothing in it is unpickled. A token is taken from the environment (``HF_TOKEN``) and from nowhere
else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intona.errors import IntonaError, ModelError, UsageError
from intona.extras import lacking

PREFIX = "hf:"
FILE = "intona.onnx"
TOKEN = "HF_TOKEN"
_DIGESTS = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # a git object, SHA-256
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_REVISION = re.compile(r"[\w][\w./-]{0,254}")


def is_named(text: str | Path) -> bool:
    """Tell whether a model is named as one of the hub.

    Examples:
        >>> is_named("hf:org/name"), is_named("mine.onnx")
        (True, False)
    """
    return str(text).startswith(PREFIX)


class UnreachedError(ModelError):
    """The hub does not answer, and no model of ours is kept here under that name."""


def fetch(text: str, largest: int) -> Path | None:
    """Return the file of a model of ours, fetched where it is not here yet.

    Args:
        text: ``hf:ORG/NAME``, ``hf:ORG/NAME@REVISION`` or ``hf:FOLDER``.
        largest: bytes it may have.

    Returns:
        Its place on this disk; ``None`` where the repository or folder holds no model of ours.

    Raises:
        MissingExtraError: huggingface_hub is not installed.
        UnreachedError: the hub does not answer.
        ModelError: there is no such repository or revision, it is closed, or what it holds is too
            large or arrives damaged.
    """
    place = Path(os.path.expanduser(text.removeprefix(PREFIX)))
    if place.exists():
        return place / FILE if (place / FILE).is_file() else None
    name, at, revision = text.removeprefix(PREFIX).partition("@")
    if not _NAME.fullmatch(name) or (at and not _REVISION.fullmatch(revision)):
        return None
    hub = package()
    api = hub.HfApi(token=os.environ.get(TOKEN) or False)
    with quiet():
        digest = _declared(hub, api, text, name, revision or None, largest)
        if digest is None:
            return None
        try:
            found = api.hf_hub_download(name, FILE, revision=revision or None)
        except Exception as error:  # of the network, the disk, the library's own checks
            raise ModelError(f"{text}: {FILE} cannot be fetched: {reason(error)}") from None
    path = Path(found)
    if path.stat().st_size <= largest and _digest(path, len(digest)) == digest:
        return path
    Path(os.path.realpath(path)).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    raise ModelError(
        f"{text}: {FILE} is not what the hub says it is (its digest is not {digest[:12]}...) and "
        "is removed again: run the command once more"
    )


def require(text: str, largest: int) -> Path:
    """Return what :func:`fetch` does, where nothing but a model of ours will do.

    Raises:
        ModelError: also where it is somebody else's.
    """
    found = fetch(text, largest)
    if found is None:
        raise ModelError(
            f"{text} is not a model of ours: there is no {FILE} under that name; what others have "
            "made, intona predict, evaluate and audit can ask"
        )
    return found


def push(model: Path, card: str, name: str, *, private: bool = False) -> str:
    """Put a model file and its card on the hub, and return the address of what was written.

    Args:
        model: the file.
        card: what becomes ``README.md``.
        name: ``ORG/NAME``; made where there is no such repository.
        private: whether one that is made is closed to others.

    Raises:
        MissingExtraError: huggingface_hub is not installed.
        UsageError: no such name is possible, there is no token, or it may not write there.
        IntonaError: the hub cannot be reached or refuses the files.
    """
    require_name(name)
    hub, token = package(), os.environ.get(TOKEN)
    if not token:
        raise UsageError(
            f"writing to the hub needs a token: set {TOKEN} to one that may write (it is taken "
            "from the environment alone)"
        )
    api = hub.HfApi(token=token)
    with quiet():
        try:
            api.create_repo(name, private=private, exist_ok=True)
            done = api.create_commit(
                name,
                [
                    hub.CommitOperationAdd(FILE, str(model)),
                    hub.CommitOperationAdd("README.md", card.encode()),
                ],
                commit_message="An intona model and its card",
            )
        except Exception as error:  # as in fetch
            if _status(error) in (401, 403):
                raise UsageError(f"{name}: the token in {TOKEN} may not write there") from None
            raise IntonaError(f"{name}: nothing was pushed: {reason(error)}") from None
    return str(done.commit_url)


def require_name(name: str) -> None:
    """Refuse what cannot be the name of a repository.

    Raises:
        UsageError: it is not ``ORG/NAME``.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name on the hub: write ORG/NAME")


def package() -> Any:
    """Return the package huggingface_hub.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError:
        raise lacking("a model of the hub", "huggingface_hub") from None
    return huggingface_hub


def reason(error: BaseException) -> str:
    """Return in at most 240 characters why the hub's library failed."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 240 else f"{words[:237]}..."


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the reports of the hub's library off the terminal: what matters is said by us."""
    bars = package().utils
    network, shown = logging.getLogger("huggingface_hub"), not bars.are_progress_bars_disabled()
    level = network.level
    network.setLevel(logging.CRITICAL)
    bars.disable_progress_bars()
    try:
        yield
    finally:
        network.setLevel(level)
        if shown:
            bars.enable_progress_bars()


def _declared(
    hub: Any, api: Any, text: str, name: str, revision: str | None, largest: int
) -> str | None:
    """Return the digest of the file as the hub gives it, or of the copy that is kept here."""
    try:
        place = hub.hf_hub_url(name, FILE, revision=revision, endpoint=api.endpoint)
        told = api.get_hf_file_metadata(url=place)
    except hub.errors.EntryNotFoundError:
        return None
    except Exception as error:  # as in fetch
        if 400 <= (_status(error) or 0) < 500:
            raise ModelError(f"{text} cannot be read: {reason(error)}") from None
        kept = hub.try_to_load_from_cache(name, FILE, revision=revision)
        if isinstance(kept, str):  # the library calls it by its digest
            return Path(os.path.realpath(kept)).name
        raise UnreachedError(f"{text}: the hub does not answer: {reason(error)}") from None
    if told.size is None or told.size > largest:
        size = "an unknown number of" if told.size is None else told.size
        raise ModelError(f"{text}: {FILE} has {size} bytes, and at most {largest} are fetched")
    if not _DIGESTS.fullmatch(told.etag or ""):
        raise ModelError(f"{text}: the hub gives no digest of {FILE} to check it by")
    return str(told.etag)


def _status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _digest(path: Path, characters: int) -> str:
    """Return a file's digest: SHA-256, or of 40 characters that of git, as the hub has both."""
    content = path.read_bytes()
    if characters == 64:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
