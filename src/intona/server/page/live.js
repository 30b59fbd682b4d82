// @ts-check
/** The microphone: sound to the service, events back. Nothing is recorded. */

import { openStream } from "./api.js";

const LAST_WORDS = 5000; // milliseconds the service gets to say what is left
const MAX_BACKLOG = 1 << 20; // bytes not yet sent; beyond this the service is too slow

/**
 * @typedef {{
 *   onEvent: (event: import("./api.js").LiveEvent) => void,
 *   onLevel: (level: number) => void,
 *   onEnd: (reason: string | null) => void,
 * }} Handlers
 */

export class Live {
  /** @param {Handlers} handlers @param {import("./choice.js").Choice} choice */
  constructor(handlers, choice) {
    this.handlers = handlers;
    this.choice = choice;
    /** @type {MediaStream | null} */
    this.microphone = null;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {string | null} */
    this.reason = null;
  }

  /** Ask for the microphone and begin. */
  async start() {
    if (!navigator.mediaDevices) {
      throw new Error("Browsers allow the microphone only on localhost or over https.");
    }
    this.microphone = await navigator.mediaDevices
      .getUserMedia({ audio: { channelCount: 1, echoCancellation: false, autoGainControl: true } })
      .catch((error) => {
        throw new Error(microphoneTrouble(error));
      });
    for (const track of this.microphone.getTracks()) {
      track.addEventListener("ended", () => this.finish("The microphone was unplugged."));
    }
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule("/static/pcm-worklet.js");
    const socket = await this.connect(this.context.sampleRate);
    const node = new AudioWorkletNode(this.context, "pcm", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this.handlers.onLevel(data.level);
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > MAX_BACKLOG) this.finish("The service cannot keep up.");
      else socket.send(data.pcm);
    };
    this.context.createMediaStreamSource(this.microphone).connect(node);
  }

  /**
   * @param {number} rate
   * @returns {Promise<WebSocket>}
   */
  connect(rate) {
    return new Promise((resolve, reject) => {
      const socket = openStream(rate, this.choice);
      this.socket = socket;
      let ready = false;
      socket.onmessage = ({ data }) => {
        const event = JSON.parse(data);
        if (event.event === "ready") {
          ready = true;
          resolve(socket);
        } else if (event.event === "error") {
          this.reason = event.message;
        } else if (event.event !== "end") {
          this.handlers.onEvent(event);
        }
      };
      socket.onclose = ({ code }) => {
        const lost = code === 1000 ? null : "The connection to the service was lost.";
        const reason = this.reason || lost;
        if (ready) this.release(reason);
        else reject(new Error(this.reason || "No live stream is free now. Try again in a moment."));
      };
    });
  }

  /** Stop the microphone, then wait for the service's last words. */
  stop() {
    this.finish(null);
  }

  /** @param {string | null} reason */
  finish(reason) {
    this.reason = this.reason || reason;
    this.silence();
    if (this.socket && this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ event: "end" }));
      setTimeout(() => this.release(this.reason), LAST_WORDS);
    } else {
      this.release(this.reason);
    }
  }

  silence() {
    this.microphone?.getTracks().forEach((track) => track.stop());
    if (this.context && this.context.state !== "closed") this.context.close();
    this.microphone = null;
    this.context = null;
  }

  /** @param {string | null} reason */
  release(reason) {
    this.silence();
    if (!this.socket) return;
    this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
    this.handlers.onEnd(reason);
  }
}

/** @param {DOMException} error */
function microphoneTrouble(error) {
  if (error.name === "NotAllowedError") return "The microphone is blocked. Allow it for this page.";
  if (error.name === "NotFoundError") return "There is no microphone on this device.";
  return "The microphone cannot be used now. Does another program hold it?";
}
