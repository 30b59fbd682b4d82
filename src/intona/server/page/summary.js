// @ts-check
/** A result in words: what it is as a whole, how much of it is what, how sure. */

import { $, spanOf } from "./dom.js";
import { clock, colour, percent, percents } from "./emotions.js";
import { doubt } from "./measures.js";

/** @typedef {import("./answers.js").Segment} Segment */

const FEWEST = 4; // stretches of speech; fewer say little of a place

/**
 * How long, how much of it speech, how it was asked, how often unsure.
 *
 * @param {import("./answers.js").Timeline} timeline
 * @param {number} duration in seconds
 */
export function summary({ segments, profile, adapted, warnings = [] }, duration) {
  const odd = warnings.map((sentence) => ` Note: ${sentence}.`).join("");
  const speech = spoken(segments);
  if (!speech.length) return `${clock(duration)} long, and no speech in it.${odd}`;
  const by = profile ? ` Adapted to ${profile}.` : against(adapted ?? 0);
  const help = adapted || !mostlyUnfamiliar(speech) ? "" : " Judging it against itself may help.";
  const heard = `${clock(duration)} long, ${clock(secondsOf(speech))} of it speech.`;
  return `${heard}${by}${doubts(speech)}${help}${odd}`;
}

/**
 * Show the answer for the whole recording; without one, what most of the speech is.
 *
 * @param {Segment | null} whole
 * @param {Segment[]} segments
 */
export function showWhole(whole, segments) {
  const { word, note, emotion, unsure } = whole ? answer(whole) : most(segments);
  $("whole").hidden = word === "";
  $("whole").style.setProperty("--colour", colour(emotion));
  $("whole-word").textContent = word;
  $("whole-word").classList.toggle("unsure", unsure);
  $("whole-note").textContent = note;
}

/** @param {Segment} whole */
function answer(whole) {
  const { emotion, confidence } = whole;
  const unsure = whole.status === "unsure";
  const sure = `${percent(confidence)} sure`;
  const told = unsure ? `only ${sure}, a guess: ${doubt(whole)}.` : `${sure}.`;
  const others = runnersUp(whole);
  const note = `As a whole, ${told}${others ? ` Otherwise ${others}.` : ""}`;
  return { word: emotion ?? "", note, emotion, unsure };
}

/** @param {Segment[]} segments */
function most(segments) {
  const [first] = ranked(segments);
  if (!first) return { word: "", note: "", emotion: null, unsure: false };
  const unsure = segments.every(({ status }) => status !== "ok");
  const guess = unsure ? ", a guess" : "";
  if (first.share <= 50) {
    const note = `No emotion has more than half of the speech${guess}.`;
    return { word: "mixed", note, emotion: null, unsure };
  }
  const note = `${first.share} % of the speech${guess}.`;
  return { word: `mostly ${first.emotion}`, note, emotion: first.emotion, unsure };
}

/** Items of a list: the share of each emotion in the time of speech. @param {Segment[]} segments */
export function shares(segments) {
  return ranked(segments).map(({ emotion, share }) => {
    const item = document.createElement("li");
    item.style.setProperty("--colour", colour(emotion));
    item.append(spanOf("dot", `${emotion} ${share} %`));
    return item;
  });
}

/** The two next most probable emotions. @param {Segment} segment */
export function runnersUp({ emotion, probabilities }) {
  return Object.entries(probabilities)
    .filter(([label, value]) => label !== emotion && value !== null)
    .sort((a, b) => Number(b[1]) - Number(a[1]))
    .slice(0, 2)
    .map(([label, value]) => `${label} ${percent(value)}`)
    .join(", ");
}

/** Emotions by their share of the speech, in per cent, the largest first. @param {Segment[]} segments */
function ranked(segments) {
  /** @type {Map<string, number>} */
  const seconds = new Map();
  for (const { emotion, start, end } of segments) {
    if (emotion !== null) seconds.set(emotion, (seconds.get(emotion) ?? 0) + end - start);
  }
  const found = [...seconds].sort((a, b) => b[1] - a[1]);
  const whole = percents(found.map(([, value]) => value));
  return found.map(([emotion], place) => ({ emotion, share: whole[place] }));
}

/** @param {Segment[]} segments */
function spoken(segments) {
  return segments.filter((segment) => segment.emotion !== null);
}

/** @param {Segment[]} segments */
function secondsOf(segments) {
  return segments.reduce((sum, segment) => sum + segment.end - segment.start, 0);
}

/** @param {Segment[]} speech */
function doubts(speech) {
  const unsure = speech.filter((segment) => segment.status === "unsure").length;
  if (!unsure) return "";
  if (speech.length === 1) return " Unsure of it.";
  const all = unsure === speech.length ? `all ${unsure}` : `${unsure} of ${speech.length}`;
  return ` Unsure of ${all} segments.`;
}

/** @param {number} stretches of speech the model was adapted to */
function against(stretches) {
  if (!stretches) return "";
  const few = stretches < FEWEST ? ", too few to help much" : "";
  return ` Judged against ${stretches} ${stretches === 1 ? "stretch" : "stretches"} of its speech${few}.`;
}

/** Whether the switch, where there is one, is worth a try. @param {Segment[]} speech */
function mostlyUnfamiliar(speech) {
  const strange = speech.filter(({ reason }) => reason === "unfamiliar").length;
  return !$("against").hidden && speech.length >= FEWEST && 2 * strange >= speech.length;
}
