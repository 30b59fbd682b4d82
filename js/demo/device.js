// @ts-check
/** Answers of a model on this device: a worker computes, and nothing is sent anywhere. */

import { decode } from "../src/audio.js";
import { exported, FORMATS } from "./export.js";

/** @typedef {import("./answers.js").Answers} Answers */
/** @typedef {import("./answers.js").Listener} Listener */
/** @typedef {import("./worker.js").Asked} Asked */

const BACKLOG = 5; // seconds of sound that wait; beyond, the device is too slow
const LIMITS = {
  upload_bytes: 2 ** 28,
  clip_seconds: 120,
  recording_seconds: 45 * 60,
  explain_seconds: 0,
};

/** Questions, live talks and their answers, by number. */
class Worked {
  constructor() {
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {Map<number, (answer: any) => void>} */
    this.waiting = new Map();
    this.count = 0;
  }

  /**
   * Tell the worker, which begins to load the model when it is told anything.
   *
   * @param {object} message @param {Transferable[]} [moved]
   */
  tell(message, moved = []) {
    this.worker ??= this.begun();
    this.worker.postMessage(message, moved);
  }

  begun() {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => this.waiting.get(data.number)?.(data);
    worker.onerror = () => {
      for (const answer of this.waiting.values())
        answer({ error: "This browser cannot run the model." });
    };
    return worker;
  }

  /**
   * Ask once.
   *
   * @param {Asked} asked
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  ask(asked, signal) {
    const number = this.count++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.tell({ number, kind: "cancel" });
        this.waiting.delete(number);
        reject(new DOMException("given up", "AbortError"));
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener("abort", leave, { once: true });
      this.waiting.set(number, ({ result, error }) => {
        this.waiting.delete(number);
        signal?.removeEventListener("abort", leave);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
      this.tell({ number, ...asked });
    });
  }

  /** @param {number} rate @param {boolean} adapt @param {Listener} listener */
  talk(rate, adapt, { onEvent, onEnd }) {
    const number = this.count++;
    let waiting = 0; // seconds of sound
    let ended = false;
    const end = () => {
      if (!ended) this.tell({ number, kind: "end" });
      ended = true;
    };
    /** @type {string | null} */
    let wrong = null;
    this.waiting.set(number, ({ event, heard, error, done }) => {
      if (event) onEvent(event);
      waiting -= heard ?? 0;
      if (error === undefined && !done) return;
      this.waiting.delete(number);
      ended = true;
      onEnd(error ?? wrong);
    });
    this.tell({ number, kind: "live", rate, adapt });
    /** @param {ArrayBuffer} pcm */
    const push = (pcm) => {
      if (ended) return;
      const samples = Float32Array.from(new Int16Array(pcm), (value) => value / 2 ** 15);
      waiting += samples.length / rate;
      if (waiting > BACKLOG) {
        wrong = "This device cannot keep up.";
        end();
      } else this.tell({ number, kind: "push", samples, rate }, [samples.buffer]);
    };
    return { push, end };
  }
}

const worked = new Worked();

/**
 * What was decoded last: the page asks twice about a file.
 *
 * @type {{file: File, audio: ReturnType<typeof decode>} | null}
 */
let last = null;

/** @param {File} file */
function audioOf(file) {
  if (last?.file !== file) last = { file, audio: decode(file) };
  return last.audio;
}

/** @type {Answers} */
export const device = {
  privacy:
    "Your audio stays on this device: the model runs in this page, and nothing is sent anywhere.",
  example: "static/example.flac",
  formats: FORMATS,
  explain: null,
  model: async () => {
    const { version } = document.documentElement.dataset;
    return { ...(await worked.ask({ kind: "model" })), version, profiles: [], limits: LIMITS };
  },
  predict: async (file, { adapt }, signal) =>
    worked.ask({ kind: "predict", audio: await audioOf(file), adapt }, signal),
  timeline: async (file, { adapt }, signal) => {
    const found = await worked.ask({ kind: "timeline", audio: await audioOf(file), adapt }, signal);
    return { file: file.name, profile: null, ...found };
  },
  live: async (rate, { adapt }, listener) => worked.talk(rate, adapt, listener),
  exported: async (timeline, format) => exported(timeline, format),
};
