// @ts-check
/** Online recognition: the core that timeline and live stream share; audio in, events out. */

import { Segmenter } from "./segments.js";
import { Windower } from "./windows.js";

const REMEMBERED = 32; // rows of the last windows

/**
 * What a timeline needs of a recogniser.
 *
 * @typedef {{labels: string[], numeric: boolean,
 *   row(samples: Float32Array): Promise<Float64Array>,
 *   prediction(row: Float64Array | null, start: number, end: number,
 *     said?: {speech?: number, clear?: boolean}): import("./recognizer.js").Prediction}} Judge
 *
 * @typedef {{event: "speech_start" | "speech_end", time: number} |
 *   {event: "update" | "segment", time: number, prediction: import("./recognizer.js").Prediction}} Event
 */

export class Online {
  /**
   * @param {Judge} judge
   * @param {import("./silero.js").Silero} network that has heard nothing
   * @param {import("./windows.js").TimelineOptions} options
   * @param {number | null} update seconds of speech between `update` events; `null` for none
   */
  constructor(judge, network, options, update) {
    this.judge = judge;
    this.windower = new Windower(network, options, update);
    this.segmenter = new Segmenter(options, judge.numeric ? null : judge.labels.length);
    /**
     * Rows of the last windows: one often is what an update has just heard.
     *
     * @type {Map<string, Float64Array>}
     */
    this.judged = new Map();
    /** @type {Float64Array | null} */
    this.smooth = null;
  }

  /** @param {Float32Array} samples at 16 kHz @returns {AsyncGenerator<Event>} */
  async *push(samples) {
    for await (const item of this.windower.push(samples)) yield* this.take(item);
  }

  /** End the stream. @returns {AsyncGenerator<Event>} */
  async *flush() {
    for await (const item of this.windower.flush()) yield* this.take(item);
  }

  /** @param {import("./windows.js").Item} item @returns {AsyncGenerator<Event>} */
  async *take(item) {
    const { kind, start, end } = item;
    if (kind === "speech_start") {
      this.segmenter.begin(start);
      this.smooth = null;
      yield { event: kind, time: start };
    } else if (kind === "speech_end") {
      for (const segment of this.segmenter.end(end)) yield this.segment(segment);
      yield { event: kind, time: end };
    } else if (item.samples.length) {
      const row = await this.row(item);
      if (kind === "update") {
        // Half of what was, half of what is: a single odd window does not flip the view.
        const before = this.smooth;
        this.smooth = before ? row.map((value, k) => (value + before[k]) / 2) : row;
        yield {
          event: kind,
          time: end,
          prediction: this.judge.prediction(this.smooth, start, end),
        };
      } else {
        for (const segment of this.segmenter.add(start, end, row, kind === "tail"))
          yield this.segment(segment);
      }
    }
  }

  /** @param {import("./windows.js").Item} item */
  async row({ start, end, samples }) {
    const key = `${Math.round(start * 10_000)} ${Math.round(end * 10_000)}`;
    const row = this.judged.get(key) ?? (await this.judge.row(samples));
    this.judged.set(key, row);
    if (this.judged.size > REMEMBERED) this.judged.delete([...this.judged.keys()][0]);
    return row;
  }

  /** @param {import("./segments.js").Segment} segment @returns {Event} */
  segment({ start, end, row }) {
    const prediction = this.judge.prediction(row, start, end, { speech: end - start });
    return { event: "segment", time: end, prediction };
  }
}
