// @ts-check
/** From arriving audio to the windows a model shall judge, in an order fixed by time alone. */

import { RATE } from "./audio.js";
import { concatenated, roundEven } from "./bytes.js";
import { Listener, refuseBroken, refuseOthers, speechOptions } from "./speech.js";

const LEFT_OVER = 0.25; // seconds; a region's end that the last window misses by more gets its own
const TOO_SHORT = 0.1; // seconds; what is shorter, after a cut at the maximum length, is no utterance
const PART = 10 * RATE; // samples; longer pushes are worked on in parts

/**
 * How speech is cut into windows and windows are merged into segments, in seconds.
 *
 * @typedef {{window: number, hop: number, minSegment: number,
 *   speech: import("./speech.js").SpeechOptions}} TimelineOptions
 * @typedef {Partial<Omit<TimelineOptions, "speech">> &
 *   {speech?: Partial<import("./speech.js").SpeechOptions>}} TimelineChanges
 * @typedef {{kind: "speech_start" | "window" | "tail" | "update" | "speech_end", start: number,
 *   end: number, samples: Float32Array}} Item something to do, in order
 */

/** @param {TimelineChanges} changes @returns {TimelineOptions} */
export function timelineOptions({
  window = 3,
  hop = 1.5,
  minSegment = 1.5,
  speech,
  ...others
} = {}) {
  refuseOthers("timeline options", others);
  refuseBroken("timeline options", [
    [window >= 0.5 && window <= 30, "window must lie between 0.5 and 30 s"],
    [hop >= 0.1 && hop <= window, "hop must lie between 0.1 s and the window"],
    [minSegment >= 0 && minSegment <= 60, "minSegment must lie between 0 and 60 s"],
  ]);
  return { window, hop, minSegment, speech: speechOptions(speech) };
}

/** Detects speech in arriving audio and cuts its windows; keeps no more than it may still need. */
export class Windower {
  /**
   * @param {import("./silero.js").Silero} network that has heard nothing
   * @param {TimelineOptions} options
   * @param {number | null} update also an `update` item every so many seconds of speech
   */
  constructor(network, options, update) {
    this.options = options;
    this.update = update;
    this.listener = new Listener(network, options.speech);
    this.buffer = new Float32Array();
    this.offset = 0; // samples before the buffer
    /** Start of the open region. @type {number | null} */
    this.region = null;
    this.windows = 0; // cut from it
    this.updates = 0;
  }

  /** @param {Float32Array} samples at 16 kHz @returns {AsyncGenerator<Item>} */
  async *push(samples) {
    for (let first = 0; first < samples.length; first += PART) {
      const part = samples.subarray(first, first + PART);
      this.buffer = concatenated(this.buffer, part);
      yield* this.take(await this.listener.steps(part));
    }
  }

  /** End the stream. @returns {AsyncGenerator<Item>} */
  async *flush() {
    yield* this.take(await this.listener.lastSteps());
  }

  /** @param {import("./speech.js").Step[]} steps @returns {Generator<Item>} */
  *take(steps) {
    for (const step of steps) yield* this.step(step);
    this.trim(steps.at(-1)?.heard ?? 0);
  }

  /** @param {import("./speech.js").Step} step @returns {Generator<Item>} */
  *step({ time, heard, edges }) {
    for (const edge of edges) {
      if (edge.kind === "start") {
        [this.region, this.windows] = [edge.time, 0];
        if (this.update !== null) this.updates = Math.ceil((time - edge.time) / this.update - 1e-9);
        yield this.item("speech_start", edge.time, edge.time);
      } else if (this.region !== null) {
        yield* this.close(this.region, edge.time);
      }
    }
    if (this.region === null) return;
    yield* this.regular(this.region, heard);
    if (this.update === null) return;
    for (;;) {
      const now = this.region + this.updates * this.update;
      if (now > time + 1e-9) return;
      this.updates += 1;
      yield this.cut("update", Math.max(this.region, now - this.options.window), now);
    }
  }

  /** @param {number} region @param {number} until @returns {Generator<Item>} */
  *regular(region, until) {
    const { window, hop } = this.options;
    // A region that ends before is heard as a whole.
    if (!this.windows && region + window + Math.min(hop, window / 2) > until + 1e-9) return;
    for (;;) {
      const start = region + this.windows * hop;
      if (start + window > until + 1e-9) return;
      this.windows += 1;
      yield this.cut("window", start, start + window);
    }
  }

  /** @param {number} region @param {number} end @returns {Generator<Item>} */
  *close(region, end) {
    yield* this.regular(region, end);
    const { window, hop } = this.options;
    const judged = this.windows ? region + (this.windows - 1) * hop + window : region;
    if (end - judged > (this.windows ? LEFT_OVER : TOO_SHORT)) {
      yield this.cut("tail", this.windows ? end - window : region, end);
    }
    yield this.item("speech_end", region, end);
    this.region = null;
  }

  /** @param {Item["kind"]} kind @param {number} start @param {number} end @returns {Item} */
  cut(kind, start, end) {
    const first = Math.max(0, roundEven(start * RATE) - this.offset);
    const samples = this.buffer.slice(first, first + roundEven((end - start) * RATE));
    return { ...this.item(kind, start, end), samples };
  }

  /** @param {Item["kind"]} kind @param {number} start @param {number} end @returns {Item} */
  item(kind, start, end) {
    return { kind, start, end, samples: new Float32Array() };
  }

  /** Forget what no later window can need. @param {number} heard */
  trim(heard) {
    const { window, hop } = this.options;
    const open = this.region !== null;
    const needed = open
      ? Math.max(this.region ?? 0, heard - window - hop)
      : this.listener.detector.settled;
    const surplus = Math.floor(needed * RATE) - this.offset;
    if (surplus <= 0) return;
    this.buffer = this.buffer.slice(surplus);
    this.offset += surplus;
  }
}
