// @ts-check
/** Wav files with whole or floating-point numbers; everything else is left to the browser. */

import { AudioError } from "./errors.js";

const [WHOLE, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe];

/**
 * The channels of a wav file; `null` for what is no wav file, or holds another coding.
 *
 * @param {Uint8Array} bytes
 * @returns {{channels: Float32Array[], rate: number} | null}
 */
export function wavOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(bytes, 0) !== "RIFF" || tag(bytes, 8) !== "WAVE") return null;
  let format = null;
  for (let at = 12; at + 8 <= bytes.length;) {
    const [name, size] = [tag(bytes, at), view.getUint32(at + 4, true)];
    const begin = at + 8;
    if (name === "fmt " && begin + 16 <= bytes.length) format = formatOf(view, begin, size);
    if (name === "data" && format) {
      // A recorder that was switched off leaves no size, or one that goes beyond the file.
      const end = Math.min(bytes.length, begin + (size || bytes.length));
      return format.read ? channelsOf(view, begin, end, format, format.read) : null;
    }
    at = begin + size + (size % 2);
  }
  throw new AudioError("the wav file has no samples: it is damaged or cut short");
}

/**
 * @typedef {(view: DataView, at: number) => number} Reader
 * @typedef {{rate: number, count: number, width: number, read: Reader | undefined}} Format
 */

/** @param {DataView} view @param {number} at @param {number} size @returns {Format} */
function formatOf(view, at, size) {
  const kind = view.getUint16(at, true);
  const real =
    kind === EXTENSIBLE && size >= 26 && at + 26 <= view.byteLength
      ? view.getUint16(at + 24, true)
      : kind;
  const width = view.getUint16(at + 14, true) / 8;
  return {
    rate: view.getUint32(at + 4, true),
    count: view.getUint16(at + 2, true),
    width,
    read: READERS[`${real}:${width}`],
  };
}

/** By coding and bytes of a sample. @type {Record<string, Reader>} */
const READERS = {
  [`${WHOLE}:1`]: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  [`${WHOLE}:2`]: (view, at) => view.getInt16(at, true) / 2 ** 15,
  [`${WHOLE}:3`]: (view, at) => (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 2 ** 23,
  [`${WHOLE}:4`]: (view, at) => view.getInt32(at, true) / 2 ** 31,
  [`${FLOAT}:4`]: (view, at) => view.getFloat32(at, true),
  [`${FLOAT}:8`]: (view, at) => view.getFloat64(at, true),
};

/**
 * @param {DataView} view @param {number} begin @param {number} end
 * @param {Format} format @param {Reader} read
 */
function channelsOf(view, begin, end, { rate, count, width }, read) {
  const length = Math.floor((end - begin) / (count * width));
  const channels = Array.from({ length: count }, (_, channel) =>
    Float32Array.from({ length }, (_, i) => read(view, begin + (i * count + channel) * width)),
  );
  return { channels, rate };
}

/** @param {Uint8Array} bytes @param {number} at */
const tag = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));
