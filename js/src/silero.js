// @ts-check
/** Silero VAD: the probability of speech in each 32 ms, from the graph `silero.onnx`. */

export const CHUNK = 512; // samples at 16 kHz
const BATCH = 256; // chunks computed at once
const MEMORY = [2, 1, 128];

/**
 * @typedef {typeof import("onnxruntime-common")} Runtime onnxruntime-web or onnxruntime-node
 * @typedef {import("onnxruntime-common").InferenceSession} Session
 */

export class Silero {
  /** @param {Runtime} ort @param {Session} session */
  constructor(ort, session) {
    this.ort = ort;
    this.session = session;
    this.memory = new ort.Tensor("float32", new Float32Array(256), MEMORY);
  }

  /**
   * The probability of speech of each chunk of what follows the samples of the last call.
   *
   * @param {Float32Array} samples at 16 kHz, whole chunks
   * @returns {Promise<Float32Array>}
   */
  async hear(samples) {
    const found = new Float32Array(samples.length / CHUNK);
    for (let first = 0; first < found.length; first += BATCH) {
      const part = samples.slice(first * CHUNK, (first + BATCH) * CHUNK);
      const chunks = new this.ort.Tensor("float32", part, [part.length / CHUNK, CHUNK]);
      const { speech, after } = await this.session.run({ chunks, memory: this.memory });
      found.set(/** @type {Float32Array} */ (speech.data), first);
      this.memory = /** @type {typeof this.memory} */ (after);
    }
    return found;
  }
}

/**
 * The probabilities of a whole recording, filled up with zeros to whole chunks.
 *
 * @param {Silero} network that has heard nothing
 * @param {Float32Array} samples at 16 kHz
 */
export async function chances(network, samples) {
  const padded = new Float32Array(Math.ceil(samples.length / CHUNK) * CHUNK);
  padded.set(samples);
  return network.hear(padded);
}
