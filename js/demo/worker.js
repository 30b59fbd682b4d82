// @ts-check
/** The model in a thread of its own; questions are answered one after the other. */

import { Recognizer } from "../src/index.js";

const THREADS = 4; // at most; of the rest of the machine others may have need
const WINDOW = 3; // seconds of a timeline's window

/**
 * @typedef {import("../src/audio.js").Audio} Audio
 * @typedef {{kind: "model"} | {kind: "predict" | "timeline", audio: Audio, adapt: boolean}} Asked
 * @typedef {Asked | {kind: "live", rate: number, adapt: boolean} |
 *   {kind: "push", samples: Float32Array, rate: number} | {kind: "end"} | {kind: "cancel"}} Message
 */

/** @type {Map<number, import("../src/stream.js").Stream>} */
const streams = new Map();
/** @type {Set<number>} */
const cancelled = new Set();

const model = load();
let busy = model.then(
  () => {},
  () => {},
);

async function load() {
  /** @type {import("../src/silero.js").Runtime} */
  const ort = await import(new URL("../ort/ort.wasm.bundle.min.mjs", import.meta.url).href);
  const half = Math.ceil((navigator.hardwareConcurrency || 1) / 2);
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(THREADS, half) : 1;
  ort.env.logLevel = "error";
  return Recognizer.load(ort, new URL("../model.onnx", import.meta.url));
}

self.onmessage = ({ data }) => {
  if (data.kind === "cancel") cancelled.add(data.number);
  else busy = busy.then(() => answer(data.number, data));
};

/** @param {number} number @param {Message} message */
async function answer(number, message) {
  try {
    if (cancelled.has(number)) return;
    await act(number, await model, message);
  } catch (error) {
    streams.delete(number);
    postMessage({ number, error: error instanceof Error ? error.message : String(error) });
  } finally {
    cancelled.delete(number);
  }
}

/** @param {number} number @param {Recognizer} recognizer @param {Message} message */
async function act(number, recognizer, message) {
  switch (message.kind) {
    case "model":
      return postMessage({ number, result: about(recognizer) });
    case "predict": {
      const model = interruptible(await asked(recognizer, message), number);
      return postMessage({ number, result: await model.predict(message.audio) });
    }
    case "timeline": {
      const model = interruptible(await asked(recognizer, message, WINDOW), number);
      const segments = [];
      for await (const segment of model.segments(message.audio)) segments.push(segment);
      const { labels, adaptedTo: adapted } = model;
      return postMessage({ number, result: { labels, adapted, segments } });
    }
    case "live":
      streams.set(number, recognizer.stream(message.rate, { adapt: message.adapt }));
      return null;
    case "push":
      await tell(number, (stream) => stream.push(message.samples));
      return postMessage({ number, heard: message.samples.length / message.rate });
    case "end":
      await tell(number, (stream) => stream.flush());
      streams.delete(number);
      return postMessage({ number, done: true });
  }
}

/**
 * The model as it is asked: adapted to the recording where that is wished.
 *
 * @param {Recognizer} recognizer
 * @param {{audio: Audio, adapt: boolean}} question
 * @param {number} [longest] seconds of an utterance
 */
async function asked(recognizer, { audio, adapt }, longest) {
  return adapt ? recognizer.adapt([audio], longest) : recognizer;
}

/**
 * The same model, which between two signals lets messages in and stops where its question is given up.
 *
 * @param {Recognizer} model @param {number} number
 * @returns {Recognizer}
 */
function interruptible(model, number) {
  const own = Object.create(model);
  own.row = async (/** @type {Float32Array} */ samples) => {
    await new Promise((go) => setTimeout(go));
    if (cancelled.has(number)) throw new Error("given up");
    return model.row(samples);
  };
  return own;
}

/**
 * Pass on the events of a live talk.
 *
 * @typedef {import("../src/stream.js").Stream} Stream
 * @param {number} number
 * @param {(stream: Stream) => AsyncGenerator<import("../src/online.js").Event>} events
 */
async function tell(number, events) {
  const stream = streams.get(number);
  if (!stream) return;
  for await (const event of events(stream)) {
    const said = "prediction" in event ? { ...event.prediction, event: event.event } : event;
    postMessage({ number, event: said });
  }
}

/** @param {Recognizer} recognizer */
function about({ labels, metadata, adaptable, identity }) {
  const { name = "model", threshold, thresholds, licence, recipe } = metadata;
  const corpora = Object.entries(metadata.corpora).map(([corpus, facts]) => [
    corpus,
    { speakers: facts.speakers?.length },
  ]);
  const said = { thresholds, licence, recipe, corpora: Object.fromEntries(corpora) };
  return { name, labels: [...labels], threshold, adaptable, identity, metadata: said };
}
