// @ts-check
/** The result: picture, legend, table of segments, explanations, downloads. */

import * as api from "./api.js";
import { $, problem, reveal, spanOf } from "./dom.js";
import { clock, colour, percent } from "./emotions.js";
import { doubt, showMeasures } from "./measures.js";
import { words } from "./picture.js";
import { Why } from "./why.js";

const FEWEST = 4; // stretches of speech; fewer say little of a place

/**
 * What a result is of; `file` is null for live speech, `samples` (at 16 kHz) where there are none.
 *
 * @typedef {{title: string, duration: number, samples: Float32Array | null, file: File | null,
 *   choice: import("./choice.js").Choice}} Source
 */

export class Result {
  /**
   * @param {number} longest stretch the service explains, in seconds
   * @param {import("./picture.js").Picture} picture
   * @param {import("./player.js").Player} player
   */
  constructor(longest, picture, player) {
    this.longest = longest;
    this.picture = picture;
    this.player = player;
    this.why = new Why();
    /** @type {api.Timeline | null} */
    this.timeline = null;
    /** The recording, and how it was asked about. @type {{file: File, choice: import("./choice.js").Choice} | null} */
    this.asked = null;
    /** @type {AbortController | null} */
    this.asking = null;
    /** The row being played. @type {Element | null} */
    this.marked = null;
  }

  /** @param {api.Timeline} timeline @param {Source} source */
  show(timeline, { title, duration, samples, file, choice }) {
    this.timeline = timeline;
    this.asked = file && { file, choice };
    this.asking?.abort();
    this.why.hide();
    const playable = file !== null && this.player.playable;
    $("result").hidden = false;
    $("result-title").textContent = title;
    $("summary").textContent = summary(timeline, duration);
    $("transport").hidden = !playable;
    $("views").hidden = samples === null;
    this.picture.show(timeline.segments, duration, samples);
    this.picture.move(0);
    this.player.showClock(0);
    showMeasures(timeline.segments);
    $("legend").replaceChildren(...legend(timeline.segments));
    $("rows").replaceChildren(...timeline.segments.map((segment) => this.row(segment, playable)));
  }

  /** Mark the row of what is being played. @param {api.Segment | null} segment */
  mark(segment) {
    const place = segment && this.timeline ? this.timeline.segments.indexOf(segment) : -1;
    const row = $("rows").children[place] ?? null;
    if (row === this.marked) return;
    this.marked?.classList.remove("playing");
    row?.classList.add("playing");
    this.marked = row;
  }

  /** @param {api.Segment} segment @param {boolean} playable */
  row(segment, playable) {
    const line = document.createElement("tr");
    line.style.setProperty("--colour", colour(segment.emotion));
    line.style.setProperty("--value", String(segment.confidence ?? 0));
    const [time, name, sure, rest, explanation] = [0, 1, 2, 3, 4].map(() => line.insertCell());
    const stretch = `${clock(segment.start)} – ${clock(segment.end)}`;
    if (playable) {
      const button = buttonOf(stretch, `Play from ${clock(segment.start)}: ${words(segment)}`);
      button.addEventListener("click", () => this.player.playFrom(segment.start));
      time.append(button);
    } else {
      time.textContent = stretch;
    }
    const unsure = segment.status === "unsure";
    name.append(spanOf(unsure ? "dot unsure" : "dot", segment.emotion ?? "no speech"));
    sure.append(spanOf("sure"), percent(segment.confidence) + (unsure ? ", unsure" : ""));
    if (unsure) sure.append(spanOf("reason", doubt(segment)));
    rest.className = "wide";
    rest.textContent = runnersUp(segment);
    if (this.asked && segment.emotion !== null) {
      const button = buttonOf("Why?", `Why ${segment.emotion} at ${clock(segment.start)}?`);
      button.addEventListener("click", () => this.explain(segment, button));
      explanation.append(button);
    }
    return line;
  }

  /** @param {api.Segment} segment @param {HTMLButtonElement} button */
  async explain(segment, button) {
    this.asking?.abort();
    if (!this.asked || segment.emotion === null) return;
    const { file, choice } = this.asked;
    const abort = new AbortController();
    this.asking = abort;
    button.textContent = "Asking …";
    problem(null);
    const [start, end] = [segment.start, Math.min(segment.end, segment.start + this.longest)];
    const stretch = { start: `${start}`, end: `${end}`, emotion: segment.emotion };
    try {
      const explanation = await api.explain(file, stretch, choice, abort.signal);
      this.why.show(explanation, this.picture.samples);
      reveal($("why"), $("why"));
    } catch (error) {
      if (!abort.signal.aborted) problem(/** @type {Error} */ (error).message);
    } finally {
      button.textContent = "Why?";
    }
  }

  /** @param {string} format */
  async download(format) {
    if (!this.timeline) return;
    try {
      const { blob, name } = await api.exported(this.timeline, format);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      problem(/** @type {Error} */ (error).message);
    }
  }
}

/** @param {api.Timeline} timeline @param {number} duration in seconds */
function summary({ segments, profile, adapted, warnings = [] }, duration) {
  const odd = warnings.map((sentence) => ` Note: ${sentence}.`).join("");
  const speech = segments.filter((segment) => segment.emotion !== null);
  if (!speech.length) return `${clock(duration)} long, and no speech in it.${odd}`;
  const seconds = speech.reduce((sum, segment) => sum + segment.end - segment.start, 0);
  const unsure = speech.filter((segment) => segment.status === "unsure").length;
  const doubts = unsure ? ` Unsure of ${unsure} of ${speech.length} segments.` : "";
  const by = profile ? ` Adapted to ${profile}.` : against(adapted ?? 0);
  const help = adapted || !mostlyUnfamiliar(speech) ? "" : " Judging it against itself may help.";
  return `${clock(duration)} long, ${clock(seconds)} of it speech.${by}${doubts}${help}${odd}`;
}

/** @param {number} stretches of speech the model was adapted to */
function against(stretches) {
  if (!stretches) return "";
  const few = stretches < FEWEST ? ", too few to help much" : "";
  return ` Judged against ${stretches} ${stretches === 1 ? "stretch" : "stretches"} of its speech${few}.`;
}

/** Whether the switch, where there is one, is worth a try. @param {api.Segment[]} speech */
function mostlyUnfamiliar(speech) {
  const strange = speech.filter(({ reason }) => reason === "unfamiliar").length;
  return !$("against").hidden && speech.length >= FEWEST && 2 * strange >= speech.length;
}

/** @param {api.Segment[]} segments */
function legend(segments) {
  /** @type {Map<string, number>} */
  const seconds = new Map();
  for (const { emotion, start, end } of segments) {
    if (emotion !== null) seconds.set(emotion, (seconds.get(emotion) ?? 0) + end - start);
  }
  const total = [...seconds.values()].reduce((sum, value) => sum + value, 0);
  const ranked = [...seconds].sort((a, b) => b[1] - a[1]);
  return ranked.map(([emotion, value]) => {
    const item = document.createElement("li");
    item.className = "dot";
    item.style.setProperty("--colour", colour(emotion));
    item.textContent = `${emotion} ${percent(value / total)}`;
    return item;
  });
}

/** The two next most probable emotions. @param {api.Segment} segment */
function runnersUp({ emotion, probabilities }) {
  return Object.entries(probabilities)
    .filter(([label, value]) => label !== emotion && value !== null)
    .sort((a, b) => Number(b[1]) - Number(a[1]))
    .slice(0, 2)
    .map(([label, value]) => `${label} ${percent(value)}`)
    .join(", ");
}

/** @param {string} text @param {string} label for screen readers */
function buttonOf(text, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  return button;
}
