// @ts-check
/** What a recording looks like: loudness over time, and frequencies over time. */

const LONGEST = 45 * 60; // seconds; decoding more would take gigabytes in the browser
const SIZE = 1024;
const TOP = 8000; // Hz, the upper edge of the spectrogram
const RATE = 16000;

/**
 * Decode a file to its channels at 16 kHz, or return null where the browser cannot.
 *
 * @param {File} file
 * @param {number} duration in seconds, as far as known
 * @returns {Promise<Float32Array[] | null>}
 */
export async function decode(file, duration) {
  if (duration > LONGEST) return null;
  try {
    const context = new OfflineAudioContext(1, 1, RATE);
    const buffer = await context.decodeAudioData(await file.arrayBuffer());
    return Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel));
  } catch {
    return null;
  }
}

/** The mean of channels of equal length. @param {Float32Array[]} channels */
export function mixed(channels) {
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(channels[0].length);
  for (const data of channels) {
    for (let i = 0; i < data.length; i++) mono[i] += data[i] / channels.length;
  }
  return mono;
}

/**
 * Loudness of equal stretches, each in 0..1 of the loudest.
 *
 * @param {Float32Array} samples
 * @param {number} columns
 */
export function loudness(samples, columns) {
  const values = new Float32Array(columns);
  let top = 1e-4;
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * samples.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * samples.length) / columns));
    let peak = 0;
    let power = 0;
    for (let i = from; i < to && i < samples.length; i++) {
      const value = Math.abs(samples[i]);
      if (value > peak) peak = value;
      power += value * value;
    }
    values[column] = 0.45 * peak + 0.55 * Math.sqrt(power / (to - from));
    if (values[column] > top) top = values[column];
  }
  return values.map((value) => value / top);
}

/**
 * Log power of `columns` windows, `rows` bands from 0 to 8 kHz, each in 0..1 over 70 dB.
 *
 * @param {Float32Array} samples
 * @param {number} columns
 * @param {number} rows
 */
export function spectrogram(samples, columns, rows) {
  const powers = new Float32Array(columns * rows);
  const turn = (2 * Math.PI) / SIZE;
  const window = Float32Array.from({ length: SIZE }, (_, i) => 0.5 * (1 - Math.cos(turn * i)));
  const real = new Float32Array(SIZE);
  const imaginary = new Float32Array(SIZE);
  let top = -Infinity;
  for (let column = 0; column < columns; column++) {
    const centre = Math.floor(((column + 0.5) * samples.length) / columns);
    for (let i = 0; i < SIZE; i++) {
      real[i] = (samples[centre - SIZE / 2 + i] || 0) * window[i];
      imaginary[i] = 0;
    }
    transform(real, imaginary);
    for (let row = 0; row < rows; row++) {
      // The ear's axis: fine below 1 kHz, coarse above.
      const hertz = mel(((row + 0.5) / rows) * melOf(TOP));
      const bin = Math.min(SIZE / 2 - 1, Math.round((hertz / RATE) * SIZE));
      const decibel = 10 * Math.log10(real[bin] ** 2 + imaginary[bin] ** 2 + 1e-9);
      powers[column * rows + row] = decibel;
      if (decibel > top) top = decibel;
    }
  }
  return powers.map((value) => Math.max(0, 1 - (top - value) / 70));
}

/** @param {number} hertz */
const melOf = (hertz) => 2595 * Math.log10(1 + hertz / 700);
/** @param {number} value */
const mel = (value) => 700 * (10 ** (value / 2595) - 1);

/**
 * In-place radix-2 Fourier transform.
 *
 * @param {Float32Array} real
 * @param {Float32Array} imaginary
 */
function transform(real, imaginary) {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let length = 2; length <= size; length <<= 1) {
    const angle = (-2 * Math.PI) / length;
    for (let k = 0; k < length / 2; k++) {
      const [cosine, sine] = [Math.cos(angle * k), Math.sin(angle * k)];
      for (let first = k; first < size; first += length) {
        const second = first + length / 2;
        const a = real[second] * cosine - imaginary[second] * sine;
        const b = real[second] * sine + imaginary[second] * cosine;
        real[second] = real[first] - a;
        imaginary[second] = imaginary[first] - b;
        real[first] += a;
        imaginary[first] += b;
      }
    }
  }
}
