// @ts-check
/** The microphone: its sound in pieces, and how loud each is. Nothing is recorded. */

export const PIECE = 0.06; // seconds of sound in a piece, as pcm-worklet.js cuts it

/**
 * @typedef {{
 *   onPiece: (pcm: ArrayBuffer, level: number) => void,
 *   onLost: (reason: string) => void,
 * }} Handlers `level` is the root mean square, 0..1.
 */

export class Microphone {
  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {AudioContext | null} */
    this.context = null;
  }

  /**
   * Ask for the microphone.
   *
   * @returns {Promise<number>} its rate, in samples per second
   */
  async open() {
    if (!navigator.mediaDevices) {
      throw new Error("Browsers allow the microphone only on localhost or over https.");
    }
    this.stream = await navigator.mediaDevices
      .getUserMedia({ audio: { channelCount: 1, echoCancellation: false, autoGainControl: true } })
      .catch((error) => {
        throw new Error(trouble(error));
      });
    for (const track of this.stream.getTracks()) {
      track.addEventListener("ended", () => this.handlers.onLost("The microphone was unplugged."));
    }
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule(new URL("pcm-worklet.js", import.meta.url));
    return this.context.sampleRate;
  }

  /** Begin to hand out pieces. */
  listen() {
    const { context, stream } = this;
    if (!context || !stream) return; // closed while the other side made ready
    const node = new AudioWorkletNode(context, "pcm", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      if (this.context) this.handlers.onPiece(data.pcm, data.level);
    };
    context.createMediaStreamSource(stream).connect(node);
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
    this.stream = null;
    this.context = null;
  }
}

/** @param {DOMException} error */
function trouble(error) {
  if (error.name === "NotAllowedError") return "The microphone is blocked. Allow it for this page.";
  if (error.name === "NotFoundError") return "There is no microphone on this device.";
  return "The microphone cannot be used now. Does another program hold it?";
}
