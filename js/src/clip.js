// @ts-check
/** Clips: how much of a block is speech, and the mean of what is said of a recording's blocks. */

import { at16k, RATE } from "./audio.js";
import { roundEven } from "./bytes.js";
import { chances } from "./silero.js";
import { regionsOf, speechOptions } from "./speech.js";

export const UTTERANCE = 8; // seconds of one, at most
const LEAST_SPEECH = 0.15; // seconds of speech a recording must hold to have an emotion

// What only a low threshold finds may be shouting, and may be music: it is never more than unsure.
const CLEAR = speechOptions();
const FAINT = speechOptions({ threshold: 0.1, hysteresis: 0.05, minSpeech: 0.1 });

/**
 * A block with its speech.
 *
 * @typedef {{samples: Float32Array, duration: number, speech: number,
 *   regions: import("./speech.js").Region[], clear: boolean, spoken: boolean}} Clip `samples` at
 *   16 kHz; `duration` and `speech` in seconds; `clear`: clearly speech; `spoken`: enough of it
 */

/**
 * @param {import("./audio.js").Audio} block
 * @param {import("./silero.js").Silero} network that has heard nothing
 * @returns {Promise<Clip>}
 */
export async function clipOf(block, network) {
  const samples = at16k(block);
  const silent = samples.every((sample) => sample === 0);
  const heard = await chances(network, silent ? new Float32Array() : samples);
  const duration = samples.length / RATE;
  let regions = regionsOf(heard, duration, CLEAR);
  const clear = secondsOf(regions) >= LEAST_SPEECH;
  if (!clear) regions = regionsOf(heard, duration, FAINT);
  const speech = secondsOf(regions);
  const spoken = speech >= LEAST_SPEECH;
  return { samples, duration: block.samples.length / block.rate, regions, speech, clear, spoken };
}

/**
 * Each region of speech as a clip; a longer one than `longest` seconds is divided evenly.
 *
 * @param {Clip} clip
 * @param {number} [longest]
 * @returns {Clip[]}
 */
export function utterancesOf({ samples, regions, clear }, longest = UTTERANCE) {
  return regions.flatMap(([begin, end]) => {
    const count = Math.ceil((end - begin) / longest);
    const step = (end - begin) / count;
    return Array.from({ length: count }, (_, k) => {
      const [from, to] = [begin + k * step, k + 1 === count ? end : begin + (k + 1) * step];
      const part = samples.subarray(roundEven(from * RATE), roundEven(to * RATE));
      const duration = part.length / RATE;
      /** @type {import("./speech.js").Region[]} */
      const whole = [[0, duration]];
      return {
        samples: part,
        duration,
        regions: whole,
        speech: duration,
        clear,
        spoken: duration >= LEAST_SPEECH,
      };
    });
  });
}

/** The mean of clips' rows, weighted by their speech; clear speech outdoes faint. */
export class Mean {
  constructor() {
    /** @type {Record<"clear" | "faint", {weight: number, total: Float64Array | null}>} */
    this.sums = { clear: { weight: 0, total: null }, faint: { weight: 0, total: null } };
  }

  /** @param {Clip} clip @param {Float64Array} row */
  add({ speech, clear }, row) {
    const sum = this.sums[clear ? "clear" : "faint"];
    sum.weight += speech;
    sum.total = row.map((value, k) => (sum.total?.[k] ?? 0) + speech * value);
  }

  /** The row, or `null` without speech, with the seconds of speech and whether it is clear. */
  result() {
    const clear = this.sums.clear.weight > 0;
    const { weight, total } = this.sums[clear ? "clear" : "faint"];
    return { row: total && total.map((value) => value / weight), speech: weight, clear };
  }
}

/** @param {import("./speech.js").Region[]} regions */
const secondsOf = (regions) => regions.reduce((sum, [begin, end]) => sum + end - begin, 0);
