// @ts-check
/** A result in words: what it is as a whole, how much of it is what, how sure. */

import { $, make, spanOf } from "./dom.js";
import { clock, colour, percent, percents } from "./emotions.js";
import { channelOf } from "./lanes.js";
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
  const spoke = clock(secondsOf(speech));
  const channels = new Set(speech.map(channelOf)).size; // in which people may speak at once
  const much = channels > 1 ? `${spoke} of speech in ${channels} channels` : `${spoke} of it speech`;
  const heard = `${clock(duration)} long, ${much}.`;
  return `${heard}${by}${doubts(speech)}${help}${odd}`;
}

/**
 * The answer for all of a channel, without one what most of the speech is; nothing without speech.
 *
 * @param {import("./lanes.js").Lane} lane
 */
export function whole(lane) {
  const { word, note, emotion, unsure } = lane.whole ? answer(lane.whole) : most(lane.segments);
  if (word === "" && lane.name === "") return [];
  const part = make("div", { className: "whole" });
  part.style.setProperty("--colour", colour(emotion));
  if (lane.name) part.append(make("h3", { textContent: lane.name }));
  const said = { className: unsure ? "word unsure" : "word", textContent: word || "no speech" };
  part.append(make("p", said), make("p", { className: "note", textContent: note }));
  return [part];
}

/** @param {Segment} found for the whole */
function answer(found) {
  const { emotion, confidence } = found;
  const unsure = found.status === "unsure";
  const sure = `${percent(confidence)} sure`;
  const told = unsure ? `only ${sure}, a guess: ${doubt(found)}.` : `${sure}.`;
  const others = runnersUp(found);
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

/**
 * The share of each emotion in the time of speech; an empty line where nobody spoke.
 *
 * @param {import("./lanes.js").Lane} lane
 */
export function shares({ name, segments }) {
  const line = make("div", { className: "shares" });
  const found = ranked(segments);
  if (!found.length) return line;
  const title = name ? `Share of the speech, ${name}` : "Share of the speech";
  const list = make("ul", { className: "legend", ariaLabel: title });
  for (const { emotion, share } of found) {
    const item = make("li", {});
    item.style.setProperty("--colour", colour(emotion));
    item.append(spanOf("dot", `${emotion} ${share} %`));
    list.append(item);
  }
  line.append(spanOf("", title), list);
  return line;
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
