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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begins = (/** @type {string} */ text, at = 0) =>
    [...text].every((letter, k) => bytes[at + k] === letter.charCodeAt(0));
  if (begins("fLaC") && bytes.length > 22) return view.getUint32(18) >>> 12;
  if (begins("OggS") && bytes.length > 48) {
    if (begins("OpusHead", 28)) return 48_000;
    if (begins("\x01vorbis", 28)) return view.getUint32(40, true);
    if (begins("\x7fFLAC", 28) && bytes.length > 64) return view.getUint32(55) >>> 12;
    return null;
  }
  let at = 0;
  if (begins("ID3") && bytes.length > 10) {
    at = 10 + ((bytes[6] << 21) | (bytes[7] << 14) | (bytes[8] << 7) | bytes[9]);
  }
  const layer3 = at + 2 < bytes.length && bytes[at] === 0xff && (bytes[at + 1] & 0xe6) === 0xe2;
  if (!layer3) return null;
  const rate = MP3_RATES[(bytes[at + 2] >> 2) & 3];
  const halvings = { 3: 0, 2: 1, 0: 2 }[(bytes[at + 1] >> 3) & 3];
  return rate === undefined || halvings === undefined ? null : rate / 2 ** halvings;
}
