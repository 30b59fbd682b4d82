// @ts-check
/** The picture of a recording: waveform or spectrogram, the ribbon of emotions, the clock. */

import { clock, colour, percent } from "./emotions.js";
import { arousalKnown, doubt, drawArousal } from "./measures.js";
import { SILENCE } from "./palette.js";
import { loudness, spectrogram } from "./sound.js";

/** @typedef {import("./answers.js").Segment} Segment */
/** @typedef {import("./lanes.js").Lane} Lane */
/** @typedef {{top: number, width: number, height: number}} Box */

const RIBBON = 26;
const AXIS = 22;
const GAP = 8;
const AROUSAL = 80;
const NAME = 28; // pixels for the name above a lane
const FEW = 4; // lanes that have room for a line of arousal each
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
    /** @type {Lane[]} */
    this.lanes = [];
    this.duration = 0;
    this.view = "waveform";
    this.aroused = false;
    frame.addEventListener("pointermove", (event) => this.hover(event));
    frame.addEventListener("pointerleave", () => (this.tip.hidden = true));
    new ResizeObserver(() => this.draw()).observe(frame);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /**
   * @param {Lane[]} lanes
   * @param {number} duration in seconds
   */
  show(lanes, duration) {
    this.lanes = lanes;
    this.duration = duration;
    this.playhead.hidden = true;
    const count = lanes.length;
    this.aroused = count <= FEW && lanes.some(({ segments }) => arousalKnown(segments));
    this.frame.classList.toggle("taller", this.aroused);
    const each = Math.max(5, Math.min(11, 60 / count)) + (this.aroused ? 5 : 0);
    this.frame.style.setProperty("--tall", `${count * each + 4}rem`);
    this.frame.setAttribute("aria-valuemax", duration.toFixed(1));
    this.draw();
  }

  /** What can be heard of where a segment lies, at 16 kHz. @param {Segment} segment */
  soundOf(segment) {
    const lane = this.lanes.find(({ segments }) => segments.includes(segment));
    return lane?.samples ?? null;
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

  /** The segments at a time, of each lane. @param {number} time */
  at(time) {
    return this.lanes.flatMap(({ segments }) => atTime(segments, time) ?? []);
  }

  /** What is said at a time, in words. @param {number} time */
  told(time) {
    const said = this.lanes.map(({ name, segments }) => {
      const here = atTime(segments, time);
      return `${name && `${name}: `}${here ? words(here) : "no speech"}`;
    });
    return said.join("; ");
  }

  /** @param {number} time in seconds */
  move(time) {
    this.playhead.hidden = false;
    this.playhead.style.transform = `translateX(${(time / this.duration) * this.canvas.clientWidth}px)`;
    this.frame.setAttribute("aria-valuenow", time.toFixed(1));
    this.frame.setAttribute("aria-valuetext", `${clock(time)}, ${this.told(time)}`);
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const time = this.timeOf(event);
    this.tip.hidden = !this.duration;
    this.tip.textContent = `${clock(time)}  ${this.told(time)}`;
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
    const tall = (height - AXIS) / this.lanes.length;
    this.lanes.forEach((lane, place) => this.drawLane(pen, lane, { top: place * tall, width, height: tall }));
    this.drawAxis(pen, width, height);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Lane} lane @param {Box} box */
  drawLane(pen, { name, segments, samples, levels }, { top, width, height }) {
    const head = name ? NAME : 0;
    const below = this.aroused ? AROUSAL : 0;
    const body = height - head - RIBBON - below - GAP;
    const sound = samples ?? levels;
    if (name) this.write(pen, name, 6, top + GAP);
    pen.save();
    pen.translate(0, top + head);
    if (samples && this.view === "spectrogram") drawSpectrogram(pen, samples, width, body);
    else if (sound) this.drawWaveform(pen, sound, segments, { top: 0, width, height: body });
    else this.drawNothing(pen, width, body);
    this.drawRibbon(pen, segments, width, body + GAP);
    if (below) {
      const box = { top: body + RIBBON + 2 * GAP, width, height: below - 2 * GAP };
      drawArousal(pen, segments, this.duration, box, getComputedStyle(this.frame));
    }
    pen.restore();
  }

  /** @param {CanvasRenderingContext2D} pen @param {string} text @param {number} left @param {number} top */
  write(pen, text, left, top) {
    const style = getComputedStyle(this.frame);
    pen.font = `600 12px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.textBaseline = "top";
    pen.fillText(text, left, top);
  }

  /**
   * @param {CanvasRenderingContext2D} pen @param {Float32Array} sound
   * @param {Segment[]} segments @param {Box} box
   */
  drawWaveform(pen, sound, segments, { width, height }) {
    const columns = Math.floor(width / 3);
    const values = loudness(sound, columns);
    for (let column = 0; column < columns; column++) {
      const here = atTime(segments, ((column + 0.5) / columns) * this.duration);
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

  /**
   * @param {CanvasRenderingContext2D} pen @param {Segment[]} segments
   * @param {number} width @param {number} top
   */
  drawRibbon(pen, segments, width, top) {
    pen.fillStyle = SILENCE;
    pen.globalAlpha = 0.18;
    pen.beginPath();
    pen.roundRect(0, top, width, RIBBON, 6);
    pen.fill();
    for (const segment of segments) {
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

/** @param {Segment[]} segments @param {number} time */
function atTime(segments, time) {
  return segments.find((segment) => segment.start <= time && time < segment.end) ?? null;
}

/** @param {Segment} segment */
export function words(segment) {
  if (segment.emotion === null) return "no speech";
  const mark = segment.status === "unsure" ? `, unsure: ${doubt(segment)}` : "";
  const aroused = typeof segment.arousal === "number" ? `, arousal ${percent(segment.arousal)}` : "";
  return `${segment.emotion} ${percent(segment.confidence)}${mark}${aroused}`;
}
