"""Codecs: what lossy coding and the telephone leave of a voice."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from intona.audio import core as audio
from intona.audio.transforms.filters import butterworth
from intona.audio.transforms.levels import keep_level, peak
from intona.audio.transforms.noise import coloured
from intona.errors import UsageError

if TYPE_CHECKING:
    import av

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Codec:
    """How FFmpeg (through PyAV) writes a format.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        container: FFmpeg's name of the file format.
        rates: the sample rates it takes, ascending, in Hz.
        sample_format: FFmpeg's name of the sample layout it wants.
        delay: samples the decoded signal lags behind, where the container does not say so.
    """

    encoder: str
    container: str
    rates: tuple[int, ...]
    sample_format: str
    delay: int = 0


_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)

CODECS: dict[str, Codec] = {
    "mp3": Codec("libmp3lame", "mp3", _MPEG_RATES, "fltp"),
    "aac": Codec("aac", "adts", _MPEG_RATES, "fltp", delay=1024),
    "opus": Codec("libopus", "ogg", (8_000, 12_000, 16_000, 24_000, 48_000), "flt"),
    "amr": Codec("libopencore_amrnb", "amr", (8_000,), "s16", delay=40),
    "g711": Codec("pcm_mulaw", "wav", (8_000,), "s16"),
}


def codec(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    kind: str,
    bit_rate: int | None = None,
) -> Samples:
    """Encode and decode with a codec of :data:`CODECS`; length and alignment are kept.

    The signal is resampled to the nearest rate the codec takes (not below its own where
    there is one) and back, and the codec's delay removed.

    Args:
        samples: shape ``(n,)``.
        rate: sample rate in Hz.
        rng: not used.
        kind: ``"mp3"``, ``"aac"``, ``"opus"``, ``"amr"`` (AMR narrow band) or ``"g711"``
            (mu-law).
        bit_rate: bits per second; ``None`` is the encoder's default.

    Raises:
        UsageError: when the codec is unknown, or this build of FFmpeg cannot write it.
    """
    if kind not in CODECS:
        raise UsageError(f"no codec named {kind!r}: there are {', '.join(CODECS)}")
    spec = CODECS[kind]
    coded = next((own for own in spec.rates if own >= rate), spec.rates[-1])
    sent = audio.resample(samples, rate, coded)
    received = _decode(encode(sent, coded, kind, bit_rate), coded)
    aligned = received[spec.delay : spec.delay + sent.size]
    back = audio.resample(aligned, coded, rate)[: samples.size]
    return np.pad(back, (0, samples.size - back.size))


def compress(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    threshold: float = -20.0,
    ratio: float = 0.8,
    attack: float = 0.01,
    release: float = 0.02,
) -> Samples:
    """Compress the dynamics: above ``threshold``, a change of 1 dB becomes ``ratio`` dB.

    0 dB stays 0 dB, so below the threshold everything is ``(ratio - 1) * threshold`` dB
    louder. The level follows the absolute value by exponential smoothing, as the command
    ``compand`` of SoX does.

    Args:
        samples: shape ``(n,)``.
        rate: sample rate in Hz.
        rng: not used.
        threshold: in dB of full scale.
        ratio: slope of output over input level above the threshold.
        attack: time constant in seconds while the level rises.
        release: time constant in seconds while it falls.
    """
    up, down = (1.0 - np.exp(-1.0 / (rate * time)) for time in (attack, release))
    magnitude = np.abs(samples.astype(np.float64)).tolist()
    level, levels = 0.0, []
    for value in magnitude:
        change = value - level
        level += change * (up if change > 0 else down)
        levels.append(level)
    db = 20.0 * np.log10(np.maximum(levels, 1e-6))
    gain = (ratio - 1.0) * np.maximum(db, threshold)
    return (samples * 10.0 ** (gain / 20.0)).astype(np.float32)


def phone(
    samples: Samples,
    rate: int,
    rng: np.random.Generator,
    *,
    bit_rate: int = 7400,
    noise: float = -25.0,
) -> Samples:
    """Send the voice through a poor telephone, keeping its level if nothing clips.

    After the low-quality phone of audEERING's ser-tests: at 8 kHz peak normalisation and a
    compressor (threshold -20 dB, ratio 0.8, 10 and 20 ms) with clipping at full scale, AMR
    narrow band at ``bit_rate`` bits/s, back to the old rate, peak normalisation, and pink
    noise high-passed at 3 kHz (order 2) over the whole band.

    Args:
        samples: shape ``(n,)``.
        rate: sample rate in Hz, above 6 kHz.
        rng: draws the noise.
        bit_rate: 4750, 5150, 5900, 6700, 7400, 7950, 10200 or 12200.
        noise: peak of the pink noise before the high-pass, in dB of full scale.
    """
    top = peak(samples)
    if top == 0.0:
        return samples.copy()
    narrow = audio.resample(samples, rate, 8_000)
    squeezed = compress(narrow / max(peak(narrow), 1e-9), 8_000, rng)
    coded = codec(np.clip(squeezed, -1.0, 1.0), 8_000, rng, kind="amr", bit_rate=bit_rate)
    wide = audio.resample(coded, 8_000, rate)[: samples.size]
    wide = np.pad(wide, (0, samples.size - wide.size))
    pink = coloured(samples.size, rng, 1.0)
    pink = pink / peak(pink) * np.float32(10.0 ** (noise / 20.0))
    hiss = butterworth(pink, rate, "highpass", 3_000.0, 2)
    return keep_level(wide / max(peak(wide), 1e-9) + hiss, samples)


def encode(samples: Samples, rate: int, kind: str, bit_rate: int | None = None) -> bytes:
    """Return the samples as a file in one of :data:`CODECS`.

    Args:
        samples: shape ``(n,)``; what lies beyond full scale is clipped.
        rate: sample rate in Hz, one of those the codec takes.
        kind: name of the codec.
        bit_rate: bits per second; ``None`` is the encoder's default.

    Raises:
        UsageError: this build of FFmpeg cannot write it.
    """
    import av

    spec = CODECS[kind]
    target = io.BytesIO()
    try:
        with av.open(target, "w", format=spec.container) as container:
            stream = cast("av.AudioStream", container.add_stream(spec.encoder, rate=rate))
            stream.layout = "mono"
            stream.format = spec.sample_format
            if bit_rate is not None:
                stream.bit_rate = bit_rate
            pcm = (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)[None, :]
            frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, 0
            container.mux([*stream.encode(frame), *stream.encode(None)])
    except (av.FFmpegError, ValueError) as error:
        raise UsageError(
            f"this build of FFmpeg cannot write {spec.encoder} at {bit_rate} bits/s: {error}"
        ) from error
    return target.getvalue()


def _decode(content: bytes, rate: int) -> Samples:
    import av

    with av.open(io.BytesIO(content), "r") as container:
        convert = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        frames = [out for frame in container.decode(audio=0) for out in convert.resample(frame)]
        frames += convert.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
