// @ts-check
/** The live recogniser: push samples as they come, get events. */

import { RATE, requireSamples } from "./audio.js";
import { UsageError } from "./errors.js";
import { Resampler } from "./resample.js";

/** @typedef {import("./online.js").Event} Event */

export class Stream {
  /** Made by `Recognizer.stream`. @param {import("./online.js").Online} online @param {number} rate */
  constructor(online, rate) {
    this.online = online;
    this.resampler = rate === RATE ? null : new Resampler(rate, RATE);
    this.ended = false;
  }

  /**
   * Take the next samples; yield what happened. What is not finite is taken for a dropout: silence.
   *
   * @param {Float32Array} samples mono, in [-1, 1]
   * @returns {AsyncGenerator<Event>}
   */
  async *push(samples) {
    if (this.ended) throw new UsageError("this stream has ended: make a new one");
    requireSamples(samples);
    const sound = samples.map((sample) => (Number.isFinite(sample) ? sample : 0));
    yield* this.online.push(this.resampler ? this.resampler.push(sound) : sound);
  }

  /** End the stream; yield all that was still open. @returns {AsyncGenerator<Event>} */
  async *flush() {
    if (this.ended) return;
    this.ended = true;
    if (this.resampler) yield* this.online.push(this.resampler.flush());
    yield* this.online.flush();
  }
}
