// @ts-check
/**
 * Resampling: a windowed sinc with the pass band and the attenuation of soxr's quality HQ.
 *
 * It is not the same arithmetic as soxr's, so samples differ by about a hundredth of a per cent of
 * what lies in the pass band.
 */

const PASS = 0.9131; // of the lower Nyquist frequency; above, until 1, the response falls
const ATTENUATION = 120; // dB
const PHASES = 4096; // positions between two samples that are told apart, at most

/**
 * @param {Float32Array} samples
 * @param {number} rate their rate in Hz
 * @param {number} target wanted, in Hz
 * @returns {Float32Array} `round(samples.length * target / rate)` samples
 */
export function resample(samples, rate, target) {
  if (rate === target) return samples;
  const common = divisor(rate, target);
  const [up, down] = [target / common, rate / common];
  const { rows, reach } = kernel(rate, target, Math.min(up, PHASES));
  const [count, taps] = [rows.length, 2 * reach];
  const out = new Float32Array(Math.round((samples.length * target) / rate));
  for (let i = 0; i < out.length; i++) {
    const position = i * down;
    let first = Math.floor(position / up);
    let phase = Math.round(((position % up) * count) / up);
    if (phase === count) [phase, first] = [0, first + 1];
    first -= reach - 1;
    const row = rows[phase];
    const last = Math.min(taps, samples.length - first);
    let sum = 0;
    for (let k = Math.max(0, -first); k < last; k++) sum += row[k] * samples[first + k];
    out[i] = sum;
  }
  return out;
}

/**
 * The filter at each of so many positions between two samples.
 *
 * @param {number} rate @param {number} target @param {number} phases
 */
function kernel(rate, target, phases) {
  const nyquist = Math.min(rate, target) / 2;
  const cutoff = ((1 + PASS) * nyquist) / rate; // twice the middle of the slope, per sample
  const width = ((1 - PASS) * nyquist) / rate;
  const half = (ATTENUATION - 7.95) / (2.285 * 4 * Math.PI * width);
  const beta = 0.1102 * (ATTENUATION - 8.7);
  const reach = Math.ceil(half);
  const rows = Array.from({ length: phases }, (_, phase) =>
    Float64Array.from({ length: 2 * reach }, (_, k) => {
      const distance = k - reach + 1 - phase / phases;
      const edge = 1 - (distance / half) ** 2;
      if (edge < 0) return 0;
      return (cutoff * sinc(cutoff * distance) * bessel(beta * Math.sqrt(edge))) / bessel(beta);
    }),
  );
  return { rows, reach };
}

/** @param {number} x */
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The modified Bessel function of order 0. @param {number} x */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} a @param {number} b @returns {number} */
const divisor = (a, b) => (b ? divisor(b, a % b) : a);
