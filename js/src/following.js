// @ts-check
/** A model that adapts while it hears, to all it has heard so far; for live streams. */

import { Running } from "./adaptation.js";

const FEWEST = 4; // utterances before it is adapted to them
const EVERY = 3; // of the signals only each third counts: the windows of a stream overlap

export class Following {
  /** @param {import("./recognizer.js").Recognizer} model */
  constructor(model) {
    model.requireAdaptable();
    this.plain = model;
    this.model = model;
    this.running = new Running();
    this.asked = 0;
    this.labels = model.labels;
    this.numeric = model.numeric;
  }

  /** A row by what was heard before it; last, how much that was. @param {Float32Array} samples */
  async row(samples) {
    const { row, embedding } = await this.model.rowAndEmbedding(samples);
    const said = Float64Array.from([...row, this.model.adaptedTo]);
    if (this.asked % EVERY === 0) {
      this.running.add(embedding);
      if (this.running.count >= FEWEST)
        this.model = this.plain.standingAt(this.running.statistics(), "mixed");
    }
    this.asked += 1;
    return said;
  }

  /**
   * @param {Float64Array | null} row @param {number} start @param {number} end
   * @param {{speech?: number, clear?: boolean}} [said]
   */
  prediction(row, start, end, said) {
    if (!row) return this.plain.prediction(row, start, end, said);
    const found = this.plain.prediction(row.subarray(0, -1), start, end, said);
    return { ...found, adapted: Math.round(row[row.length - 1]) };
  }
}
