// @ts-check
/** The model in a thread of its own; questions are answered one after the other. */

import { Recognizer } from "../src/index.js";

const THREADS = 4; // more are no faster for a model of this size

/**
 * @typedef {import("../src/audio.js").Audio} Audio
 * @typedef {{kind: "model"} | {kind: "predict" | "timeline", audio: Audio, adapt: boolean}} Asked
 * @typedef {Asked | {kind: "live", rate: number, adapt: boolean} |
 *   {kind: "push", samples: Float32Array} | {kind: "end"} | {kind: "cancel"}} Message
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
  const threads = self.crossOriginIsolated ? Math.min(THREADS, Math.ceil((navigator.hardwareConcurrency || 1) / 2)) : 1;
  ort.env.wasm.numThreads = threads;
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
  }
}

/** @param {number} number @param {Recognizer} recognizer @param {Message} message */
async function act(number, recognizer, message) {
  const { kind } = message;
  if (kind === "model") {
    postMessage({ number, result: about(recognizer) });
  } else if (kind === "predict") {
    const { audio, adapt } = message;
    const asked = adapt ? await recognizer.adapt([audio]) : recognizer;
    postMessage({ number, result: await asked.predict(audio) });
  } else if (kind === "timeline") {
    const { audio, adapt } = message;
    const asked = adapt ? await recognizer.adapt([audio], 3) : recognizer;
    const segments = [];
    for await (const segment of asked.segments(audio)) {
      if (cancelled.has(number)) return;
      segments.push(segment);
      // Between two segments a message that gives the question up can come in.
      await new Promise((go) => setTimeout(go));
    }
    postMessage({ number, result: { labels: asked.labels, adapted: asked.adaptedTo, segments } });
  } else if (kind === "live") {
    streams.set(number, recognizer.stream(message.rate, { adapt: message.adapt }));
  } else {
    const stream = streams.get(number);
    if (!stream) return;
    const last = message.kind === "end";
    for await (const event of message.kind === "push" ? stream.push(message.samples) : stream.flush()) {
      const said = "prediction" in event ? { ...event.prediction, event: event.event } : event;
      postMessage({ number, event: said });
    }
    if (last) streams.delete(number);
    const heard = message.kind === "push" ? message.samples.length / stream.rate : 0;
    postMessage({ number, heard, done: last });
  }
}

/** @param {Recognizer} recognizer */
function about({ labels, metadata, adaptable, identity }) {
  const { name = "model", threshold, thresholds, version, licence, recipe } = metadata;
  const corpora = Object.entries(metadata.corpora).map(([corpus, facts]) => [corpus, { speakers: facts.speakers?.length }]);
  const said = { thresholds, licence, recipe, corpora: Object.fromEntries(corpora) };
  return { name, labels: [...labels], threshold, version, adaptable, identity, metadata: said };
}
