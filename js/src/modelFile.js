// @ts-check
/**
 * The model file: what it says of itself, and its optional inputs made fit for JavaScript.
 *
 * onnxruntime's JavaScript interface neither shows the metadata of a file nor accepts inputs that
 * have a default. Both are mended here, on the file's protocol buffer, without a library for it.
 */

import { concatenatedBytes, digestOf } from "./bytes.js";
import { ModelError } from "./errors.js";

/**
 * What a file says of itself; `docs/artefact.md` explains each entry.
 *
 * @typedef {{schema: number, labels: string[], input: {kind: string, rate?: number | null},
 *   threshold: number, thresholds?: number[], familiar?: number, numeric?: boolean,
 *   priors?: number[], embedding?: number, adaptation?: {difference?: string}, name?: string,
 *   version: string, licence: string, corpora: Record<string, any>, recipe: Record<string, any>,
 *   identity?: {version: number, created: string, content: string, recipe: string}}} Metadata
 *
 * Which model answers, of hashes the first 16 digits; `version` and `created` are `null` of files
 * made before there were versions, and of those changed since.
 * @typedef {{name: string, version: number | null, created: string | null, content: string,
 *   recipe: string}} Identity
 */

/** Fields of onnx.proto. */
const MODEL = { graph: 7, metadata: 14 };
const ENTRY = { key: 1, value: 2 };
const GRAPH = { initializer: 5 };
const TENSOR_NAME = 8;

const KEY = "intona"; // of the entry of a file that holds what it says of itself
const SHORT = 16; // digits of a hash
const SCHEMA = 1;
const OPTIONAL = new Set(["centre", "scale", "adapted"]);

/**
 * The metadata of a file made by intona.
 *
 * @param {Uint8Array} bytes
 * @returns {Metadata}
 */
export function metadataOf(bytes) {
  const [text] = entriesOf(bytes, KEY);
  if (text === undefined) throw new ModelError("this is no model file made by intona");
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new ModelError("the model file is damaged: its metadata is not JSON");
  }
  if (found.schema > SCHEMA)
    throw new ModelError("the model was made by a newer intona: update intona.js");
  const { kind, rate } = found.input ?? {};
  if (kind !== "waveform" || rate !== 16_000) {
    throw new ModelError(
      "this model takes features, not sound at 16 kHz: only intona in Python runs it",
    );
  }
  return found;
}

/**
 * Which model a file is, as `intona.models.identity` has it.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Metadata} metadata
 * @returns {Promise<Identity>}
 */
export async function identityOf(bytes, metadata) {
  const [text] = entriesOf(bytes, KEY);
  const graph = [...fieldsOf(bytes)].filter((field) => !isOwn(field)).map((field) => field.whole);
  const said = new TextEncoder().encode(withoutIdentity(text, metadata));
  const content = await digestOf(concatenatedBytes([...graph, said]));
  const name = metadata.name || metadata.recipe.name || "unknown";
  const kept = metadata.identity?.content === content ? metadata.identity : null;
  const recipe = await digestOf(new TextEncoder().encode(recipeIn(text, metadata)));
  return {
    name,
    version: kept?.version ?? null,
    created: kept?.created ?? null,
    content: content.slice(0, SHORT),
    recipe: recipe.slice(0, SHORT),
  };
}

/**
 * The recipe in what a file says of itself, in the words it says it.
 *
 * @param {string} text @param {Metadata} metadata
 */
function recipeIn(text, metadata) {
  const wanted = JSON.stringify(metadata.recipe);
  for (const { 0: key, index } of text.matchAll(/"recipe": /g)) {
    const begin = index + key.length;
    for (let end = text.indexOf("}", begin); end > 0; end = text.indexOf("}", end + 1)) {
      const part = text.slice(begin, end + 1);
      try {
        if (JSON.stringify(JSON.parse(part)) === wanted) return part;
        break;
      } catch {
        // it ends further on
      }
    }
  }
  return wanted;
}

/**
 * What a file says of itself but for its identity, in the words it says it.
 *
 * @param {string} text @param {Metadata} metadata
 */
function withoutIdentity(text, metadata) {
  if (!metadata.identity) return text;
  for (const { 0: member, index } of text.matchAll(/"identity": \{[^{}]*\}(, )?/g)) {
    const rest = text.slice(0, index) + text.slice(index + member.length);
    try {
      if (!("identity" in JSON.parse(rest))) return rest;
    } catch {
      // it was within a text
    }
  }
  return text;
}

/**
 * The same file with the inputs that have a default made ordinary ones, which must be fed.
 *
 * @param {Uint8Array} bytes
 * @returns {{bytes: Uint8Array, inputs: string[]}}
 */
export function withOpenInputs(bytes) {
  /** @type {string[]} */
  const inputs = [];
  /** @type {Uint8Array[]} */
  const parts = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number !== MODEL.graph || !field.content) {
      parts.push(field.whole);
      continue;
    }
    const kept = [];
    for (const part of fieldsOf(field.content)) {
      const name = part.number === GRAPH.initializer && part.content ? nameOf(part.content) : "";
      if (OPTIONAL.has(name)) inputs.push(name);
      else kept.push(part.whole);
    }
    const graph = concatenatedBytes(kept);
    parts.push(Uint8Array.from([(MODEL.graph << 3) | 2, ...variable(graph.length)]), graph);
  }
  return { bytes: concatenatedBytes(parts), inputs };
}

/** @param {Uint8Array} bytes @param {string} key */
function entriesOf(bytes, key) {
  const entries = [...fieldsOf(bytes)].map(entryOf);
  return entries.filter((entry) => entry?.key === key).map((entry) => entry?.value ?? "");
}

/** @param {Field} field */
const isOwn = (field) => entryOf(field)?.key === KEY;

/** The key and value of an entry of the metadata; `null` of another field. @param {Field} field */
function entryOf({ number, content }) {
  if (number !== MODEL.metadata || !content) return null;
  const entry = new Map([...fieldsOf(content)].map((part) => [part.number, part.content]));
  return { key: textOf(entry.get(ENTRY.key)), value: textOf(entry.get(ENTRY.value)) };
}

/** @param {Uint8Array} tensor */
function nameOf(tensor) {
  for (const { number, content } of fieldsOf(tensor)) {
    if (number === TENSOR_NAME) return textOf(content);
  }
  return "";
}

/** @param {Uint8Array | null | undefined} bytes */
const textOf = (bytes) => new TextDecoder().decode(bytes ?? new Uint8Array());

/**
 * The fields of a message, in order; `content` of those that have a length.
 *
 * @typedef {{number: number, content: Uint8Array | null, whole: Uint8Array}} Field
 * @param {Uint8Array} bytes
 * @returns {Generator<Field>}
 */
function* fieldsOf(bytes) {
  let at = 0;
  const read = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      if (at >= bytes.length) throw new ModelError("this is no ONNX file, or only a part of one");
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const begin = at;
    const tag = read();
    const kind = tag & 7;
    let content = null;
    if (kind === 0) read();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else if (kind === 2) {
      const length = read();
      content = bytes.subarray(at, at + length);
      at += length;
    } else throw new ModelError("this is no ONNX file");
    if (at > bytes.length) throw new ModelError("the model file is cut short: fetch it again");
    yield { number: Math.floor(tag / 8), content, whole: bytes.subarray(begin, at) };
  }
}

/** @param {number} value */
function variable(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}
