// @ts-check
/** Opening a recording: it is asked about, loaded for playing, and decoded for the picture. */

import { chosen, offerChannels } from "./choice.js";
import { $, problem } from "./dom.js";
import { lanesOf } from "./lanes.js";
import { decode } from "./sound.js";

const MIB = 2 ** 20;

/** @typedef {import("./answers.js").Segment} Segment */

/**
 * @typedef {{
 *   onStart: (again: boolean) => void,
 *   onResult: (timeline: import("./answers.js").Timeline, source: import("./result.js").Source) => void,
 *   onFailure: () => void,
 * }} RecordingHandlers `again`: the same recording is asked about in another way.
 */

export class Recording {
  /**
   * @param {import("./answers.js").Answers} answers
   * @param {import("./answers.js").Model["limits"]} limits
   * @param {import("./player.js").Player} player
   * @param {RecordingHandlers} handlers
   */
  constructor(answers, limits, player, handlers) {
    this.answers = answers;
    this.limits = limits;
    this.player = player;
    this.handlers = handlers;
    /** @type {AbortController | null} */
    this.running = null;
    /** What was opened last. @type {File | null} */
    this.file = null;
  }

  cancel() {
    this.running?.abort();
  }

  /** Forget the recording: what is asked from now on is about something else. */
  close() {
    this.cancel();
    this.file = null;
  }

  /** Ask again about what was opened last, if anything was. */
  again() {
    if (this.file) this.open(this.file);
  }

  /** Open a recording of the page's own. @param {string} address */
  async openExample(address) {
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const name = address.slice(address.lastIndexOf("/") + 1);
      await this.open(new File([await answer.blob()], name));
    } catch {
      problem("The example cannot be loaded. Is the service still running?");
    }
  }

  /** @param {File} file */
  async open(file) {
    this.cancel();
    this.handlers.onStart(file === this.file);
    this.file = file;
    problem(null);
    if (file.size > this.limits.upload_bytes) {
      const [size, most] = [file.size / MIB, this.limits.upload_bytes / MIB];
      this.fail(`${file.name} has ${Math.ceil(size)} MiB; at most ${Math.floor(most)} are taken.`);
      return;
    }
    const abort = new AbortController();
    this.running = abort;
    $("busy").hidden = false;
    $("busy-text").textContent = `Listening to ${file.name} …`;
    const found = await this.ask(file, abort.signal).catch((error) => {
      // Of one that was given up for another, nothing is said.
      if (!this.finish(abort)) return;
      if (abort.signal.aborted) this.handlers.onFailure();
      else this.fail(/** @type {Error} */ (error).message);
    });
    // What is shown while it runs goes first: its place would move what comes into view.
    if (found && this.finish(abort)) this.handlers.onResult(found.timeline, found.source);
  }

  /** End what runs, and tell whether it was this. @param {AbortController} abort */
  finish(abort) {
    if (this.running !== abort) return false;
    this.running = null;
    $("busy").hidden = true;
    return true;
  }

  /** @param {string} sentence what went wrong */
  fail(sentence) {
    this.handlers.onFailure();
    problem(sentence);
  }

  /**
   * @param {File} file @param {AbortSignal} signal
   * @returns {Promise<{timeline: import("./answers.js").Timeline, source: import("./result.js").Source}>}
   */
  async ask(file, signal) {
    const choice = chosen();
    const played = await this.player.load(file);
    const [timeline, wholes] = await Promise.all([
      this.answers.timeline(file, choice, signal),
      played > this.limits.clip_seconds ? [] : this.wholes(file, choice, signal),
    ]);
    const sounds = await decode(file, played);
    signal.throwIfAborted();
    const last = timeline.segments.reduce((end, segment) => Math.max(end, segment.end), 0);
    const duration = sounds ? sounds[0].length / 16000 : Math.max(played, last, 0.1);
    const lanes = lanesOf(timeline.segments, wholes, sounds, choice.channels);
    offerChannels(sounds?.length ?? 1);
    return { timeline, source: { title: file.name, duration, lanes, file, choice } };
  }

  /**
   * The answer for the recording as a whole, of each channel where each is asked about; none where
   * there is none, as of little speech that is to be judged against itself. The segments are shown
   * all the same.
   *
   * @param {File} file @param {import("./answers.js").Choice} choice @param {AbortSignal} signal
   * @returns {Promise<Segment[]>}
   */
  async wholes(file, choice, signal) {
    return [await this.answers.predict(file, choice, signal).catch(() => [])].flat();
  }
}
