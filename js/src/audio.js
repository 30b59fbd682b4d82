// @ts-check
/** Audio: mono samples and a rate, from a file's bytes or from channels. */

import { bytesOf, roundEven } from "./bytes.js";
import { AudioError, UsageError } from "./errors.js";
import { rateOf } from "./headers.js";
import { resample } from "./resample.js";
import { wavOf } from "./wav.js";

export const RATE = 16_000;
export const LONGEST = 30; // seconds of a block

const MIN_RATE = 1000;
const MIN_SECONDS = 0.01;
const MAX_PEAK = 64;
const OPPOSED = -0.7; // correlation below which two channels cancel rather than add
const FAINT = 1e-8; // mean square below which nobody hears a channel

/** @typedef {{samples: Float32Array, rate: number}} Audio mono, nominally in [-1, 1] */

/**
 * Decode a recording: wav anywhere, what the browser plays in a browser.
 *
 * @param {import("./bytes.js").Source | Blob} source
 * @returns {Promise<Audio>}
 */
export async function decode(source) {
  const bytes = await bytesOf(source instanceof Blob ? await source.arrayBuffer() : source);
  if (!bytes.length) throw new AudioError("the recording is empty: record it again");
  const found = wavOf(bytes) ?? (await decodedByBrowser(bytes));
  return audioOf(found.channels, found.rate);
}

/**
 * Mix channels to one: their mean without what would cancel a louder one, second by second.
 *
 * @param {Float32Array[]} channels of the same length
 * @param {number} rate in Hz
 * @returns {Audio}
 */
export function audioOf(channels, rate) {
  if (!Array.isArray(channels)) throw new UsageError("give a list of channels");
  channels.forEach(requireSamples);
  const length = channels[0]?.length ?? 0;
  if (channels.some((channel) => channel.length !== length)) {
    throw new UsageError("the channels have different lengths: they are of one recording");
  }
  if (channels.length < 2) return checked({ samples: channels[0] ?? new Float32Array(), rate });
  const samples = new Float32Array(length);
  const step = Math.max(1, Math.round(rate));
  for (let first = 0; first < length; first += step) {
    const parts = channels.map((channel) => channel.subarray(first, first + step));
    const kept = addable(parts);
    for (let i = 0; i < parts[0].length; i++) {
      let sum = 0;
      for (const part of kept) sum += part[i];
      samples[first + i] = sum / kept.length;
    }
  }
  return checked({ samples, rate });
}

/**
 * Refuse samples of another type; their range would be another as well.
 *
 * @param {unknown} samples
 */
export function requireSamples(samples) {
  if (samples instanceof Float32Array) return;
  throw new UsageError("give samples as a Float32Array in [-1, 1], mono: { samples, rate }");
}

/**
 * Refuse what is no sound.
 *
 * @param {Audio} audio
 * @returns {Audio} the same
 */
export function checked(audio) {
  const { samples, rate } = audio ?? {};
  requireSamples(samples);
  if (typeof rate !== "number") throw new UsageError("give a rate, in Hz, beside the samples");
  if (!(rate >= MIN_RATE))
    throw new AudioError(`the recording claims ${rate} samples per second: no speech fits`);
  if (!samples.length) throw new AudioError("the recording has no samples: record it again");
  if (samples.length < MIN_SECONDS * rate) {
    throw new AudioError(
      `the recording has only ${samples.length} samples: give at least 10 ms of sound`,
    );
  }
  let peak = 0;
  for (const sample of samples) {
    if (!Number.isFinite(sample))
      throw new AudioError("the recording holds NaN or infinite samples: export it again");
    peak = Math.max(peak, Math.abs(sample));
  }
  if (peak > MAX_PEAK) {
    throw new AudioError(
      `the recording reaches ${peak.toFixed(0)} where full scale is 1: divide its samples by their range`,
    );
  }
  return audio;
}

/**
 * The stretch between two times.
 *
 * @param {Audio} audio
 * @param {number} start in seconds
 * @param {number | null} end in seconds; `null` for the end of the recording
 * @returns {Audio}
 */
export function stretch({ samples, rate }, start, end) {
  if (!(start >= 0 && start < Infinity))
    throw new UsageError(`cannot read from ${start} s: start must be 0 or later`);
  if (end !== null && !(end > start))
    throw new UsageError(`cannot read from ${start} s to ${end} s: the end must be later`);
  const last = end === null ? samples.length : roundEven(end * rate);
  const part = samples.subarray(roundEven(start * rate), last);
  if (!part.length)
    throw new AudioError(`the recording has no audio between ${start} s and ${end ?? "its end"}`);
  return { samples: part, rate };
}

/**
 * Cut into blocks of at most 30 s.
 *
 * @param {Audio} audio
 * @returns {Audio[]}
 */
export function blocksOf({ samples, rate }) {
  const size = Math.max(1, Math.round(LONGEST * rate));
  const count = Math.ceil(samples.length / size);
  return Array.from({ length: count }, (_, k) => ({
    samples: samples.subarray(k * size, (k + 1) * size),
    rate,
  }));
}

/** The same sound at 16 kHz. @param {Audio} audio @returns {Float32Array} */
export function at16k({ samples, rate }) {
  return resample(samples, rate, RATE);
}

/** Channels from the loudest down, without those opposed to one chosen. @param {Float32Array[]} parts */
function addable(parts) {
  const products = parts.map((one) => parts.map((other) => meanProduct(one, other)));
  if (!products.flat().some((value) => value < 0)) return parts;
  const loudest = parts.map((_, k) => k).sort((a, b) => products[b][b] - products[a][a]);
  /** @type {number[]} */
  const kept = [];
  for (const one of loudest) {
    const opposed = kept.some((other) => {
      return (
        products[one][other] < OPPOSED * Math.sqrt(products[one][one] * products[other][other])
      );
    });
    if (products[one][one] < FAINT || !opposed) kept.push(one);
  }
  return parts.filter((_, k) => kept.includes(k));
}

/** @param {Float32Array} one @param {Float32Array} other */
function meanProduct(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum / one.length;
}

/**
 * Let the browser decode, at the file's own rate where its header tells: our resampler is the better.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<{channels: Float32Array[], rate: number}>}
 */
async function decodedByBrowser(bytes) {
  if (typeof OfflineAudioContext === "undefined") {
    throw new AudioError(
      "outside a browser only wav of plain numbers is read: convert the recording, or give { samples, rate }",
    );
  }
  const context = new OfflineAudioContext(1, 1, rateOf(bytes) ?? 48_000);
  try {
    const buffer = await context.decodeAudioData(bytes.slice().buffer);
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, k) =>
      buffer.getChannelData(k),
    );
    return { channels, rate: buffer.sampleRate };
  } catch {
    throw new AudioError(
      "this browser cannot decode the recording: convert it, for example to wav or mp3",
    );
  }
}
