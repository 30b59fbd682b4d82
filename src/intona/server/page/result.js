// @ts-check
/** The result: answer for the whole, picture, shares, table of segments, explanations, downloads. */

import { $, buttonOf, problem, reveal, spanOf } from "./dom.js";
import { clock, colour, percent } from "./emotions.js";
import { channelOf } from "./lanes.js";
import { doubt, showMeasures } from "./measures.js";
import { words } from "./picture.js";
import { runnersUp, shares, summary, whole } from "./summary.js";
import { Why } from "./why.js";

/** @typedef {import("./answers.js").Segment} Segment */
/** @typedef {import("./answers.js").Timeline} Timeline */
/** @typedef {import("./answers.js").Choice} Choice */

/**
 * What a result is of: `lanes` by the channels that were heard; `file` is null for live speech.
 *
 * @typedef {{title: string, duration: number, lanes: import("./lanes.js").Lane[],
 *   file: File | null, choice: Choice}} Source
 */

/** @type {Record<string, string>} */
const FORMATS = { csv: "CSV", json: "JSON", vtt: "WebVTT", textgrid: "TextGrid" };

export class Result {
  /**
   * @param {import("./answers.js").Answers} answers
   * @param {number} longest stretch that is explained, in seconds
   * @param {import("./picture.js").Picture} picture
   * @param {import("./player.js").Player} player
   */
  constructor(answers, longest, picture, player) {
    this.answers = answers;
    this.longest = longest;
    this.picture = picture;
    this.player = player;
    this.why = new Why();
    /** @type {Timeline | null} */
    this.timeline = null;
    /** The recording, and how it was asked about. @type {{file: File, choice: Choice} | null} */
    this.asked = null;
    /** @type {AbortController | null} */
    this.asking = null;
    /** The rows being played. @type {Element[]} */
    this.marked = [];
    $("formats").replaceChildren(...answers.formats.map((format) => this.downloadButton(format)));
  }

  /** Take it away: it is not about what is asked now. */
  hide() {
    this.asking?.abort();
    this.timeline = null;
    this.asked = null;
    this.why.hide();
    $("result").hidden = true;
  }

  /** Show that another answer for the same recording is on its way. */
  fade() {
    $("result").inert = true;
  }

  /** @param {Timeline} timeline @param {Source} source */
  show(timeline, { title, duration, lanes, file, choice }) {
    const { segments } = timeline;
    this.asking?.abort();
    this.timeline = timeline;
    this.asked = file && { file, choice };
    this.why.hide();
    problem(null, "result-error");
    const playable = file !== null && this.player.playable;
    $("result").inert = false;
    $("result").hidden = false;
    $("result-title").textContent = title;
    $("summary").textContent = summary(timeline, duration);
    $("whole").replaceChildren(...lanes.flatMap(whole));
    $("transport").hidden = !playable;
    $("views").hidden = lanes.every(({ samples }) => samples === null);
    this.picture.show(lanes, duration);
    if (playable) this.picture.move(0);
    this.player.showClock(0);
    showMeasures(lanes.flatMap((lane) => (lane.whole ? [lane.whole] : lane.segments)));
    $("shares").replaceChildren(...lanes.map(shares));
    $("rows").replaceChildren(...segments.map((segment) => this.row(segment, playable)));
  }

  /** Mark the rows of what is being played. @param {Segment[]} segments */
  mark(segments) {
    const places = segments.map((segment) => this.timeline?.segments.indexOf(segment) ?? -1);
    const rows = places.filter((place) => place >= 0).map((place) => $("rows").children[place]);
    for (const row of this.marked) if (!rows.includes(row)) row.classList.remove("playing");
    for (const row of rows) row.classList.add("playing");
    this.marked = rows;
  }

  /** @param {Segment} segment @param {boolean} playable */
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
    if (channelOf(segment)) time.append(spanOf("reason", channelOf(segment)));
    const unsure = segment.status === "unsure";
    name.append(spanOf(unsure ? "dot unsure" : "dot", segment.emotion ?? "no speech"));
    sure.append(spanOf("sure"), percent(segment.confidence) + (unsure ? ", unsure" : ""));
    if (unsure) sure.append(spanOf("reason", doubt(segment)));
    rest.className = "wide";
    rest.textContent = runnersUp(segment);
    if (this.answers.explain && this.asked && segment.emotion !== null) {
      const button = buttonOf("Why?", `Why ${segment.emotion} at ${clock(segment.start)}?`);
      button.addEventListener("click", () => this.explain(segment, button));
      explanation.append(button);
    }
    return line;
  }

  /** @param {Segment} segment @param {HTMLButtonElement} button */
  async explain(segment, button) {
    this.asking?.abort();
    if (!this.answers.explain || !this.asked || segment.emotion === null) return;
    const { file, choice } = this.asked;
    const abort = new AbortController();
    this.asking = abort;
    button.textContent = "Asking …";
    problem(null, "result-error");
    const end = Math.min(segment.end, segment.start + this.longest);
    const stretch = { start: segment.start, end, emotion: segment.emotion };
    const channels = choice.channels === "each" ? `${segment.channel ?? 1}` : choice.channels;
    const here = { ...choice, channels };
    try {
      const explanation = await this.answers.explain(file, stretch, here, abort.signal);
      if (abort.signal.aborted) return;
      this.why.show(explanation, this.picture.soundOf(segment));
      reveal($("why"), $("why"));
    } catch (error) {
      if (abort.signal.aborted) return;
      problem(/** @type {Error} */ (error).message, "result-error");
    } finally {
      button.textContent = "Why?";
    }
  }

  /** @param {string} format */
  downloadButton(format) {
    const name = FORMATS[format] ?? format;
    const button = buttonOf(name, `Download as ${name}`);
    button.className = "plain";
    button.dataset.format = format;
    button.addEventListener("click", () => this.download(format));
    return button;
  }

  /** @param {string} format */
  async download(format) {
    if (!this.timeline) return;
    problem(null, "result-error");
    try {
      const { blob, name } = await this.answers.exported(this.timeline, format);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      problem(/** @type {Error} */ (error).message, "result-error");
    }
  }
}
