// @ts-check
/** Voice activity: from probabilities of speech to regions, as intona.audio.vad does. */

import { RATE } from "./audio.js";
import { concatenated } from "./bytes.js";
import { UsageError } from "./errors.js";
import { CHUNK } from "./silero.js";

const STEP = CHUNK / RATE; // seconds

/**
 * What counts as speech; all but `threshold` and `hysteresis` (probabilities) in seconds.
 *
 * @typedef {{threshold: number, hysteresis: number, minSpeech: number, minSilence: number,
 *   padding: number, maxLength: number}} SpeechOptions
 * @typedef {{kind: "start" | "end", time: number}} Edge a boundary of a region
 * @typedef {{time: number, heard: number, edges: Edge[]}} Step what a chunk that ends at `time`
 *   decides; the open region lasts at least until `heard`
 * @typedef {[number, number]} Region begin and end in seconds
 */

/** @type {SpeechOptions} */
const DEFAULTS = {
  threshold: 0.5,
  hysteresis: 0.15,
  minSpeech: 0.25,
  minSilence: 0.3,
  padding: 0.1,
  maxLength: 60,
};

/**
 * @param {Partial<SpeechOptions>} changes
 * @returns {SpeechOptions}
 */
export function speechOptions(changes = {}) {
  const chosen = { ...DEFAULTS, ...changes };
  const { threshold, hysteresis, minSpeech, minSilence, padding, maxLength, ...others } = chosen;
  refuseOthers("speech options", others);
  /** @type {[boolean, string][]} */
  const rules = [
    [threshold > 0 && threshold < 1, "threshold must lie between 0 and 1"],
    [hysteresis >= 0 && hysteresis < threshold, "hysteresis must lie below the threshold"],
    [minSpeech >= 0 && minSpeech <= 10, "minSpeech must lie between 0 and 10 s"],
    [minSilence > 0 && minSilence <= 10, "minSilence must lie above 0 and at most at 10 s"],
    [padding >= 0 && 2 * padding <= minSilence, "padding must be at most minSilence / 2"],
    [maxLength >= 1, "maxLength must be at least 1 s"],
  ];
  refuseBroken("speech options", rules);
  return chosen;
}

/** @param {string} what @param {[boolean, string][]} rules */
export function refuseBroken(what, rules) {
  for (const [holds, sentence] of rules) if (!holds) throw new UsageError(`${what}: ${sentence}`);
}

/**
 * Refuse options that there are not: of a slip nothing would be seen.
 *
 * @param {string} what @param {object} others
 */
export function refuseOthers(what, others) {
  const [name] = Object.keys(others);
  if (name !== undefined) throw new UsageError(`${what}: there is no ${name}`);
}

/** Finds regions while probabilities arrive. */
export class Detector {
  /** @param {SpeechOptions} options */
  constructor(options) {
    this.options = options;
    this.speaking = false;
    this.chunks = 0;
    /** Where the speech that goes on began. @type {number | null} */
    this.begun = null;
    this.last = 0; // where it was last heard
    this.start = 0; // of the reported region, padding included
    this.earliest = 0; // the last region ended here
  }

  /** No later report can be about a time before this, in seconds. */
  get settled() {
    if (this.speaking) return this.start;
    if (this.begun !== null) return Math.max(this.earliest, this.paddedBegin(this.begun));
    return Math.max(this.earliest, this.chunks * STEP - this.options.padding);
  }

  /** @param {Iterable<number>} probabilities @returns {Step[]} */
  judge(probabilities) {
    const { threshold, hysteresis, minSilence } = this.options;
    const steps = [];
    for (const probability of probabilities) {
      const now = (this.chunks + 1) * STEP;
      this.chunks += 1;
      /** @type {Edge[]} */
      let edges = [];
      if (this.begun === null) {
        if (probability >= threshold) [this.begun, this.last] = [now - STEP, now];
      } else if (probability >= threshold - hysteresis) {
        this.last = now;
      } else if (now - this.last >= minSilence) {
        edges = this.close(now);
      }
      edges.push(...this.advance(now));
      steps.push({ time: now, heard: this.last, edges });
    }
    return steps;
  }

  /** Open a region that has lasted long enough, cut one that has lasted too long. @param {number} now */
  advance(now) {
    const { minSpeech, maxLength } = this.options;
    /** @type {Edge[]} */
    const edges = [];
    if (this.begun === null) return edges;
    if (!this.speaking && this.last - this.begun >= minSpeech - 1e-9) {
      this.speaking = true;
      this.start = this.paddedBegin(this.begun);
      edges.push({ kind: "start", time: this.start });
    }
    if (this.speaking && now - this.start >= maxLength) {
      const cut = this.start + maxLength;
      edges.push({ kind: "end", time: cut }, { kind: "start", time: cut });
      this.start = this.earliest = cut;
    }
    return edges;
  }

  /** End an open region, at `limit` seconds at the latest. @param {number} limit @returns {Edge[]} */
  close(limit) {
    const speaking = this.speaking;
    this.speaking = false;
    this.begun = null;
    if (!speaking) return [];
    this.earliest = Math.max(Math.min(this.last + this.options.padding, limit), this.start);
    return [{ kind: "end", time: this.earliest }];
  }

  /** @param {number} begin */
  paddedBegin(begin) {
    return Math.max(this.earliest, begin - this.options.padding);
  }
}

/** Finds regions while samples at 16 kHz arrive. */
export class Listener {
  /** @param {import("./silero.js").Silero} network @param {SpeechOptions} options */
  constructor(network, options) {
    this.network = network;
    this.detector = new Detector(options);
    this.rest = new Float32Array();
  }

  /** @param {Float32Array} samples @returns {Promise<Step[]>} */
  async steps(samples) {
    const all = concatenated(this.rest, samples);
    const whole = Math.floor(all.length / CHUNK) * CHUNK;
    this.rest = all.slice(whole);
    return this.detector.judge(await this.network.hear(all.subarray(0, whole)));
  }

  /** End the stream. @returns {Promise<Step[]>} */
  async lastSteps() {
    const detector = this.detector;
    const duration = detector.chunks * STEP + this.rest.length / RATE;
    const steps = [];
    if (this.rest.length) {
      const padded = new Float32Array(CHUNK);
      padded.set(this.rest);
      const [step] = detector.judge(await this.network.hear(padded));
      steps.push({ time: duration, heard: Math.min(step.heard, duration), edges: step.edges });
      this.rest = new Float32Array();
    }
    const heard = Math.min(detector.last, duration);
    steps.push({ time: duration, heard, edges: detector.close(duration) });
    return steps;
  }
}

/**
 * The regions of a recording whose probabilities are known.
 *
 * @param {Iterable<number>} probabilities of each 32 ms
 * @param {number} duration in seconds
 * @param {SpeechOptions} options
 * @returns {Region[]}
 */
export function regionsOf(probabilities, duration, options) {
  const detector = new Detector(options);
  const edges = detector.judge(probabilities).flatMap((step) => step.edges);
  const times = [...edges, ...detector.close(duration)].map((edge) => edge.time);
  /** @type {Region[]} */
  const regions = [];
  for (let k = 0; k + 1 < times.length; k += 2) regions.push([times[k], times[k + 1]]);
  return regions;
}
