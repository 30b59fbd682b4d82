// @ts-check
/** The moving trace of the microphone: how loud, and which emotion, over the last seconds. */

import { colour } from "./emotions.js";

const COLUMN = 4;

export class Trace {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {string | null} */
    this.emotion = null;
    /** @type {{level: number, emotion: string | null}[]} */
    this.columns = [];
    this.waiting = false;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** @param {number} level root mean square, 0..1 */
  push(level) {
    this.columns.push({ level: Math.min(1, Math.sqrt(level) * 1.8), emotion: this.emotion });
    const most = Math.ceil(this.canvas.clientWidth / COLUMN);
    if (this.columns.length > most) this.columns.splice(0, this.columns.length - most);
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.draw());
  }

  clear() {
    this.columns = [];
    this.emotion = null;
    this.draw();
  }

  draw() {
    this.waiting = false;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    pen.scale(ratio, ratio);
    pen.fillStyle = colour(null);
    pen.globalAlpha = 0.35;
    const free = width - this.columns.length * COLUMN;
    for (let left = 0; left < free; left += COLUMN) pen.fillRect(left, height / 2 - 1, COLUMN - 2, 2);
    this.columns.forEach(({ level, emotion }, index) => {
      const tall = Math.max(2, level * height);
      pen.fillStyle = colour(emotion);
      pen.globalAlpha = emotion ? 0.95 : 0.5;
      pen.beginPath();
      pen.roundRect(free + index * COLUMN, (height - tall) / 2, COLUMN - 1.5, tall, 1.2);
      pen.fill();
    });
  }
}
