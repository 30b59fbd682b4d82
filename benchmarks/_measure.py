"""What benchmarks share: options, timing on one thread, memory, and a line of JSON at the end."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Clip = tuple[np.ndarray, int]


def options(doc: str | None, *places: str, **defaults: Any) -> argparse.Namespace:
    """Read the command line.

    Args:
        doc: the benchmark's text.
        *places: paths without a name: ``folder`` one, ``folder?`` at most one, ``folders+`` at
            least one; ``words*`` are all words that follow, as they are.
        **defaults: options and what they are without being given: a number, a text, a list of
            texts, ``False`` for a switch, or a type (``Path``, ``float`` ...) when they are
            ``None``. With ``(default, help)`` a word is said about them.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for place in places:
        name, number = place.rstrip("?+*"), place[-1]
        if number == "*":
            parser.add_argument(name, nargs=argparse.REMAINDER)
        else:
            many = {"nargs": number} if number in "?+" else {}
            parser.add_argument(name, type=Path, **many)
    for name, given in defaults.items():
        default, words = given if isinstance(given, tuple) else (given, None)
        kind: dict[str, Any] = {"type": type(default), "default": default}
        if default is False:
            kind = {"action": "store_true"}
        elif isinstance(default, list):
            kind = {"nargs": "+", "default": default}
        elif isinstance(default, type):
            kind = {"type": default}
        parser.add_argument(f"--{name.replace('_', '-')}", help=words, **kind)
    return parser.parse_args()


def tell(benchmark: str, **figures: Any) -> None:
    """Print the figures as lines for people and as one line of JSON, with machine and load."""
    cores, python = os.cpu_count(), platform.python_version()
    facts = {
        "benchmark": benchmark,
        "machine": f"{platform.machine()}, {cores} cores, Python {python}",
        "load": round(os.getloadavg()[0], 1),
    }
    for name, value in {**facts, **figures}.items():
        print(f"{name:<28}{value}")
    print(json.dumps({**facts, **figures}), flush=True)


@dataclass
class Took:
    """Seconds that something took."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def timed() -> Iterator[Took]:
    """Time what happens inside, by the clock and of this process's CPU."""
    took, wall, cpu = Took(), time.perf_counter(), time.process_time()
    yield took
    took.wall, took.cpu = time.perf_counter() - wall, time.process_time() - cpu


def run(main: Callable[[], object]) -> None:
    """Run a benchmark; what its user can mend is one sentence."""
    from intona.errors import IntonaError

    try:
        main()
    except IntonaError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: this failed: {' '.join(map(str, error.cmd))}")


def recordings(folder: Path) -> list[Path]:
    """Return the recordings of a folder.

    Raises:
        IntonaError: there are none.
    """
    from intona.audio import find

    files = list(find([folder]))
    if bad := next((file for file in files if isinstance(file, Exception)), None):
        raise bad
    return [Path(file) for file in files if isinstance(file, str | Path)]


def clips(folder: Path | None, count: int) -> list[Clip]:
    """Return recordings of a folder, evenly spread, or synthetic ones of 3.7 s at 48 kHz."""
    from intona.audio import read
    from intona.corpora import synthetic

    if folder is None:
        styles = ("neutral", "happy", "sad", "angry")
        made = [
            synthetic.utterance(styles[i % 4], speaker=i // 4, rate=48_000, seconds=3.7)
            for i in range(count)
        ]
    else:
        files = recordings(folder)
        made = [read(path) for path in files[:: max(1, len(files) // count)][:count]]
    return [(audio.samples, audio.rate) for audio in made]


def against(
    name: str,
    peer: Callable[[np.ndarray, int], object],
    ours: Callable[[np.ndarray, int], object],
    given: argparse.Namespace,
    **figures: Any,
) -> None:
    """Time two functions in turns on one thread and tell the medians in ms a clip."""
    from threadpoolctl import threadpool_limits

    heard = clips(given.folder, given.clips)
    times: dict[str, list[float]] = {name: [], "intona": []}
    with threadpool_limits(1):
        for turn in range(4):  # alternate, so that a busy machine slows both sides
            for side, function in ((name, peer), ("intona", ours)):
                for samples, rate in heard if turn else heard[:3]:
                    with timed() as took:
                        function(samples, rate)
                    if turn:  # the first warms up
                        times[side].append(1000 * took.wall)
    middle = {side: float(np.median(values)) for side, values in times.items()}
    tell(
        Path(sys.argv[0]).stem,
        clips=f"{len(heard)} of {given.folder.name if given.folder else 'synthetic voices'}",
        seconds_a_clip=round(float(np.mean([len(x) / rate for x, rate in heard])), 2),
        **{f"{side}_ms": round(value, 2) for side, value in middle.items()},
        ratio=round(middle[name] / middle["intona"], 2),
        **figures,
    )


def memory(process: int) -> list[int]:
    """Return the resident MiB of a process and of each of its children (Linux)."""
    try:
        listed = Path(f"/proc/{process}/task").glob("*/children")
        children = [int(child) for file in listed for child in file.read_text().split()]
        status = [Path(f"/proc/{one}/status").read_text() for one in (process, *children)]
        return [int(text.partition("VmRSS:")[2].split()[0]) // 1024 for text in status]
    except (OSError, IndexError):  # it has just ended
        return []
