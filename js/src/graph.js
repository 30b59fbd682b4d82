// @ts-check
/** The graph of a model file in onnxruntime, and the network of voice activity beside it. */

import { RATE } from "./audio.js";
import { concatenated } from "./bytes.js";
import { ModelError, UsageError } from "./errors.js";
import { identityOf, metadataOf, withOpenInputs } from "./modelFile.js";
import { Silero } from "./silero.js";

const SHORTEST = 0.3; // seconds; shorter signals are padded with zeros at the end
const LANES = 8; // partial sums
const LEAF = 128; // samples that are summed without dividing them
const BESIDE = ["familiarity", "arousal", "valence"];

/**
 * @typedef {import("./silero.js").Runtime} Runtime
 * @typedef {import("./silero.js").Session} Session
 * @typedef {import("onnxruntime-common").InferenceSession.SessionOptions} Options
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 * @typedef {{metadata: import("./modelFile.js").Metadata,
 *   identity: import("./modelFile.js").Identity, optional: string[], outputs: string[]}} Facts
 *   `optional` inputs have a default in the file; `outputs` make a row
 * @typedef {{adapted: number, centre: Float32Array, scale: Float32Array}} Standing what a model is
 *   adapted to: so many utterances
 */

export class Graph {
  /**
   * Made by {@link Graph.load}.
   *
   * @param {Runtime} ort @param {Session} session @param {Session} silero @param {Facts} facts
   */
  constructor(ort, session, silero, { metadata, identity, optional, outputs }) {
    this.ort = ort;
    this.session = session;
    this.silero = silero;
    this.metadata = metadata;
    this.identity = identity;
    this.optional = optional;
    this.outputs = outputs;
  }

  /** @param {Runtime} ort @param {Bytes} content @param {Bytes} silero @param {Options} options */
  static async load(ort, content, silero, options) {
    if (typeof ort?.InferenceSession?.create !== "function") {
      throw new UsageError("give the module onnxruntime-web or onnxruntime-node first");
    }
    const metadata = metadataOf(content);
    const { bytes, inputs } = withOpenInputs(content);
    /** @param {Uint8Array} graph */
    const open = (graph) =>
      ort.InferenceSession.create(graph, options).catch((error) => {
        throw new ModelError(`the graph cannot be loaded (${error?.message ?? error})`);
      });
    const session = await open(bytes);
    const main = metadata.numeric ? "scores" : "probabilities";
    if (!session.outputNames.includes(main)) {
      throw new ModelError(`the graph has no output '${main}'`);
    }
    return new Graph(ort, session, await open(silero), {
      metadata,
      identity: await identityOf(content, metadata),
      optional: inputs,
      outputs: [main, ...BESIDE.filter((name) => session.outputNames.includes(name))],
    });
  }

  /** A network of voice activity that has heard nothing. */
  network() {
    return new Silero(this.ort, this.silero);
  }

  /**
   * Outputs of the graph for a signal, one after the other.
   *
   * @param {Float32Array} samples at 16 kHz
   * @param {string[]} outputs
   * @param {Standing | null} standing
   * @returns {Promise<Float64Array>}
   */
  async run(samples, outputs, standing) {
    const size = this.metadata.embedding ?? 0;
    /** @type {Record<string, import("onnxruntime-common").Tensor>} */
    const given = {
      centre: this.tensor(standing?.centre ?? new Float32Array(size)),
      scale: this.tensor(standing?.scale ?? new Float32Array(size).fill(1)),
      adapted: this.tensor(Float32Array.of(standing ? 1 : 0)),
    };
    const feeds = Object.fromEntries(this.optional.map((name) => [name, given[name]]));
    const waveform = centred(samples);
    feeds[this.session.inputNames[0]] = this.tensor(waveform, [1, waveform.length]);
    const found = await this.session.run(feeds, outputs);
    const row = outputs.flatMap((name) => [.../** @type {Float32Array} */ (found[name].data)]);
    if (!row.every(Number.isFinite)) {
      throw new ModelError("the graph gave numbers that are not finite");
    }
    return Float64Array.from(row);
  }

  /** @param {Float32Array} data @param {number[]} [shape] */
  tensor(data, shape = [data.length]) {
    return new this.ort.Tensor("float32", data, shape);
  }
}

/**
 * A signal without its mean: an offset would hide the silence that the graph trims.
 *
 * @param {Float32Array} samples
 */
function centred(samples) {
  const mean = Math.fround(sumOf(samples) / (samples.length || 1));
  const missing = Math.max(0, SHORTEST * RATE - samples.length);
  return concatenated(
    samples.map((sample) => sample - mean),
    new Float32Array(missing),
  );
}

/**
 * The sum in single precision, in numpy's order (pairwise, eight at a time): the models round what
 * they multiply, so that a last digit of the mean is seen in the fourth of the answer.
 *
 * @param {Float32Array} samples
 * @returns {number}
 */
export function sumOf(samples) {
  const { length } = samples;
  if (length > LEAF) {
    const half = Math.floor(length / 2);
    const split = half - (half % LANES);
    return Math.fround(sumOf(samples.subarray(0, split)) + sumOf(samples.subarray(split)));
  }
  const whole = length - (length % LANES);
  const lanes = new Float32Array(LANES);
  for (let i = 0; i < whole; i++) lanes[i % LANES] += samples[i];
  for (let width = 1; width < LANES; width *= 2) {
    for (let i = 0; i < LANES; i += 2 * width) lanes[i] += lanes[i + width];
  }
  for (let i = whole; i < length; i++) lanes[0] += samples[i];
  return lanes[0];
}
