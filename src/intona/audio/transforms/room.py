"""Rooms: impulse responses by the image-source method, and convolution with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from intona.audio.transforms.bank import Bank
from intona.audio.transforms.levels import keep_level
from intona.errors import UsageError

Samples = NDArray[np.float32]

SPEED_OF_SOUND = 343.0


@dataclass(frozen=True)
class Shoebox:
    """A rectangular room with equal walls.

    Attributes:
        size: length, width and height in metres.
        decay: reverberation time T60 in seconds.
    """

    size: tuple[float, float, float]
    decay: float


ROOMS: dict[str, Shoebox] = {
    "booth": Shoebox((2.4, 1.9, 2.2), 0.1),
    "car": Shoebox((2.6, 1.5, 1.2), 0.08),
    "office": Shoebox((4.5, 3.4, 2.7), 0.45),
    "living_room": Shoebox((6.1, 4.7, 2.6), 0.6),
    "kitchen": Shoebox((3.6, 2.9, 2.5), 0.7),
    "meeting_room": Shoebox((8.2, 5.6, 2.9), 0.55),
    "lecture_hall": Shoebox((12.0, 9.5, 4.2), 0.9),
}


def room(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    kind: str = "office",
    distance: float = 1.0,
    angle: float = 0.0,
) -> Samples:
    """Place the voice in a room of :data:`ROOMS`, as heard from ``distance`` metres.

    Level and alignment are kept (the direct sound arrives at once), and so is the length.

    Args:
        samples: shape ``(n,)``.
        rate: sample rate in Hz.
        rng: not used: the room is deterministic.
        kind: which room.
        distance: from mouth to microphone in metres.
        angle: direction of the microphone from the talker in degrees.

    Raises:
        UsageError: when the room is unknown or the microphone would stand outside it.
    """
    if kind not in ROOMS:
        raise UsageError(f"no room named {kind!r}: there are {', '.join(ROOMS)}")
    return convolve(samples, impulse_response(ROOMS[kind], distance, angle, rate))


def recorded_room(samples: Samples, rate: int, rng: np.random.Generator, *, bank: Bank) -> Samples:
    """Convolve with a random impulse response of ``bank``, from its largest peak on."""
    response = bank.pick(rng, rate)
    return convolve(samples, response[int(np.argmax(np.abs(response))) :])


def convolve(samples: Samples, response: Samples) -> Samples:
    """Convolve and cut to the length of ``samples``, keeping the level if nothing clips."""
    from scipy.signal import oaconvolve

    return keep_level(oaconvolve(samples, response)[: samples.size], samples)


@lru_cache(maxsize=64)
def impulse_response(box: Shoebox, distance: float, angle: float, rate: int) -> Samples:
    """Return the impulse response between a talker and a microphone, direct sound first.

    Image sources after Allen and Berkley (1979), "Image method for efficiently simulating
    small-room acoustics", JASA 65(4); the reflection coefficient of the walls follows from
    the reverberation time by Eyring's formula; each arrival is split linearly between the
    two nearest samples, and a first-order high-pass at 60 Hz removes the method's offset.

    Args:
        box: the room.
        distance: from talker to microphone in metres. The two stand symmetrically about a
            point a little off the middle of the room, at heights of 1.5 and 1.2 m at most.
        angle: of the line from talker to microphone in the plane, in degrees.
        rate: sample rate in Hz.

    Returns:
        Shape ``(round(decay * rate),)``, the direct sound at 1 in the first sample.

    Raises:
        UsageError: when talker or microphone would stand outside the room.
    """
    size = np.asarray(box.size)
    centre = size * (0.47, 0.53, 0.5)
    centre[2] = min(1.35, 0.5 * size[2])
    half = 0.5 * distance * np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle)), 0.0])
    source, microphone = centre - half, centre + half
    if np.any(np.minimum(source, microphone) < 0.05) or np.any(
        np.maximum(source, microphone) > size - 0.05
    ):
        raise UsageError(
            f"{distance} m at {angle} degrees does not fit a room of "
            f"{' x '.join(str(side) for side in box.size)} m"
        )
    volume = float(np.prod(size))
    surface = 2 * float(size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    reflection = np.exp(-0.161 * volume / (2 * surface * box.decay))
    axes = [
        _images(size[k], source[k], microphone[k], SPEED_OF_SOUND * box.decay + distance)
        for k in range(3)
    ]
    (dx, nx), (dy, ny), (dz, nz) = axes
    count = round(box.decay * rate)
    response = np.zeros(count + 2)
    plane = dy[:, None] ** 2 + dz[None, :] ** 2
    bounces = ny[:, None] + nz[None, :]
    direct = float(np.linalg.norm(source - microphone))
    for x, n in zip(dx, nx, strict=True):
        path = np.sqrt(x * x + plane)
        delay = (path - direct) / SPEED_OF_SOUND * rate
        near = delay < count
        when = delay[near]
        strength = reflection ** (n + bounces[near]) * direct / path[near]
        first = when.astype(np.int64)
        part = when - first
        response += np.bincount(first, strength * (1 - part), minlength=count + 2)[: count + 2]
        response += np.bincount(first + 1, strength * part, minlength=count + 2)[: count + 2]
    return _without_offset(response[:count], rate)


def _images(
    side: float, source: float, microphone: float, reach: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return distances along one axis to every image within ``reach``, and their wall hits."""
    order = int(np.ceil(reach / (2 * side))) + 1
    n = np.arange(-order, order + 1)
    distance = np.concatenate([2 * n * side + source, 2 * n * side - source]) - microphone
    hits = np.concatenate([np.abs(2 * n), np.abs(2 * n - 1)])
    return distance, hits


def _without_offset(response: NDArray[np.float64], rate: int) -> Samples:
    from scipy.signal import butter, sosfilt

    filtered = sosfilt(butter(1, 60.0, btype="highpass", fs=rate, output="sos"), response)
    return (filtered / filtered[0]).astype(np.float32)
