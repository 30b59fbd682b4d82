// @ts-check
/** Opening a recording: it goes to the service, to the player and to the decoder. */

import * as api from "./api.js";
import { chosen } from "./choice.js";
import { $, problem } from "./dom.js";
import { decode } from "./sound.js";

const MIB = 2 ** 20;

/**
 * @typedef {{
 *   onStart: () => void,
 *   onResult: (timeline: api.Timeline, source: import("./result.js").Source) => void,
 * }} RecordingHandlers
 */

export class Recording {
  /**
   * @param {api.Model["limits"]} limits
   * @param {import("./player.js").Player} player
   * @param {RecordingHandlers} handlers
   */
  constructor(limits, player, handlers) {
    this.limits = limits;
    this.player = player;
    this.handlers = handlers;
    /** @type {AbortController | null} */
    this.running = null;
  }

  cancel() {
    this.running?.abort();
  }

  /** @param {File} file */
  async open(file) {
    this.cancel();
    this.handlers.onStart();
    problem(null);
    if (file.size > this.limits.upload_bytes) {
      const [size, most] = [file.size / MIB, this.limits.upload_bytes / MIB];
      problem(`${file.name} has ${Math.ceil(size)} MiB; the service takes ${Math.floor(most)}.`);
      return;
    }
    const abort = new AbortController();
    this.running = abort;
    $("busy").hidden = false;
    $("busy-text").textContent = `Listening to ${file.name} …`;
    try {
      await this.ask(file, chosen(), abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) problem(/** @type {Error} */ (error).message);
    } finally {
      if (this.running === abort) {
        this.running = null;
        $("busy").hidden = true;
      }
    }
  }

  /**
   * @param {File} file @param {import("./choice.js").Choice} choice @param {AbortSignal} signal
   */
  async ask(file, choice, signal) {
    const timeline = await api.timeline(file, choice, signal);
    const played = await this.player.load(file);
    const samples = await decode(file, played);
    if (signal.aborted) return;
    const last = timeline.segments.at(-1)?.end ?? 0;
    const duration = samples ? samples.length / 16000 : Math.max(played, last, 0.1);
    this.handlers.onResult(timeline, { title: file.name, duration, samples, file, choice });
  }
}
