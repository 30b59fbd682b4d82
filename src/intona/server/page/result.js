// @ts-check
/** The result: picture, legend, table of segments, explanations, downloads. */

import * as api from "./api.js";
import { $, problem, reveal, spanOf } from "./dom.js";
import { clock, colour, percent } from "./emotions.js";
import { words } from "./picture.js";
import { Why } from "./why.js";

/**
 * What a result is of; `file` is null for live speech, `samples` (at 16 kHz) where there are none.
 *
 * @typedef {{title: string, duration: number, samples: Float32Array | null, file: File | null,
 *   profile: string}} Source
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
    /** The recording, and how it was asked about. @type {{file: File, profile: string} | null} */
    this.asked = null;
    /** @type {AbortController | null} */
    this.asking = null;
    /** The row being played. @type {Element | null} */
    this.marked = null;
  }

  /** @param {api.Timeline} timeline @param {Source} source */
  show(timeline, { title, duration, samples, file, profile }) {
    this.timeline = timeline;
    this.asked = file && { file, profile };
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
    const [dot, doubt] = segment.status === "unsure" ? ["dot unsure", ", unsure"] : ["dot", ""];
    name.append(spanOf(dot, segment.emotion ?? "no speech"));
    sure.append(spanOf("sure"), percent(segment.confidence) + doubt);
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
    const { file, profile } = this.asked;
    const abort = new AbortController();
    this.asking = abort;
    button.textContent = "Asking …";
    problem(null);
    const [start, end] = [segment.start, Math.min(segment.end, segment.start + this.longest)];
    const query = { start: `${start}`, end: `${end}`, emotion: segment.emotion, profile };
    try {
      this.why.show(await api.explain(file, query, abort.signal), this.picture.samples);
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
function summary({ segments, profile }, duration) {
  const speech = segments.filter((segment) => segment.emotion !== null);
  if (!speech.length) return `${clock(duration)} long, and no speech in it.`;
  const seconds = speech.reduce((sum, segment) => sum + segment.end - segment.start, 0);
  const unsure = speech.filter((segment) => segment.status === "unsure").length;
  const doubts = unsure ? ` Unsure of ${unsure} of ${speech.length} segments.` : "";
  const adapted = profile ? ` Adapted to ${profile}.` : "";
  return `${clock(duration)} long, ${clock(seconds)} of it speech.${adapted}${doubts}`;
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
