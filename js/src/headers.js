// @ts-check
/** Headers of compressed recordings, read only for their sample rate. */

const BROWSERS = [8000, 96_000]; // Hz that every browser decodes to
const MP3_RATES = [44_100, 48_000, 32_000];

/**
 * The sample rate that flac, ogg, opus and mp3 tell, if a browser can decode to it; else `null`.
 *
 * @param {Uint8Array} bytes
 */
export function rateOf(bytes) {
  const rate = found(bytes);
  return rate !== null && rate >= BROWSERS[0] && rate <= BROWSERS[1] ? rate : null;
}

/** @param {Uint8Array} bytes */
function found(bytes) {
  if (begins(bytes, "fLaC")) return flac(bytes, 8);
  if (begins(bytes, "OggS")) return ogg(bytes, 28);
  return mp3(bytes, begins(bytes, "ID3") && bytes.length > 10 ? afterTag(bytes) : 0);
}

/** @param {Uint8Array} bytes @param {number} at of the first block of metadata */
const flac = (bytes, at) =>
  bytes.length < at + 14 ? null : viewOf(bytes).getUint32(at + 10) >>> 12;

/** @param {Uint8Array} bytes @param {number} at of the first packet */
function ogg(bytes, at) {
  if (begins(bytes, "OpusHead", at)) return 48_000;
  if (begins(bytes, "\x7fFLAC", at)) return flac(bytes, at + 17);
  const vorbis = begins(bytes, "\x01vorbis", at) && bytes.length >= at + 16;
  return vorbis ? viewOf(bytes).getUint32(at + 12, true) : null;
}

/** @param {Uint8Array} bytes @param {number} at of the first frame */
function mp3(bytes, at) {
  if (at + 2 >= bytes.length || bytes[at] !== 0xff || (bytes[at + 1] & 0xe6) !== 0xe2) return null;
  const rate = MP3_RATES[(bytes[at + 2] >> 2) & 3];
  const halvings = { 3: 0, 2: 1, 0: 2 }[(bytes[at + 1] >> 3) & 3];
  return rate === undefined || halvings === undefined ? null : rate / 2 ** halvings;
}

/** Where an ID3 tag ends. @param {Uint8Array} bytes */
const afterTag = (bytes) => 10 + ((bytes[6] << 21) | (bytes[7] << 14) | (bytes[8] << 7) | bytes[9]);

/** @param {Uint8Array} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @param {Uint8Array} bytes @param {string} text @param {number} [at] */
const begins = (bytes, text, at = 0) =>
  [...text].every((letter, k) => bytes[at + k] === letter.charCodeAt(0));
