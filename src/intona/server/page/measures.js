// @ts-check
/** What the model says beside the emotion: why it is unsure, how familiar, how aroused. */

import { $, spanOf } from "./dom.js";
import { percent } from "./emotions.js";

/** @typedef {import("./answers.js").Segment} Segment */

/** @type {Record<string, string>} */
const REASONS = {
  "low confidence": "no emotion stands out",
  unfamiliar: "unlike what it learned from",
  "hardly speech": "hardly speech",
  "too short": "too little speech",
};

/** Why an answer is unsure, in plain words; "" where it is not. @param {Segment} segment */
export function doubt({ status, reason }) {
  return status === "unsure" ? (REASONS[reason ?? ""] ?? "unsure") : "";
}

/** Show the measures of a whole result, where the model gives them. @param {Segment[]} segments */
export function showMeasures(segments) {
  const spoken = segments.filter((segment) => segment.emotion !== null);
  const familiar = mean(spoken, "familiarity");
  const aroused = mean(spoken, "arousal");
  const shown = [];
  if (familiar !== null) {
    shown.push(meter("Familiarity", familiar, "how near the sound is to what the model learned from"));
  }
  // Of several segments the picture shows how it changes; of one there is only this number.
  if (aroused !== null && spoken.length === 1) {
    shown.push(meter("Arousal", aroused, "how activated the voice is"));
  }
  $("measures").replaceChildren(...shown);
  $("measures").hidden = !shown.length;
}

/**
 * A measure's mean over the time of speech; null where the model does not say.
 *
 * @param {Segment[]} segments @param {"familiarity" | "arousal"} name
 */
function mean(segments, name) {
  let [total, seconds] = [0, 0];
  for (const { start, end, [name]: value } of segments) {
    if (value === null || value === undefined) continue;
    total += value * (end - start);
    seconds += end - start;
  }
  return seconds ? total / seconds : null;
}

/** @param {string} name @param {number} value 0..1 @param {string} meaning */
function meter(name, value, meaning) {
  const line = document.createElement("p");
  line.className = "measure";
  const rail = spanOf("rail");
  rail.style.setProperty("--value", String(value));
  rail.setAttribute("role", "meter");
  rail.setAttribute("aria-label", `${name}: ${meaning}`);
  rail.setAttribute("aria-valuemin", "0");
  rail.setAttribute("aria-valuemax", "100");
  rail.setAttribute("aria-valuenow", String(Math.round(100 * value)));
  line.append(spanOf("name", name), rail, spanOf("number", percent(value)), spanOf("note", meaning));
  return line;
}

/** Whether a line of arousal can be drawn. @param {Segment[]} segments */
export function arousalKnown(segments) {
  return segments.filter(({ arousal }) => arousal !== null && arousal !== undefined).length > 1;
}

const LABEL = 18;
const PAUSE = 0.6; // seconds; the line goes on over a shorter one

/**
 * Draw arousal over time: level over each segment, interrupted where nobody speaks.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Segment[]} segments
 * @param {number} duration in seconds
 * @param {{top: number, width: number, height: number}} box
 * @param {CSSStyleDeclaration} style of what surrounds it
 */
export function drawArousal(pen, segments, duration, { top, width, height }, style) {
  const [upper, tall] = [top + LABEL, height - LABEL];
  pen.fillStyle = style.color;
  pen.font = `12px ${style.fontFamily}`;
  pen.textBaseline = "top";
  pen.globalAlpha = 0.75;
  pen.fillText("arousal: how activated the voice is", 6, top);
  pen.globalAlpha = 0.07;
  pen.fillRect(0, upper, width, tall);
  pen.globalAlpha = 1;
  pen.strokeStyle = style.getPropertyValue("--accent");
  pen.lineWidth = 2;
  pen.lineJoin = "round";
  pen.lineCap = "round";
  pen.beginPath();
  let before = -Infinity;
  for (const { start, end, arousal } of segments) {
    if (arousal === null || arousal === undefined) continue;
    const level = upper + 2 + (1 - arousal) * (tall - 4);
    if (start - before > PAUSE) pen.moveTo((start / duration) * width, level);
    else pen.lineTo((start / duration) * width, level);
    pen.lineTo((end / duration) * width, level);
    before = end;
  }
  pen.stroke();
}
