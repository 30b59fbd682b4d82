// @ts-check
/** A timeline as a file, in the form of `intona predict --timeline --out`. */

/** @typedef {import("./answers.js").Timeline} Timeline */
/** @typedef {import("./answers.js").Segment} Segment */

const NUMBERS = /** @type {const} */ (["familiarity", "arousal", "valence"]);

/** @type {Record<string, (timeline: Timeline) => string>} */
const WRITERS = { csv, json, vtt };

export const FORMATS = Object.keys(WRITERS);

/** @param {Timeline} timeline @param {string} format */
export function exported(timeline, format) {
  const stem = (timeline.file ?? "timeline").replace(/\.[^.]*$/, "") || "timeline";
  return {
    blob: new Blob([WRITERS[format](timeline)], { type: "text/plain" }),
    name: `${stem}.${format}`,
  };
}

/** @param {Timeline} timeline */
export function csv({ file, labels, segments }) {
  const before = ["emotion", "confidence", "status", "reason", ...NUMBERS, "adapted"];
  const lines = segments.map((segment) => [
    file ?? "",
    times(segment.start),
    times(segment.end),
    ...[segment.emotion, number(segment.confidence), segment.status, segment.reason],
    ...NUMBERS.map((name) => number(valueOf(segment, name))),
    segment.adapted ?? 0,
    ...labels.map((label) => number(segment.probabilities[label])),
  ]);
  return [["file", "start", "end", ...before, ...labels], ...lines]
    .map((line) => `${line.map(cell).join()}\n`)
    .join("");
}

/** @param {Timeline} timeline */
export function json({ file, segments }) {
  const rows = segments.map((segment) => ({
    file,
    start: Number(times(segment.start)),
    end: Number(times(segment.end)),
    emotion: segment.emotion,
    confidence: rounded(segment.confidence),
    status: segment.status,
    reason: segment.reason ?? null,
    ...Object.fromEntries(NUMBERS.map((name) => [name, rounded(valueOf(segment, name))])),
    adapted: segment.adapted ?? 0,
    probabilities: Object.fromEntries(
      Object.entries(segment.probabilities)
        .filter(([, value]) => value !== null)
        .map(([label, value]) => [label, rounded(value)]),
    ),
  }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/** @param {Timeline} timeline */
export function vtt({ segments }) {
  const cues = segments
    .filter((segment) => segment.emotion !== null)
    .map(({ start, end, emotion, confidence, status }) => {
      const words = `${emotion}${status === "unsure" ? "?" : ""} ${(100 * (confidence ?? 0)).toFixed(0)} %`;
      return `${clock(start)} --> ${clock(end)}\n${words}\n`;
    });
  return ["WEBVTT\n", ...cues].join("\n");
}

/** @param {Segment} segment @param {"familiarity" | "arousal" | "valence"} name */
const valueOf = (segment, name) => /** @type {Record<string, any>} */ (segment)[name] ?? null;

/** @param {number | null | undefined} value */
const number = (value) => (value === null || value === undefined ? "" : value.toFixed(6));

/** @param {number | null} value */
const rounded = (value) => (value === null ? null : Number(value.toFixed(6)));

/** Seconds in milliseconds, a whole number with one decimal. @param {number} seconds */
function times(seconds) {
  const value = Number(seconds.toFixed(3));
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** What a spreadsheet would take for a formula begins with an apostrophe. @param {unknown} value */
function cell(value) {
  const text = String(value ?? "");
  const formula =
    /^'*[=+\-@\t\r]/.test(text) && !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
  const safe = formula ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {number} seconds */
function clock(seconds) {
  const whole = Math.round(seconds * 1000);
  const two = (/** @type {number} */ value) => String(Math.floor(value)).padStart(2, "0");
  const time = [two(whole / 3_600_000), two((whole / 60_000) % 60), two((whole / 1000) % 60)];
  return `${time.join(":")}.${String(whole % 1000).padStart(3, "0")}`;
}
