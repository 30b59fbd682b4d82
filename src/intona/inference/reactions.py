"""Doing something when the mood changes: running a command, calling a web address."""

from __future__ import annotations

import json
import os
import queue
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from intona.errors import UsageError, reason_of
from intona.models.metadata import label_fault
from intona.tables import Event

Complain = Callable[[str], object]

HOLD = 1.5  # seconds an emotion must last, and be sure, to be the mood
MOST = 8  # commands running at once
TIMEOUT = 5.0  # seconds a web address has to answer
WAITING = 64  # changes that wait for a slow web address


@dataclass(frozen=True)
class Change:
    """The mood has changed.

    Attributes:
        emotion: what it is now.
        previous: what it was, ``None`` at first.
        confidence: in [0, 1].
        time: in seconds since the beginning of the stream.
    """

    emotion: str
    previous: str | None
    confidence: float
    time: float

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        row = {
            "event": "change",
            "time": round(self.time, 3),
            "emotion": self.emotion,
            "previous": self.previous,
            "confidence": round(self.confidence, 4),
        }
        return json.dumps(row, ensure_ascii=False)


class Mood:
    """Tell a lasting change from a flicker.

    The mood changes when the ``update`` events have agreed, and been sure, for 1.5 s. It
    outlasts pauses.

    Attributes:
        emotion: the mood, ``None`` before the first.
    """

    def __init__(self) -> None:
        self.emotion: str | None = None
        self._candidate: tuple[str, float] | None = None  # and since when

    def take(self, event: Event) -> Change | None:
        """Take the next event; return the change if it makes one."""
        found = event.prediction
        if event.kind == "speech_start":
            self._candidate = None
        if event.kind != "update" or found is None:
            return None
        if found.emotion is None or found.status != "ok" or found.emotion == self.emotion:
            self._candidate = None
            return None
        if self._candidate is None or self._candidate[0] != found.emotion:
            self._candidate = (found.emotion, event.time)
        if event.time - self._candidate[1] < HOLD - 1e-6:
            return None
        change = Change(found.emotion, self.emotion, found.confidence, event.time)
        self.emotion, self._candidate = found.emotion, None
        return change


class Command:
    """Run a command at each change; it is not waited for.

    It gets the change as ``INTONA_EMOTION``, ``INTONA_PREVIOUS``, ``INTONA_CONFIDENCE`` and
    ``INTONA_TIME`` in its environment, and as one line of JSON on its standard input. There is
    no shell: what a shell would expand is passed on as it is. What it prints goes to standard
    error.

    Args:
        command: split as a shell would, ``{emotion}`` in an argument is replaced.
        complain: called with a sentence when something is wrong.

    Raises:
        UsageError: the command is empty, malformed or not to be found.
    """

    def __init__(self, command: str, complain: Complain) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"cannot read the command {command!r}: {error}") from None
        if not self._arguments:
            raise UsageError("the command is empty: name a program")
        if shutil.which(self._arguments[0]) is None:
            raise UsageError(f"no program {self._arguments[0]!r}: give its full path")
        self._complain = complain
        self._running: list[subprocess.Popen[bytes]] = []

    def react(self, change: Change) -> None:
        """Start the command, unless the label could be an option, a path or more than a word."""
        self._reap()
        fault = label_fault(change.emotion)
        if fault is not None:
            self._complain(f"the label {change.emotion!r} is not passed on: {fault}")
            return
        if len(self._running) >= MOST:
            self._complain(f"{MOST} commands still run: this change is not passed on")
            return
        told = {
            "INTONA_EMOTION": change.emotion,
            "INTONA_PREVIOUS": change.previous or "",
            "INTONA_CONFIDENCE": f"{change.confidence:.4f}",
            "INTONA_TIME": f"{change.time:.3f}",
        }
        arguments = [part.replace("{emotion}", change.emotion) for part in self._arguments]
        try:
            # A file and not a pipe: the command need not read it. Standard output is for events.
            with TemporaryFile() as line:
                line.write(change.to_json().encode() + b"\n")
                line.seek(0)
                process = subprocess.Popen(
                    arguments, stdin=line, stdout=2, env={**os.environ, **told}
                )
        except (OSError, ValueError) as error:
            self._complain(f"cannot run {arguments[0]}: {reason_of(error)}")
            return
        self._running.append(process)

    def close(self) -> None:
        """Give the running commands a moment; those that go on are left alone."""
        for process in self._running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1.0)
        self._reap()

    def _reap(self) -> None:
        for process in [p for p in self._running if p.poll() is not None]:
            self._running.remove(process)
            if process.returncode:
                self._complain(f"{self._arguments[0]} failed with exit code {process.returncode}")


class Webhook:
    """Post each change as JSON to a web address, from a thread of its own.

    One that takes longer than 5 s, however lively it is meanwhile, is given up; it goes on in a
    thread that nobody waits for, and not more than 8 do at once.

    Args:
        url: ``http://`` or ``https://``.
        complain: called with a sentence when something is wrong; from the thread.

    Raises:
        UsageError: the address is none.
    """

    def __init__(self, url: str, complain: Complain) -> None:
        if not _is_web_address(url):
            raise UsageError(f"cannot post to {url!r}: give an http:// or https:// address")
        self._url = url
        self._complain = complain
        self._given_up: list[threading.Thread] = []
        self._queue: queue.Queue[Change | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)
        self._thread.start()

    def react(self, change: Change) -> None:
        """Post the change soon."""
        try:
            self._queue.put_nowait(change)
        except queue.Full:
            self._complain(f"{self._url} is too slow: this change is not passed on")

    def close(self) -> None:
        """Post what is waiting, for at most twice the timeout."""
        try:
            self._queue.put(None, timeout=TIMEOUT)
        except queue.Full:
            return
        self._thread.join(timeout=2 * TIMEOUT)

    def _work(self) -> None:
        while (change := self._queue.get()) is not None:
            self._given_up = [thread for thread in self._given_up if thread.is_alive()]
            if len(self._given_up) >= MOST:
                self._complain(f"{MOST} posts still hang: this change is not passed on")
                continue
            told: list[str] = []
            # The timeout of a socket is for each read of it; this is for all of them.
            thread = threading.Thread(target=self._post, args=(change, told), daemon=True)
            thread.start()
            thread.join(TIMEOUT)
            if thread.is_alive():
                self._given_up.append(thread)
                told = [f"no answer within {TIMEOUT:g} s"]
            for reason in told:
                self._complain(f"cannot post to {self._url}: {reason}")

    def _post(self, change: Change, told: list[str]) -> None:
        """Post a change; put into ``told`` why it failed, if it did."""
        headers: dict[str, Any] = {"Content-Type": "application/json"}
        request = Request(self._url, change.to_json().encode(), headers, method="POST")
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:
                answer.read(1024)
        except (OSError, ValueError, HTTPException) as error:
            reason = str(getattr(error, "reason", None) or error)[:200]
            told.append("".join(filter(str.isprintable, reason)))  # it may quote the other side


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
