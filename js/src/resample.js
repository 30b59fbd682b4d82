// @ts-check
/**
 * Resampling: a windowed sinc with the pass band and the attenuation of soxr's quality HQ.
 *
 * It is not the same arithmetic as soxr's, so samples differ by about a hundredth of a per cent of
 * what lies in the pass band.
 */

import { concatenated } from "./bytes.js";

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
  const resampler = new Resampler(rate, target);
  return concatenated(resampler.push(samples), resampler.flush());
}

/** Resamples sound that arrives piece by piece; the cut makes no difference. */
export class Resampler {
  /** @param {number} rate of what arrives, in Hz @param {number} target wanted, in Hz */
  constructor(rate, target) {
    const common = divisor(rate, target);
    this.up = target / common;
    this.down = rate / common;
    const { rows, reach } = kernel(rate, target, Math.min(this.up, PHASES));
    this.rows = rows;
    this.reach = reach;
    this.held = new Float32Array(reach); // what came before the beginning is silence
    this.begin = -reach; // place of the first sample held
    this.arrived = 0; // samples
    this.made = 0;
  }

  /** @param {Float32Array} samples */
  push(samples) {
    this.arrived += samples.length;
    this.held = concatenated(this.held, samples);
    return this.take(Math.max(0, Math.ceil(((this.arrived - this.reach) * this.up) / this.down)));
  }

  /** End the sound; return what is left. */
  flush() {
    this.held = concatenated(this.held, new Float32Array(this.reach + 1));
    return this.take(Math.round((this.arrived * this.up) / this.down));
  }

  /** Make samples until there are so many of them. @param {number} count */
  take(count) {
    const { up, down, rows, reach } = this;
    const out = new Float32Array(Math.max(0, count - this.made));
    for (let i = 0; i < out.length; i++) {
      const position = (this.made + i) * down;
      let first = Math.floor(position / up) - reach + 1 - this.begin;
      let phase = Math.round(((position % up) * rows.length) / up);
      if (phase === rows.length) [phase, first] = [0, first + 1];
      const row = rows[phase];
      let sum = 0;
      for (let k = 0; k < row.length; k++) sum += row[k] * this.held[first + k];
      out[i] = sum;
    }
    this.made += out.length;
    const needed = Math.floor((this.made * down) / up) - reach + 1;
    const surplus = Math.min(needed - this.begin, this.held.length);
    if (surplus > 0) [this.held, this.begin] = [this.held.slice(surplus), this.begin + surplus];
    return out;
  }
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
