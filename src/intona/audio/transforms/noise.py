"""Background noise: tones, coloured noise, environments, and recordings of one's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from intona.audio.transforms.bank import Bank
from intona.audio.transforms.filters import butterworth
from intona.audio.transforms.levels import mix, peak
from intona.errors import UsageError

Samples = NDArray[np.float32]


def coloured(count: int, rng: np.random.Generator, exponent: float) -> Samples:
    """Return Gaussian noise of unit power whose power falls as ``1 / f ** exponent``.

    0 is white, 1 pink, 2 brown.
    """
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.arange(spectrum.size, dtype=np.float64)
    frequency[0] = 1.0
    shaped = spectrum * frequency ** (-exponent / 2)
    if exponent:
        shaped[0] = 0.0
    noise = np.fft.irfft(shaped, count)
    return (noise / max(float(np.sqrt(np.mean(noise**2))), 1e-12)).astype(np.float32)


def tone(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    snr: float,
    low: float = 5000.0,
    high: float = 7000.0,
) -> Samples:
    """Add a sine between ``low`` and ``high`` Hz whose peak lies ``snr`` dB below the signal's.

    Above 0.45 times the rate there is no room: the range is lowered to end there.
    """
    top = min(high, 0.45 * rate)
    frequency = rng.uniform(min(low, top), top)
    phase = rng.uniform(0, 2 * np.pi)
    sine = np.sin(2 * np.pi * frequency / rate * np.arange(samples.size) + phase)
    return (samples + peak(samples) * 10.0 ** (-snr / 20.0) * sine).astype(np.float32)


def white_noise(samples: Samples, rate: int, rng: np.random.Generator, *, snr: float) -> Samples:
    """Add Gaussian white noise at a signal-to-noise ratio of ``snr`` dB."""
    return mix(samples, rng.standard_normal(samples.size).astype(np.float32), snr)


def pink_noise(samples: Samples, rate: int, rng: np.random.Generator, *, snr: float) -> Samples:
    """Add noise whose power falls by 3 dB an octave, at ``snr`` dB."""
    return mix(samples, coloured(samples.size, rng, 1.0), snr)


def recorded(
    samples: Samples, rate: int, rng: np.random.Generator, *, bank: Bank, snr: float
) -> Samples:
    """Add a random stretch of a random recording of ``bank`` at ``snr`` dB."""
    return mix(samples, bank.draw(rng, samples.size, rate), snr)


def babble(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    bank: Bank,
    snr: float,
    fewest: int = 4,
    most: int = 7,
) -> Samples:
    """Add ``fewest`` to ``most`` talkers of ``bank``, equally loud, together at ``snr`` dB.

    They are different recordings as long as the bank has enough.
    """
    talkers = int(rng.integers(fewest, most + 1))
    known = len(bank.signals)
    crowd = np.zeros(samples.size, dtype=np.float32)
    for which in rng.choice(known, talkers, replace=known < talkers):
        voice = bank.draw(rng, samples.size, rate, int(which))
        crowd += voice / max(float(np.sqrt(np.mean(voice**2))), 1e-9)
    return mix(samples, crowd, snr)


def environment(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    snr: float,
    kind: str | None = None,
) -> Samples:
    """Add a synthetic environment of :data:`ENVIRONMENTS` (a random one) at ``snr`` dB.

    Raises:
        UsageError: when ``kind`` is unknown.
    """
    return mix(samples, environment_noise(samples.size, rate, rng, kind), snr)


def environment_noise(
    count: int, rate: int, rng: np.random.Generator, kind: str | None = None
) -> Samples:
    """Return ``count`` samples of an environment, at no particular level.

    Raises:
        UsageError: when ``kind`` is unknown.
    """
    name = kind or str(rng.choice(sorted(ENVIRONMENTS)))
    if name not in ENVIRONMENTS:
        raise UsageError(f"no environment named {name!r}: there are {', '.join(ENVIRONMENTS)}")
    return ENVIRONMENTS[name](count, rate, rng).astype(np.float32)


def _rain(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Hiss above 1 kHz and about thirty drops a second."""
    hiss = butterworth(coloured(count, rng, 0.5), rate, "highpass", 1000.0, 2)
    drops = np.zeros(count)
    hits = rng.integers(0, count, size=max(1, round(30 * count / rate)))
    drops[hits] = rng.exponential(6.0, size=hits.size)
    ring = np.exp(-np.arange(round(0.004 * rate)) / (0.001 * rate))
    return hiss + np.convolve(drops, ring)[:count] * rng.standard_normal(count)


def _wind(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Brown noise that swells and fades below two hertz."""
    knots = max(2, round(2 * count / rate))
    gust = np.interp(np.arange(count), np.linspace(0, count, knots), rng.uniform(0.1, 1, knots))
    return coloured(count, rng, 2.0) * gust


def _engine(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Thirty harmonics of a slowly wandering fundamental of 25 to 60 Hz, over brown noise."""
    wander = 1 + 0.02 * np.sin(2 * np.pi * 0.7 * np.arange(count) / rate + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(rng.uniform(25, 60) * wander) / rate
    hum = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 31))
    return np.asarray(hum) + 0.5 * coloured(count, rng, 1.5)


def _fan(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Pink noise with mains hum and a blade tone."""
    time = np.arange(count) / rate
    blade = rng.uniform(120, 240)
    tones = np.sin(2 * np.pi * 50 * time) + 0.5 * np.sin(2 * np.pi * blade * time)
    return coloured(count, rng, 1.0) + 0.4 * tones


def _beeps(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Telephone keys: pairs of tones of 100 ms, three a second."""
    time = np.arange(count) / rate
    keys = rng.integers(0, 12, size=int(np.ceil(3 * count / rate)) + 1)
    key = keys[(3 * time).astype(int)]
    low = np.array([697.0, 770.0, 852.0, 941.0])[key // 3]
    high = np.array([1209.0, 1336.0, 1477.0])[key % 3]
    on = (3 * time) % 1.0 < 0.3
    return on * (np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time))


def _steps(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Footsteps, about two a second: dull thuds of 60 ms and a scrape."""
    out = 0.03 * coloured(count, rng, 1.0).astype(np.float64)
    length = round(0.15 * rate)
    decay = np.exp(-np.arange(length) / (0.02 * rate))
    start = int(rng.uniform(0, 0.5) * rate)
    while start < count:
        thud = decay * butterworth(coloured(length, rng, 1.0), rate, "lowpass", 400.0, 2)
        stop = min(start + length, count)
        out[start:stop] += thud[: stop - start]
        start += round(rng.uniform(0.4, 0.6) * rate)
    return out


ENVIRONMENTS: dict[str, Callable[[int, int, np.random.Generator], NDArray[np.floating]]] = {
    "beeps": _beeps,
    "engine": _engine,
    "fan": _fan,
    "rain": _rain,
    "steps": _steps,
    "wind": _wind,
}
