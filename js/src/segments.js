// @ts-check
/** From overlapping windows' rows to segments of one emotion each. */

/** @typedef {{start: number, end: number, row: Float64Array}} Segment a stretch in one emotion */

/** Cells of one label, in order. */
class Run {
  /** @param {number} label @param {number} start @param {number} end @param {Float64Array} total */
  constructor(label, start, end, total) {
    this.label = label;
    this.start = start;
    this.end = end;
    this.total = total; // rows times seconds
  }

  get length() {
    return this.end - this.start;
  }

  /** @param {Run} other */
  extend(other) {
    this.end = other.end;
    this.total = this.total.map((value, k) => value + other.total[k]);
  }
}

/**
 * Smooths and merges, one region of speech after the other.
 *
 * A region is divided into cells of one hop. A cell's row is the mean of the windows around its
 * middle; consecutive cells of the same best label make a segment; a label that does not last
 * `minSegment` gives way to the one before.
 */
export class Segmenter {
  /**
   * @param {import("./windows.js").TimelineOptions} options
   * @param {number | null} labels so many columns of a row; `null` for a model of numbers
   */
  constructor(options, labels) {
    this.options = options;
    this.labels = labels;
    this.region = 0;
    this.cells = 0;
    /** @type {Segment[]} */
    this.windows = [];
    /** @type {Run | null} */
    this.current = null;
    /** @type {Run | null} */
    this.pending = null;
  }

  /** @param {number} start of a region, in seconds */
  begin(start) {
    this.region = start;
    this.cells = 0;
    this.windows = [];
    this.current = this.pending = null;
  }

  /**
   * Take a window's row; yield the segments that are complete.
   *
   * @param {number} start @param {number} end @param {Float64Array} row
   * @param {boolean} tail it is the region's last one, off the grid of hops
   * @returns {Generator<Segment>}
   */
  *add(start, end, row, tail) {
    this.windows.push({ start, end, row });
    if (tail) return;
    const { hop } = this.options;
    const begin = this.region + this.cells * hop;
    yield* this.cell(begin, begin + hop);
    this.cells += 1;
    const middle = begin + 1.5 * hop;
    const later = this.windows.filter((window) => window.end >= middle);
    this.windows = later.length ? later : this.windows.slice(-1);
  }

  /**
   * End the region at `end` seconds; yield what is left of it.
   *
   * @param {number} end @returns {Generator<Segment>}
   */
  *end(end) {
    const { hop } = this.options;
    let begin = this.region + this.cells * hop;
    while (this.windows.length && begin < end - 1e-6) {
      // A sliver at the end belongs to the cell before it.
      const stop = end - begin < 1.5 * hop ? end : begin + hop;
      yield* this.cell(begin, stop);
      begin = stop;
    }
    if (this.current) {
      if (this.pending) this.current.extend(this.pending);
      yield finished(this.current, end);
    }
    this.begin(end);
  }

  /** @param {number} start @param {number} end @returns {Generator<Segment>} */
  *cell(start, end) {
    const last = Math.max(...this.windows.map((window) => window.end));
    const middle = Math.min((start + end) / 2, last);
    const around = this.windows.filter((window) => window.start <= middle && middle <= window.end);
    const row = around[0].row.map(
      (_, k) => around.reduce((sum, window) => sum + window.row[k], 0) / around.length,
    );
    const label =
      this.labels === null
        ? Math.floor((start - this.region + 1e-6) / this.options.window)
        : best(row, this.labels);
    yield* this.merge(
      new Run(
        label,
        start,
        end,
        row.map((value) => value * (end - start)),
      ),
    );
  }

  /** @param {Run} cell @returns {Generator<Segment>} */
  *merge(cell) {
    const current = this.current;
    if (!current) {
      this.current = cell;
      return;
    }
    let pending = this.pending;
    if (!pending) {
      if (cell.label === current.label) {
        current.extend(cell);
        return;
      }
      pending = cell;
    } else if (cell.label === pending.label) {
      pending.extend(cell);
    } else {
      current.extend(pending);
      pending = cell;
      if (cell.label === current.label) {
        current.extend(cell);
        this.pending = null;
        return;
      }
    }
    const least = this.labels === null ? 0 : this.options.minSegment - 1e-6;
    if (pending.length < least) {
      this.pending = pending;
      return;
    }
    this.pending = null;
    if (current.length >= least) {
      yield finished(current, pending.start);
      this.current = pending;
    } else {
      current.extend(pending);
      current.label = best(current.total, this.labels ?? current.total.length);
    }
  }
}

/** The place of the greatest of the first values. @param {Float64Array} row @param {number} count */
export function best(row, count) {
  let found = 0;
  for (let k = 1; k < count; k++) if (row[k] > row[found]) found = k;
  return found;
}

/** @param {Run} run @param {number} end @returns {Segment} */
const finished = (run, end) => ({
  start: run.start,
  end,
  row: run.total.map((value) => value / run.length),
});
