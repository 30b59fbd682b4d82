// @ts-check
/** Adaptation: embeddings judged against what surrounds them, by mean and deviation. */

import { halvesOf } from "./bytes.js";

const MEAN_WEIGHT = 2; // utterances that the training material's mean counts
const DEVIATION_WEIGHT = 20; // and its deviation
const NEUTRAL_WEIGHT = 8; // its mean against neutral speech
const SMALLEST = 0.05; // deviation

/** @typedef {{count: number, mean: Float64Array, deviation: Float64Array}} Statistics of embeddings */

/** Sums over embeddings that come one after the other. */
export class Running {
  constructor() {
    this.count = 0;
    this.sum = new Float64Array();
    this.squares = new Float64Array();
  }

  /** @param {ArrayLike<number>} embedding */
  add(embedding) {
    if (!this.count) this.sum = this.squares = new Float64Array(embedding.length);
    this.sum = this.sum.map((value, k) => value + embedding[k]);
    this.squares = this.squares.map((value, k) => value + embedding[k] ** 2);
    this.count += 1;
  }

  /** @returns {Statistics} of what has been counted, which is at least one */
  statistics() {
    const mean = this.sum.map((value) => value / this.count);
    const deviation = this.squares.map((value, k) =>
      this.count > 1 ? Math.sqrt(Math.max(value / this.count - mean[k] ** 2, 0)) : 1,
    );
    return { count: this.count, mean, deviation };
  }
}

/**
 * What the graph subtracts from the embedding and divides it by.
 *
 * @param {Statistics} statistics of the speech
 * @param {{difference?: string}} adaptation of the model's metadata
 * @param {boolean} neutral whether it is neutral speech, which lies elsewhere than varied speech
 * @returns {{centre: Float32Array, scale: Float32Array}}
 */
export function standardisation({ count, mean, deviation }, { difference }, neutral) {
  if (neutral && difference !== undefined) {
    const shift = halvesOf(difference);
    const centre = Float32Array.from(
      mean,
      (value, k) => (count * (value + shift[k])) / (count + NEUTRAL_WEIGHT),
    );
    return { centre, scale: new Float32Array(mean.length).fill(1) };
  }
  return {
    centre: Float32Array.from(mean, (value) => (count * value) / (count + MEAN_WEIGHT)),
    scale: Float32Array.from(
      deviation,
      (value) => Math.max(value, SMALLEST) ** (count / (count + DEVIATION_WEIGHT)),
    ),
  };
}
