// @ts-check
/** Why the model says so: the evidence on the spectrogram, and how it was said, in words. */

import { $ } from "./dom.js";
import { drawSpectrogram } from "./picture.js";

/** @typedef {import("./answers.js").Explanation} Explanation */

const SCALE = 34; // pixels for the frequencies on the left
const AXIS = 20;
const MARKS = [500, 1000, 2000, 4000];
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5];

export class Why {
  constructor() {
    this.canvas = $("why-canvas", HTMLCanvasElement);
    /** @type {Explanation | null} */
    this.shown = null;
    /** @type {Float32Array | null} */
    this.samples = null;
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  hide() {
    this.shown = null;
    $("why").hidden = true;
  }

  /**
   * @param {Explanation} explanation
   * @param {Float32Array | null} samples of the whole recording at 16 kHz
   */
  show(explanation, samples) {
    this.shown = explanation;
    const { emotion, times, text, manner } = explanation;
    const [start, end] = [times[0], times[times.length - 1]];
    this.samples = samples && samples.slice(start * 16000, end * 16000);
    $("why").hidden = false;
    $("why-title").textContent = `Why ${emotion}, ${start.toFixed(1)} to ${end.toFixed(1)} s`;
    $("why-text").textContent = `This stretch alone: ${text}.`;
    for (const word of document.querySelectorAll(".why-emotion")) word.textContent = emotion;
    this.canvas.setAttribute("aria-label", text);
    $("why-neutral").textContent = explanation.neutral_of ?? "many speakers";
    $("manner").replaceChildren(...manner.map(line));
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !this.shown) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    pen.scale(ratio, ratio);
    pen.translate(SCALE, 0);
    const [wide, tall] = [width - SCALE, height - AXIS];
    if (this.samples?.length) {
      pen.globalAlpha = 0.7;
      drawSpectrogram(pen, this.samples, wide, tall);
    }
    this.drawEvidence(pen, wide, tall);
    this.drawAxes(pen, wide, tall);
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} wide @param {number} tall */
  drawEvidence(pen, wide, tall) {
    const { values, times } = /** @type {Explanation} */ (this.shown);
    const style = getComputedStyle(this.canvas);
    const most = Math.max(1e-9, ...values.flat().map(Math.abs));
    const [across, up] = [wide / (times.length - 1), tall / values.length];
    values.forEach((band, row) =>
      band.forEach((value, column) => {
        pen.globalAlpha = (0.8 * Math.abs(value)) / most;
        pen.fillStyle = style.getPropertyValue(value > 0 ? "--for" : "--against");
        pen.fillRect(column * across, tall - (row + 1) * up, across, up);
      }),
    );
    pen.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} wide @param {number} tall */
  drawAxes(pen, wide, tall) {
    const { times, hz } = /** @type {Explanation} */ (this.shown);
    const style = getComputedStyle(this.canvas);
    pen.font = `12px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    const top = melOf(hz[hz.length - 1]);
    for (const mark of MARKS.filter((mark) => mark < hz[hz.length - 1])) {
      pen.fillText(mark < 1000 ? `${mark}` : `${mark / 1000}k`, -6, tall * (1 - melOf(mark) / top));
    }
    pen.fillText("Hz", -6, 8);
    pen.textAlign = "left";
    pen.textBaseline = "bottom";
    const [start, end] = [times[0], times[times.length - 1]];
    const step = STEPS.find((candidate) => ((end - start) / candidate) * 60 <= wide) ?? 10;
    for (let k = Math.ceil(start / step); k * step <= end; k++) {
      const text = `${(k * step).toFixed(step < 1 ? 1 : 0)} s`;
      const place = ((k * step - start) / (end - start)) * wide;
      pen.fillText(text, Math.min(place, wide - pen.measureText(text).width), tall + AXIS);
    }
  }
}

/** @param {Explanation["manner"][number]} remark */
function line(remark) {
  const row = document.createElement("tr");
  row.classList.toggle("notable", remark.notable);
  const [name, rail, word, amount] = ["th", "td", "td", "td"].map((tag) => document.createElement(tag));
  name.setAttribute("scope", "row");
  name.textContent = remark.aspect;
  const bar = document.createElement("span");
  bar.className = "rail";
  bar.style.setProperty("--low", String(Math.min(50, remark.percentile)));
  bar.style.setProperty("--high", String(Math.max(50, remark.percentile)));
  bar.title = `percentile ${remark.place} among neutral utterances`;
  rail.append(bar);
  word.textContent = remark.word;
  amount.textContent = `${remark.amount} (${remark.change}), percentile ${remark.place}`;
  amount.className = "wide";
  row.append(name, rail, word, amount);
  return row;
}

/** @param {number} hertz */
const melOf = (hertz) => 2595 * Math.log10(1 + hertz / 700);
