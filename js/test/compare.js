// @ts-check
/** What intona.js says of the reference recordings, and where that differs from Python. */

import { readProfile, writeProfile } from "../src/index.js";

const NUMBERS = 1e-3; // where nothing is resampled, in Node and in browsers
const RESAMPLED = 5e-3; // where soxr's arithmetic, or a browser's decoder, stands before the model
const FINE = { window: 2, hop: 0.5, minSegment: 0.5 };

/**
 * @typedef {import("../src/index.js").Recognizer} Recognizer
 * @typedef {import("../src/recognizer.js").Prediction} Prediction
 * @typedef {import("../src/audio.js").Audio} Audio
 * @typedef {{clip: Prediction, merged: Prediction, timeline: Prediction[], fine: Prediction[]}} Answers
 * @typedef {{together: Prediction[], neutral: Prediction, place: Prediction, itself: Prediction[],
 *   following: Prediction[]}} Adapted
 * @typedef {{path: string, identity: object, recordings: Record<string, Answers>, adapted?: Adapted}} Model
 * @typedef {{rates: Record<string, number>, merged: {emotions: string, merge: string},
 *   models: Record<string, Model>, changed: object}} Expected
 * @typedef {(name: string) => Promise<Audio>} Opener
 */

/**
 * Compare one recording; the differences in words, none if all is well.
 *
 * @param {Recognizer} model @param {Answers} wanted @param {Expected["merged"]} merged
 * @param {Audio} audio
 * @param {number[]} [gaps] gets the differences of all probabilities
 */
export async function compare(model, wanted, merged, audio, gaps = []) {
  const narrow = model.narrowed(merged.emotions, merged.merge);
  /** @type {Answers} */
  const found = {
    clip: await model.predict(audio),
    merged: await narrow.predict(audio),
    timeline: await model.timeline(audio),
    fine: wanted.fine.length ? await narrow.timeline(audio, FINE) : [],
  };
  const slack = audio.rate === 16_000 ? NUMBERS : RESAMPLED;
  return [
    ...differences("clip", [found.clip], [wanted.clip], { slack, gaps }),
    ...differences("merged", [found.merged], [wanted.merged], { slack, gaps }),
    ...differences("timeline", found.timeline, wanted.timeline, { slack, gaps }),
    ...differences("fine", found.fine, wanted.fine, { slack, gaps, hop: FINE.hop }),
  ];
}

/**
 * Compare what an adapted model says.
 *
 * @param {Recognizer} model @param {Adapted} wanted @param {Opener} open
 * @param {(name: string) => Promise<string>} text of a profile
 */
export async function compareAdapted(model, wanted, open, text) {
  const voices = [await open("voice-1"), await open("voice-2"), await open("voice-3")];
  const together = await model.adapt(voices);
  const found = [];
  for (const voice of voices) found.push(await together.predict(voice));
  const [neutral, place] = [readProfile(await text("neutral")), readProfile(await text("place"))];
  const own = readProfile(writeProfile(await model.enroll("anna", voices, "place")));
  const talk = await open("talk");
  const alone = async (/** @type {Recognizer} */ one) => [await one.predict(voices[0])];
  return [
    ...differences("together", found, wanted.together),
    ...differences("neutral", await alone(model.adapted(neutral)), [wanted.neutral]),
    ...differences("place", await alone(model.adapted(place)), [wanted.place]),
    ...differences("enrolled here", await alone(model.adapted(own)), [wanted.place]),
    ...differences("following", await streamed(model, talk, 16_000, true), wanted.following),
    ...differences("itself", await model.timeline(talk, { adapt: true }), wanted.itself),
  ];
}

/**
 * The segments of a live stream, pushed in uneven pieces.
 *
 * @param {Recognizer} model @param {Audio} audio @param {number} most samples in a piece
 * @param {boolean} [adapt]
 */
export async function streamed(model, { samples, rate }, most, adapt = false) {
  const stream = model.stream(rate, { adapt });
  const pieces = [];
  for (let at = 0, size = 1; at < samples.length; at += size) {
    size = 1 + ((pieces.length * 7919) % most);
    pieces.push(samples.subarray(at, at + size));
  }
  const found = [];
  for (const events of [...pieces.map((piece) => stream.push(piece)), stream.flush()]) {
    for await (const event of events) if (event.event === "segment") found.push(event.prediction);
  }
  return found;
}

/**
 * @param {string} what @param {Prediction[]} found @param {Prediction[]} wanted
 * @param {{slack?: number, gaps?: number[], hop?: number}} [how] `slack` of numbers; `gaps` gets the
 *   differences of probabilities; `hop` of times where something was resampled, in seconds
 * @returns {string[]}
 */
function differences(what, found, wanted, { slack = NUMBERS, gaps = [], hop = 1.5 } = {}) {
  if (found.length !== wanted.length)
    return [`${what}: ${found.length} rows instead of ${wanted.length}`];
  /** @type {string[]} */
  const said = [];
  wanted.forEach((row, k) => {
    const other = found[k];
    /** @param {string} name @param {unknown} one @param {unknown} two */
    const same = (name, one, two) => {
      if (one !== two) said.push(`${what} ${k} ${name}: ${one} instead of ${two}`);
    };
    /** @param {string} name @param {number | null} one @param {number | null} two @param {number} most */
    const close = (name, one, two, most) => {
      if (one === null || two === null) same(name, one, two);
      else if (!(Math.abs(one - two) <= most)) same(name, one, two);
    };
    for (const name of /** @type {const} */ (["status", "reason", "adapted"]))
      same(name, other[name], row[name]);
    // Of two emotions that are as likely, but for what numbers may differ by, either may be named.
    const chance = (/** @type {string | null} */ name) => row.probabilities[name ?? ""] ?? NaN;
    const tied = Math.abs(chance(other.emotion) - chance(row.emotion)) <= slack;
    if (!tied) same("emotion", other.emotion, row.emotion);
    for (const name of /** @type {const} */ (["start", "end"]))
      close(name, other[name], row[name], slack === RESAMPLED ? hop : 1e-6);
    for (const name of /** @type {const} */ (["confidence", "familiarity", "arousal", "valence"])) {
      close(name, other[name], row[name], slack);
    }
    same("labels", Object.keys(other.probabilities).join(), Object.keys(row.probabilities).join());
    for (const [name, value] of Object.entries(row.probabilities)) {
      close(name, other.probabilities[name], value, slack);
      gaps.push(Math.abs(Number(other.probabilities[name]) - Number(value)));
    }
  });
  return said;
}
