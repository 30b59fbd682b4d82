// @ts-check
/** Bytes: where they come from, and what is packed in them. */

import { UsageError } from "./errors.js";

const IN_NODE = Boolean(/** @type {any} */ (globalThis).process?.versions?.node);

/** @typedef {ArrayBuffer | Uint8Array | URL | string} Source bytes, or where they lie */

/**
 * Read a file: bytes are taken as they are; an address is fetched, in Node also a path.
 *
 * @param {Source} source
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function bytesOf(source) {
  if (source instanceof Uint8Array) return new Uint8Array(source); // its memory may be shared
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  const address = String(source);
  const local = address.startsWith("file:") || (IN_NODE && !/^\w+:/.test(address));
  try {
    return local ? await stored(address) : await fetched(address);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new UsageError(`cannot read ${address}: ${why}`);
  }
}

/** @param {string} address */
async function stored(address) {
  const { readFile } = await import("node:fs/promises");
  return new Uint8Array(await readFile(address.startsWith("file:") ? new URL(address) : address));
}

/** @param {string} address */
async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the host answered ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The SHA-256 in hexadecimal digits. @param {Uint8Array<ArrayBuffer>} bytes */
export async function digestOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Uint8Array[]} parts */
export function concatenatedBytes(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Numbers of a base64 text of little-endian half floats.
 *
 * @param {string} text
 * @returns {Float64Array}
 */
export function halvesOf(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) =>
    fromHalf(view.getUint16(2 * i, true)),
  );
}

/**
 * The text of {@link halvesOf}.
 *
 * @param {ArrayLike<number>} values
 */
export function textOfHalves(values) {
  let letters = "";
  for (const value of Array.from(values)) {
    const bits = toHalf(value);
    letters += String.fromCharCode(bits & 255, bits >> 8);
  }
  return btoa(letters);
}

/** @param {number} bits */
function fromHalf(bits) {
  const [sign, exponent, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return rest ? NaN : sign * Infinity;
  if (exponent === 0) return sign * rest * 2 ** -24;
  return sign * (1 + rest / 1024) * 2 ** (exponent - 15);
}

/** The nearest half float, of two the even one, as numpy rounds. @param {number} value */
function toHalf(value) {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size !== size) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  const units = roundEven(size / 2 ** (exponent - 10)); // 1024 and more where it is normal
  return sign | (((exponent + 14) << 10) + units); // a carry goes into the exponent by itself
}

/**
 * Round half to even, as Python does.
 *
 * @param {number} value
 */
export function roundEven(value) {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** Two stretches of samples as one. @param {Float32Array} one @param {Float32Array} other */
export function concatenated(one, other) {
  const all = new Float32Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
