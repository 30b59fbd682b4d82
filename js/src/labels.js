// @ts-check
/** Emotion labels: the vocabulary, and how labels are merged and restricted. */

import { UsageError } from "./errors.js";

const EMOTIONS = [
  "neutral",
  "calm",
  "happy",
  "sad",
  "angry",
  "fearful",
  "disgust",
  "surprised",
  "bored",
];

/** @type {Record<string, string>} */
const FORMS = {
  neutrality: "neutral",
  neu: "neutral",
  calmness: "calm",
  happiness: "happy",
  joy: "happy",
  joyful: "happy",
  hap: "happy",
  sadness: "sad",
  anger: "angry",
  ang: "angry",
  fear: "fearful",
  afraid: "fearful",
  fea: "fearful",
  disgusted: "disgust",
  dis: "disgust",
  surprise: "surprised",
  sur: "surprised",
  boredom: "bored",
};

// Columns of the tables that an emotion's column stands beside.
const RESERVED = new Set([
  "file",
  "start",
  "end",
  "emotion",
  "confidence",
  "status",
  "reason",
  "familiarity",
  "arousal",
  "valence",
  "adapted",
  "truth",
  "prediction",
  "fold",
  "model_seed",
  "speaker",
  "corpus",
  "language",
  "sex",
  "split",
  "size",
]);

/**
 * @typedef {string | string[] | null} Labels `"happy,sad"` or a list; `null` for all
 * @typedef {string | Record<string, string> | null} Merge `"calm=neutral"` or old to new
 */

/** The vocabulary's word for another form of it. @param {string} label */
export function canonical(label) {
  const visible = label.replace(/[\ufeff\u200b]/g, "").normalize("NFC");
  const word = visible.split(/\s+/).filter(Boolean).join(" ").toLowerCase();
  return Object.hasOwn(FORMS, word) ? FORMS[word] : word;
}

/** The distinct labels in vocabulary order, unknown ones last. @param {string[]} labels */
function order(labels) {
  const rank = (/** @type {string} */ name) =>
    EMOTIONS.includes(name) ? EMOTIONS.indexOf(name) : EMOTIONS.length;
  return [...new Set(labels)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/**
 * What takes probabilities to merged and kept labels, up to their sum.
 *
 * With priors each new label is divided by how likely it is beforehand.
 *
 * @param {string[]} labels of the model
 * @param {Labels} keep
 * @param {Merge} merge
 * @param {number[] | null} priors of each column
 * @returns {{labels: string[], matrix: number[][]}} of shape `(labels, kept labels)`
 */
export function narrowing(labels, keep, merge, priors) {
  const merges = mergesOf(merge, labels);
  const becomes = labels.map((label) => merges.get(canonical(label)) ?? canonical(label));
  const wanted = new Set(listOf(keep).map(canonical));
  for (const label of wanted) {
    if (merges.has(label))
      throw new UsageError(`emotions: ${label} is merged into ${merges.get(label)}: keep that one`);
  }
  require([...wanted], becomes, "emotions");
  const kept = order(becomes.filter((label) => !wanted.size || wanted.has(label)));
  if (kept.length < 2)
    throw new UsageError(`emotions: at least two are needed, not ${kept.join(", ")}`);
  const matrix = becomes.map((name) => kept.map((label) => Number(name === label)));
  const shares = kept.map((_, k) =>
    priors ? priors.reduce((sum, prior, row) => sum + prior * matrix[row][k], 0) : 1,
  );
  return { labels: kept, matrix: matrix.map((row) => row.map((value, k) => value / shares[k])) };
}

/** @param {Merge} merge @param {string[]} labels @returns {Map<string, string>} */
function mergesOf(merge, labels) {
  const present = labels.map(canonical);
  const merges = new Map();
  for (const [old, renamed] of pairsOf(merge)) {
    const [before, after] = [canonical(old), canonical(renamed)];
    if (before === after) continue;
    if (merges.has(before) && merges.get(before) !== after) {
      throw new UsageError(
        `merge: ${before} cannot become both ${merges.get(before)} and ${after}`,
      );
    }
    if (RESERVED.has(after)) throw new UsageError(`merge: an emotion cannot be called ${after}`);
    merges.set(before, after);
  }
  require([...merges.keys()], present, "merge");
  for (const [old, renamed] of merges) {
    if (merges.has(renamed))
      throw new UsageError(
        `merge: ${old} becomes ${renamed}, and that another: name the last for both`,
      );
  }
  return merges;
}

/** @param {Merge} merge @returns {[string, string][]} */
function pairsOf(merge) {
  if (merge === null || typeof merge === "object") return Object.entries(merge ?? {});
  return listOf(merge).map((part) => {
    const [old, renamed, ...more] = part.split("=").map((piece) => piece.trim());
    if (!old || !renamed || more.length)
      throw new UsageError(`cannot read the merge '${part}': write it as old=new`);
    return [old, renamed];
  });
}

/** @param {Labels} labels @returns {string[]} */
const listOf = (labels) =>
  (typeof labels === "string" ? labels.split(",") : (labels ?? []))
    .map((part) => part.trim())
    .filter(Boolean);

/** @param {string[]} names @param {string[]} present @param {string} option */
function require(names, present, option) {
  const missing = order(names.filter((name) => !present.includes(name)));
  if (missing.length) {
    throw new UsageError(
      `${option}: ${missing.join(", ")} not in the model: there are ${order(present).join(", ")}`,
    );
  }
}
