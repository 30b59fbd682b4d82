// @ts-check
/** The picture of a recording: waveform or spectrogram, the ribbon of emotions, the clock. */

import { clock, colour, percent } from "./emotions.js";
import { arousalKnown, doubt, drawArousal } from "./measures.js";
import { SILENCE } from "./palette.js";
import { loudness, spectrogram } from "./sound.js";

/** @typedef {import("./answers.js").Segment} Segment */

const RIBBON = 26;
const AXIS = 22;
const GAP = 8;
const AROUSAL = 80;
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600];

export class Picture {
  /**
   * @param {HTMLElement} frame
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} playhead
   * @param {HTMLElement} tip
   */
  constructor(frame, canvas, playhead, tip) {
    this.frame = frame;
    this.canvas = canvas;
    this.playhead = playhead;
    this.tip = tip;
    /** @type {Segment[]} */
    this.segments = [];
    this.duration = 0;
    /** @type {Float32Array | null} */
    this.samples = null;
    /** What the waveform is drawn of: samples, or loudness in equal pieces. @type {Float32Array | null} */
    this.sound = null;
    this.view = "waveform";
    frame.addEventListener("pointermove", (event) => this.hover(event));
    frame.addEventListener("pointerleave", () => (this.tip.hidden = true));
    new ResizeObserver(() => this.draw()).observe(frame);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /**
   * @param {Segment[]} segments
   * @param {number} duration in seconds
   * @param {Float32Array | null} samples at 16 kHz, null where the browser cannot decode
   * @param {Float32Array | null} levels loudness of equal pieces, where there are no samples
   */
  show(segments, duration, samples, levels = null) {
    this.segments = segments;
    this.duration = duration;
    this.samples = samples;
    this.sound = samples ?? levels;
    this.playhead.hidden = true;
    this.frame.classList.toggle("taller", arousalKnown(segments));
    this.frame.setAttribute("aria-valuemax", duration.toFixed(1));
    this.draw();
  }

  /** @param {string} view "waveform" or "spectrogram" */
  look(view) {
    this.view = view;
    this.draw();
  }

  /** @param {PointerEvent | MouseEvent} event */
  timeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.duration;
  }

  /** @param {number} time */
  at(time) {
    return this.segments.find((segment) => segment.start <= time && time < segment.end) || null;
  }

  /** @param {number} time in seconds */
  move(time) {
    this.playhead.hidden = false;
    this.playhead.style.transform = `translateX(${(time / this.duration) * this.canvas.clientWidth}px)`;
    const here = this.at(time);
    this.frame.setAttribute("aria-valuenow", time.toFixed(1));
    this.frame.setAttribute("aria-valuetext", `${clock(time)}, ${here ? words(here) : "no speech"}`);
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const time = this.timeOf(event);
    const here = this.at(time);
    this.tip.hidden = !this.duration;
    this.tip.textContent = `${clock(time)}  ${here ? words(here) : "no speech"}`;
    const width = this.canvas.clientWidth;
    const middle = (time / this.duration) * width - this.tip.offsetWidth / 2;
    const left = Math.min(width - this.tip.offsetWidth, Math.max(0, middle));
    this.tip.style.transform = `translateX(${left}px)`;
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !this.duration) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    pen.scale(ratio, ratio);
    const below = arousalKnown(this.segments) ? AROUSAL : 0;
    const body = height - RIBBON - below - AXIS - GAP;
    if (this.samples && this.view === "spectrogram") drawSpectrogram(pen, this.samples, width, body);
    else if (this.sound) this.drawWaveform(pen, this.sound, width, body);
    else this.drawNothing(pen, width, body);
    this.drawRibbon(pen, width, body + GAP);
    if (below) {
      const box = { top: body + RIBBON + 2 * GAP, width, height: below - 2 * GAP };
      drawArousal(pen, this.segments, this.duration, box, getComputedStyle(this.frame));
    }
    this.drawAxis(pen, width, height);
  }

  /**
   * @param {CanvasRenderingContext2D} pen @param {Float32Array} sound
   * @param {number} width @param {number} height
   */
  drawWaveform(pen, sound, width, height) {
    const columns = Math.floor(width / 3);
    const values = loudness(sound, columns);
    for (let column = 0; column < columns; column++) {
      const here = this.at(((column + 0.5) / columns) * this.duration);
      const tall = Math.max(2, values[column] * (height - 6));
      pen.fillStyle = here ? colour(here.emotion) : SILENCE;
      pen.globalAlpha = here ? (here.status === "ok" ? 0.95 : 0.45) : 0.4;
      pen.beginPath();
      pen.roundRect(column * 3, (height - tall) / 2, 2, tall, 1);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height */
  drawNothing(pen, width, height) {
    pen.fillStyle = SILENCE;
    pen.globalAlpha = 0.4;
    pen.fillRect(0, height / 2 - 1, width, 2);
    pen.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} top */
  drawRibbon(pen, width, top) {
    pen.fillStyle = SILENCE;
    pen.globalAlpha = 0.18;
    pen.beginPath();
    pen.roundRect(0, top, width, RIBBON, 6);
    pen.fill();
    for (const segment of this.segments) {
      if (segment.emotion === null) continue;
      const from = (segment.start / this.duration) * width;
      const wide = Math.max(1.5, ((segment.end - segment.start) / this.duration) * width - 1);
      pen.globalAlpha = segment.status === "ok" ? 1 : 0.4;
      pen.fillStyle = colour(segment.emotion);
      pen.beginPath();
      pen.roundRect(from, top, wide, RIBBON, Math.min(6, wide / 2));
      pen.fill();
      pen.globalAlpha = 1;
      this.drawName(pen, segment, from, wide, top);
    }
    pen.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} pen @param {Segment} segment
   * @param {number} from @param {number} wide @param {number} top
   */
  drawName(pen, segment, from, wide, top) {
    pen.font = `600 12px ${getComputedStyle(this.frame).fontFamily}`;
    const name = segment.status === "ok" ? `${segment.emotion}` : `${segment.emotion}?`;
    if (pen.measureText(name).width + 14 > wide) return;
    pen.fillStyle = segment.status === "ok" ? "#14181d" : getComputedStyle(this.frame).color;
    pen.textBaseline = "middle";
    pen.fillText(name, from + 7, top + RIBBON / 2 + 0.5);
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height */
  drawAxis(pen, width, height) {
    const most = Math.max(2, Math.floor(width / 80));
    const step = STEPS.find((candidate) => this.duration / candidate <= most) || 3600;
    pen.font = `12px ${getComputedStyle(this.frame).fontFamily}`;
    pen.fillStyle = getComputedStyle(this.frame).color;
    pen.globalAlpha = 0.65;
    pen.textBaseline = "bottom";
    for (let time = 0; time <= this.duration; time += step) {
      const text = clock(time);
      const place = (time / this.duration) * width;
      pen.fillText(text, Math.min(place, width - pen.measureText(text).width), height - 2);
    }
    pen.globalAlpha = 1;
  }
}

/**
 * Draw frequencies up to 8 kHz over time, at the ear's scale.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} samples at 16 kHz
 * @param {number} width
 * @param {number} height
 */
export function drawSpectrogram(pen, samples, width, height) {
  const columns = Math.min(1600, Math.floor(width * 1.5));
  const rows = 160;
  const values = spectrogram(samples, columns, rows);
  const image = new ImageData(columns, rows);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const [red, green, blue] = dark ? [240, 226, 200] : [38, 62, 80];
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const place = 4 * ((rows - 1 - row) * columns + column);
      image.data.set([red, green, blue, 255 * values[column * rows + row] ** 1.6], place);
    }
  }
  const sheet = new OffscreenCanvas(columns, rows);
  /** @type {OffscreenCanvasRenderingContext2D} */ (sheet.getContext("2d")).putImageData(image, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(sheet, 0, 0, width, height);
}

/** @param {Segment} segment */
export function words(segment) {
  if (segment.emotion === null) return "no speech";
  const mark = segment.status === "unsure" ? `, unsure: ${doubt(segment)}` : "";
  const aroused = typeof segment.arousal === "number" ? `, arousal ${percent(segment.arousal)}` : "";
  return `${segment.emotion} ${percent(segment.confidence)}${mark}${aroused}`;
}
