// @ts-check
/** A live session: the microphone's button, the emotion of the moment, what was heard. */

import { chosen } from "./choice.js";
import { $, spanOf } from "./dom.js";
import { colour, percent, percentsOf } from "./emotions.js";
import { Live } from "./live.js";
import { doubt } from "./measures.js";
import { PIECE } from "./microphone.js";
import { Trace } from "./trace.js";

/** @typedef {import("./answers.js").Segment} Segment */

/**
 * What was heard: its segments, and how loud it was in pieces of PIECE seconds.
 *
 * @typedef {{segments: Segment[], levels: number[], choice: import("./answers.js").Choice}} Heard
 * @typedef {{onStart: () => void, onEnd: (heard: Heard) => void}} SessionHandlers
 *   `onEnd` is told what was said, where anything was.
 */

export class Session {
  /**
   * @param {import("./answers.js").Answers} answers
   * @param {string[]} labels
   * @param {SessionHandlers} handlers
   */
  constructor(answers, labels, handlers) {
    this.answers = answers;
    this.handlers = handlers;
    this.mic = $("mic", HTMLButtonElement);
    this.word = $("word");
    this.note = $("note");
    this.trace = new Trace($("trace", HTMLCanvasElement));
    this.bars = new Map(labels.map((label) => [label, new Bar(label)]));
    $("bars").replaceChildren(...[...this.bars.values()].map((bar) => bar.item));
    this.arousal = new Bar("arousal");
    $("aroused").replaceChildren(this.arousal.item);
    this.setBars({});
    /** @type {Live | null} */
    this.live = null;
    /** @type {Segment[]} */
    this.segments = [];
    /** @type {number[]} */
    this.levels = [];
  }

  /** Begin, or end what was begun. */
  toggle() {
    if (this.live) this.stop();
    else this.start();
  }

  async start() {
    this.handlers.onStart();
    [this.segments, this.levels] = [[], []];
    this.trace.clear();
    this.setBars({});
    this.setWord("Listening", "Waiting for a voice.");
    this.mic.disabled = true;
    const live = new Live(this.answers, chosen(), {
      onEvent: (event) => this.take(event),
      onLevel: (level) => this.setLevel(level),
      onEnd: (reason) => this.end(reason),
    });
    this.live = live;
    try {
      await live.start();
      this.mic.setAttribute("aria-pressed", "true");
      $("mic-label").textContent = "Stop listening";
    } catch (error) {
      live.stop();
      this.live = null;
      this.setWord("Ready", /** @type {Error} */ (error).message);
    }
    this.mic.disabled = false;
  }

  stop() {
    this.live?.stop();
  }

  /** @param {string | null} reason */
  end(reason) {
    const { segments, levels } = this;
    const choice = this.live?.choice ?? chosen();
    this.live = null;
    this.trace.emotion = null;
    this.mic.setAttribute("aria-pressed", "false");
    this.mic.style.setProperty("--level", "0");
    $("mic-label").textContent = "Start listening";
    const told = segments.length ? "What was said is shown below." : "No speech was heard.";
    this.setWord("Ready", reason || told);
    this.setBars({});
    if (segments.length) this.handlers.onEnd({ segments, levels, choice });
  }

  /** @param {import("./answers.js").LiveEvent} event */
  take(event) {
    if (event.event === "speech_start") {
      this.note.textContent = "Listening to a voice.";
    } else if (event.event === "update" && event.emotion) {
      this.judge(event.emotion, event);
    } else if (event.event === "segment") {
      this.segments.push(segmentOf(event));
    } else if (event.event === "speech_end") {
      this.trace.emotion = null;
      this.note.textContent = "Waiting for a voice.";
    } else if (event.event === "trouble") {
      this.note.textContent = event.message;
    }
  }

  /** @param {string} emotion @param {Segment} update */
  judge(emotion, update) {
    const { status, confidence, probabilities, arousal } = update;
    const unsure = status === "unsure";
    const shown = percentsOf(probabilities).get(emotion);
    const sure = `${shown ?? Math.round(100 * (confidence ?? 0))} % sure`;
    const note = unsure ? `Only ${sure}, a guess: ${doubt(update)}.` : `${sure}.`;
    if (this.word.textContent !== emotion) $("announce").textContent = `Sounds ${emotion}`;
    this.setWord(emotion, note, emotion, unsure);
    this.setBars(probabilities);
    $("aroused").hidden = arousal === undefined || arousal === null;
    this.arousal.set(arousal);
    this.trace.emotion = emotion;
  }

  /** @param {number} level root mean square, 0..1 */
  setLevel(level) {
    this.mic.style.setProperty("--level", String(Math.min(1, Math.sqrt(level) * 2)));
    this.levels.push(level);
    this.trace.push(level);
  }

  /** @param {Record<string, number | null>} probabilities */
  setBars(probabilities) {
    const whole = percentsOf(probabilities);
    for (const [label, bar] of this.bars) bar.set(probabilities[label], whole.get(label));
    this.arousal.set(undefined);
  }

  /**
   * @param {string} text
   * @param {string} note
   * @param {string | null} emotion
   */
  setWord(text, note, emotion = null, unsure = false) {
    this.word.textContent = text;
    this.word.classList.toggle("unsure", unsure);
    this.word.style.setProperty("--colour", emotion ? colour(emotion) : "");
    this.note.textContent = note;
  }
}

/** The probability of one emotion. */
class Bar {
  /** @param {string} label */
  constructor(label) {
    const [name, rail, fill, value] = ["name", "rail", "fill", "value"].map((kind) => spanOf(kind));
    this.item = document.createElement("li");
    this.item.className = "bar";
    this.item.style.setProperty("--colour", colour(label));
    this.value = value;
    name.textContent = label;
    rail.append(fill);
    this.item.append(name, rail, value);
  }

  /**
   * @param {number | null | undefined} value 0..1; undefined: nothing is known yet
   * @param {number | null} [shown] the same in per cent, where it is one of several that add up
   */
  set(value, shown = null) {
    this.item.style.setProperty("--value", String(value ?? 0));
    const text = shown === null ? percent(value) : `${shown} %`;
    this.value.textContent = value === undefined ? "" : text;
  }
}

/** How long a talk of so many pieces was, in seconds. @param {Heard} heard */
export function durationOf({ segments, levels }) {
  return Math.max(levels.length * PIECE, segments[segments.length - 1].end);
}

/** @param {Segment} event @returns {Segment} */
function segmentOf({ start, end, emotion = null, confidence = null, status, probabilities, ...said }) {
  const { reason = null, familiarity = null, arousal = null, adapted = 0 } = said;
  return { start, end, emotion, confidence, status, reason, familiarity, arousal, adapted, probabilities };
}
