"""Synthetic voices with emotions, so that tests, docs and quick starts need no download.

A glottal pulse train (Rosenberg 1971) with an aspiration noise excites a cascade of formant
resonators (Klatt 1980), syllable by syllable; an emotion sets pitch, pitch movement, loudness,
tempo and voice quality in the directions the literature reports (Scherer 2003, table 2). It
sounds like babble, passes as speech for a voice activity detector, and its emotions can be told
apart across speakers. It is no stand-in for real speech: results on it mean nothing.

- A. E. Rosenberg, "Effect of glottal pulse shape on the quality of natural vowels", JASA 49, 1971.
- D. H. Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67, 1980.
- K. R. Scherer, "Vocal communication of emotion", Speech Communication 40, 2003.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from intona.audio import Audio, resample
from intona.errors import UsageError

RATE = 16_000
SYLLABLES = 8
PAUSE = 0.25  # seconds of room noise before and after
NOISE = 1e-4  # its amplitude
LEVEL = 0.06  # root mean square of a neutral syllable, full scale is 1


@dataclass(frozen=True)
class Style:
    """How an emotion is spoken.

    Attributes:
        pitch: factor on the speaker's fundamental frequency.
        span: pitch movement over the utterance and its syllables, in semitones.
        slope: pitch drift from begin to end, in semitones (positive rises).
        loudness: in dB relative to neutral.
        tempo: syllables per second.
        brightness: corner of the source's low-pass in Hz; tense voices are bright.
        breath: aspiration noise relative to the pulses.
        jitter: random pitch variation from moment to moment, as a fraction.
        tremor: depth of a 6 Hz pitch modulation, as a fraction.
    """

    pitch: float = 1.0
    span: float = 2.0
    slope: float = -1.0
    loudness: float = 0.0
    tempo: float = 4.5
    brightness: float = 1500.0
    breath: float = 0.03
    jitter: float = 0.004
    tremor: float = 0.0


STYLES: dict[str, Style] = {
    "neutral": Style(),
    "calm": Style(0.95, 1.5, -1.0, -4.0, 3.8, 1200.0, 0.04),
    "happy": Style(1.35, 6.0, 1.5, 4.0, 5.2, 2400.0),
    "sad": Style(0.93, 1.5, -3.0, -7.0, 3.4, 1000.0, 0.05),
    "angry": Style(1.45, 4.0, -1.5, 9.0, 5.8, 4500.0, 0.02, 0.012),
    "fearful": Style(1.6, 3.0, 0.5, 0.0, 6.2, 1800.0, 0.10, 0.008, 0.04),
    "disgust": Style(0.9, 3.0, -4.0, 1.0, 3.4, 2200.0, 0.04, 0.025),
    "surprised": Style(1.5, 5.0, 9.0, 4.0, 4.2, 2600.0),
    "bored": Style(0.88, 0.8, -1.5, -3.0, 3.1, 1200.0),
}

# The first three formants of i, e, a, o, u and schwa for an adult male, in Hz (Peterson and
# Barney 1952, rounded); the fourth and fifth hardly move.
VOWELS = np.array(
    [
        [270, 2290, 3010],
        [530, 1840, 2480],
        [730, 1090, 2440],
        [570, 840, 2410],
        [300, 870, 2240],
        [500, 1500, 2500],
    ],
    float,
)
HIGH_FORMANTS = (3500.0, 4500.0)
BANDWIDTHS = (60.0, 90.0, 120.0, 170.0, 220.0)


def utterance(
    emotion: str,
    speaker: int = 0,
    take: int = 0,
    *,
    rate: int = RATE,
    seconds: float | None = None,
) -> Audio:
    """Speak about eight babbled syllables.

    Args:
        emotion: a key of :data:`STYLES`.
        speaker: which voice; even ones are low (male), odd ones high (female).
        take: which rendition: other syllables, slightly other prosody.
        rate: sample rate in Hz; nothing is above 8 kHz whatever the rate.
        seconds: exact length; ``None`` follows from the tempo (about 1.8 to 3.4 s).

    Returns:
        The same samples for the same arguments, peak below 1.

    Raises:
        UsageError: when the emotion is unknown, or ``seconds`` is shorter than one.

    Examples:
        >>> utterance("happy", speaker=3, seconds=2.0).duration
        2.0
    """
    if emotion not in STYLES:
        raise UsageError(f"no synthetic {emotion!r}: choose one of {', '.join(STYLES)}")
    if seconds is not None and seconds < 1:
        raise UsageError(f"a synthetic utterance needs at least 1 s, not {seconds:g} s")
    style = STYLES[emotion]
    rng = np.random.default_rng([list(STYLES).index(emotion), speaker, take])
    tempo = style.tempo * rng.uniform(0.93, 1.07)
    if seconds is None:
        count, total = SYLLABLES, SYLLABLES / tempo + 2 * PAUSE
    else:
        count, total = max(2, round((seconds - 2 * PAUSE) * tempo)), seconds
    voiced = round((total - 2 * PAUSE) * RATE)
    speech = _speak(style, _voice(speaker), count, voiced, rng)
    samples = rng.normal(0.0, NOISE, round(total * RATE))
    first = round(PAUSE * RATE)
    end = min(first + len(speech), len(samples))
    samples[first:end] += speech[: end - first]
    peak = float(np.abs(samples).max())
    if peak > 0.95:
        samples *= 0.95 / peak
    sound = samples.astype(np.float32)
    return Audio(resample(sound, RATE, rate), rate)


def corpus(
    folder: str | Path,
    *,
    emotions: Sequence[str] = ("neutral", "happy", "sad", "angry"),
    speakers: int = 4,
    first: int = 0,
    takes: int = 3,
    rate: int = RATE,
    style: str = "ravdess",
) -> Path:
    """Write a small corpus of wav files (16 bit) and return its folder.

    Args:
        folder: where; made if need be.
        emotions: keys of :data:`STYLES`.
        speakers: how many voices.
        first: the number of the first, so that another corpus has other voices.
        takes: renditions per speaker and emotion.
        rate: sample rate in Hz.
        style: ``"ravdess"`` names files as RAVDESS does, in ``Actor_01/`` and so on (``bored``
            has no code there; at most four takes of ``neutral`` and eight of the others fit);
            ``"folders"`` writes ``EMOTION/speaker01_1.wav``.

    Raises:
        UsageError: when an argument does not fit.
    """
    folder = Path(folder)
    name = {"ravdess": _ravdess_name, "folders": _folders_name}.get(style)
    if name is None:
        raise UsageError(f"no corpus style {style!r}: choose ravdess or folders")
    if speakers < 1 or takes < 1 or not emotions:
        raise UsageError("a corpus needs at least one speaker, one take and one emotion")
    for speaker in range(first, first + speakers):
        for emotion in emotions:
            for take in range(takes):
                sound = utterance(emotion, speaker, take, rate=rate)
                path = folder / name(emotion, speaker, take)
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, sound.samples, rate, subtype="PCM_16")
    return folder


def _ravdess_name(emotion: str, speaker: int, take: int) -> str:
    codes = list(STYLES)[:8]
    if emotion not in codes:
        raise UsageError(f"RAVDESS has no code for {emotion!r}: use the style 'folders'")
    if take >= (4 if emotion == "neutral" else 8) or speaker >= 99:
        raise UsageError("RAVDESS names hold 4 takes of neutral, 8 of the others, 99 speakers")
    statement, repetition, intensity = take % 2, take // 2 % 2, take // 4
    fields = (3, 1, codes.index(emotion) + 1, intensity + 1, statement + 1, repetition + 1)
    code = "-".join(f"{field:02d}" for field in (*fields, speaker + 1))
    return f"Actor_{speaker + 1:02d}/{code}.wav"


def _folders_name(emotion: str, speaker: int, take: int) -> str:
    return f"{emotion}/speaker{speaker + 1:02d}_{take + 1}.wav"


@dataclass(frozen=True)
class _Voice:
    pitch: float  # fundamental frequency of the neutral voice in Hz
    formants: float  # factor on the formants: a shorter vocal tract raises them
    loudness: float  # dB
    brightness: float  # factor


def _voice(speaker: int) -> _Voice:
    rng = np.random.default_rng([7, speaker])
    high = speaker % 2
    return _Voice(
        pitch=(205.0 if high else 118.0) * rng.uniform(0.9, 1.1),
        formants=(1.16 if high else 1.0) * rng.uniform(0.96, 1.04),
        loudness=rng.uniform(-1.5, 1.5),
        brightness=(2.2 if high else 1.0) * rng.uniform(0.85, 1.15),
    )


def _speak(
    style: Style, voice: _Voice, count: int, length: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    from scipy.signal import lfilter, sosfilt

    edges = np.concatenate([[0.0], np.cumsum(rng.uniform(0.8, 1.2, count))])
    edges = np.round(edges / edges[-1] * length).astype(int)
    source = _source(style, voice, edges, length, rng)
    speech = np.zeros(length + RATE // 10)
    loudness = LEVEL * 10 ** ((style.loudness + voice.loudness) / 20)
    for begin, end in pairwise(edges):
        size = end - begin
        envelope = _envelope(size) * 10 ** (rng.uniform(-2.0, 1.0) / 20)
        tail = np.zeros(len(speech[end : end + 400]))
        excitation = np.concatenate([source[begin:end] * envelope, tail])
        glide = np.clip(np.arange(len(excitation)) / size * 1.6 - 0.3, 0.0, 1.0)
        first, second = VOWELS[rng.choice(len(VOWELS), 2, replace=False)]
        sound = sosfilt(_resonators(first, voice), excitation * (1 - glide))
        sound += sosfilt(_resonators(second, voice), excitation * glide)
        sound *= loudness / max(float(np.sqrt(np.mean(sound[:size] ** 2))), 1e-9)
        if rng.random() < 0.6:  # a fricative begins the syllable
            burst = round(0.06 * RATE)
            hiss = np.diff(rng.normal(0.0, 1.0, burst + 1)) * np.hanning(burst)
            sound[:burst] += 0.35 * loudness * hiss[: len(sound)]
        speech[begin : begin + len(sound)] += sound
    return lfilter([1.0, -0.95], [1.0, -0.995], speech)


def _source(
    style: Style, voice: _Voice, edges: NDArray[np.int_], length: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Glottal flow derivative with aspiration noise, for the whole utterance."""
    from scipy.signal import lfilter

    time = np.arange(length) / RATE
    knots = (edges[:-1] + edges[1:]) / 2
    accents = rng.uniform(-0.5, 0.5, len(knots)) * style.span
    accents += style.slope * (np.arange(len(knots)) / max(1, len(knots) - 1) - 0.5)
    semitones = np.interp(np.arange(length), knots, accents)
    moments = np.arange(0.0, time[-1] + 0.01, 0.01)
    wobble = np.interp(time, moments, rng.normal(0.0, style.jitter, len(moments)))
    tremor = style.tremor * np.sin(2 * np.pi * 6.0 * time)
    base = voice.pitch * style.pitch * rng.uniform(0.96, 1.04)
    frequency = base * 2 ** (semitones / 12) * (1 + wobble + tremor)
    phase = np.cumsum(frequency) / RATE % 1.0
    opening, closing = 0.40, 0.16  # Rosenberg's pulse C, as fractions of the period
    flow = np.where(
        phase < opening,
        0.5 * (1 - np.cos(np.pi * phase / opening)),
        np.where(phase < opening + closing, np.cos(0.5 * np.pi * (phase - opening) / closing), 0.0),
    )
    flow += style.breath * rng.normal(0.0, 1.0, length) * (0.3 + flow)
    pole = np.exp(-2 * np.pi * style.brightness * voice.brightness / RATE)
    return lfilter([1 - pole], [1.0, -pole], np.diff(flow, prepend=0.0))


def _envelope(size: int) -> NDArray[np.float64]:
    """A syllable: quick rise, slower decay, not quite to nothing."""
    position = np.arange(size) / size
    return 0.08 + 0.92 * np.minimum(position / 0.2, 1.0) * np.minimum((1 - position) / 0.35, 1.0)


def _resonators(vowel: NDArray[np.float64], voice: _Voice) -> NDArray[np.float64]:
    """Second-order sections of Klatt's resonators, gain 1 at 0 Hz."""
    frequency = np.concatenate([vowel, HIGH_FORMANTS]) * voice.formants
    radius = np.exp(-np.pi * np.asarray(BANDWIDTHS) / RATE)
    b = 2 * radius * np.cos(2 * np.pi * frequency / RATE)
    c = -(radius**2)
    zero, one = np.zeros_like(b), np.ones_like(b)
    return np.stack([1 - b - c, zero, zero, one, -b, -c], axis=1)
