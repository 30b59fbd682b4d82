// @ts-check
/** Playing a recording: the picture, the clock and the table follow. */

import { $ } from "./dom.js";
import { clock } from "./emotions.js";

/** @typedef {import("./answers.js").Segment} Segment */

/** Seconds a key moves by. @type {Record<string, number>} */
const JUMPS = { ArrowLeft: -2, ArrowRight: 2, PageDown: 15, PageUp: -15 };

export class Player {
  /** @param {import("./picture.js").Picture} picture */
  constructor(picture) {
    this.picture = picture;
    this.audio = $("audio", HTMLAudioElement);
    this.button = $("play");
    /** Told what is being played, of each channel. @type {(segments: Segment[]) => void} */
    this.onSegments = () => {};
    for (const kind of ["play", "pause", "seeked", "ended"]) {
      this.audio.addEventListener(kind, () => this.changed());
    }
  }

  /** Whether the browser can play what was loaded last. */
  get playable() {
    return !this.audio.error && Number.isFinite(this.audio.duration);
  }

  /**
   * Take a file; the answer is its length in seconds, 0 where it cannot be played.
   *
   * @param {File} file
   * @returns {Promise<number>}
   */
  load(file) {
    const { audio } = this;
    if (audio.src) URL.revokeObjectURL(audio.src);
    return new Promise((resolve) => {
      audio.onloadedmetadata = () => resolve(Number.isFinite(audio.duration) ? audio.duration : 0);
      audio.onerror = () => resolve(0);
      audio.src = URL.createObjectURL(file);
    });
  }

  /** @param {number} time in seconds */
  playFrom(time) {
    this.audio.currentTime = time;
    this.audio.play();
  }

  stop() {
    this.audio.pause();
  }

  toggle() {
    if (this.audio.paused) this.audio.play();
    else this.audio.pause();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key === " ") this.button.click();
    else if (event.key === "Home") this.audio.currentTime = 0;
    else if (event.key === "End") this.audio.currentTime = this.picture.duration;
    else if (event.key in JUMPS) this.audio.currentTime += JUMPS[event.key];
    else return;
    event.preventDefault();
  }

  changed() {
    this.button.textContent = this.audio.paused ? "Play" : "Pause";
    this.button.setAttribute("aria-pressed", String(!this.audio.paused));
    this.follow();
  }

  follow() {
    const { audio, picture } = this;
    const time = audio.currentTime;
    picture.move(Math.min(time, picture.duration));
    this.showClock(time);
    this.onSegments(audio.paused ? [] : picture.at(time));
    if (!audio.paused) requestAnimationFrame(() => this.follow());
  }

  /** @param {number} time in seconds */
  showClock(time) {
    $("clock").textContent = `${clock(time)} of ${clock(this.picture.duration)}`;
  }
}
