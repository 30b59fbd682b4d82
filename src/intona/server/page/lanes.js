// @ts-check
/** A result by channels: what each lane of the picture shows, and what is said of each. */

import { mixed } from "./sound.js";

/** @typedef {import("./answers.js").Segment} Segment */

/**
 * What was heard of one channel, or of all mixed: `name` is "" where there is but one lane, `samples`
 * (at 16 kHz) or `levels` (loudness of equal pieces) are what there is to draw of its sound, `whole`
 * is the answer for all of it.
 *
 * @typedef {{name: string, segments: Segment[], whole: Segment | null,
 *   samples: Float32Array | null, levels: Float32Array | null}} Lane
 */

/** Who speaks, or where: "" of a recording whose channels were mixed. @param {Segment} segment */
export function channelOf({ speaker, channel }) {
  return speaker || (channel ? `channel ${channel}` : "");
}

/**
 * The lanes of a recording: one, or one for each channel that was heard by itself.
 *
 * @param {Segment[]} segments
 * @param {Segment[]} wholes answers for all of each channel, as far as there are any
 * @param {Float32Array[] | null} sounds of all channels
 * @param {string} asked as in a Choice
 * @returns {Lane[]}
 */
export function lanesOf(segments, wholes, sounds, asked) {
  if (asked !== "each") {
    const number = { mix: 0, left: 1, right: 2 }[asked] ?? Number(asked);
    const samples = sounds && (number ? (sounds[number - 1] ?? null) : mixed(sounds));
    return [{ name: "", segments, whole: wholes[0] ?? null, samples, levels: null }];
  }
  const heard = [...segments, ...wholes].map(({ channel }) => channel ?? 1);
  const count = Math.max(sounds?.length ?? 1, ...heard);
  return Array.from({ length: count }, (_, place) => {
    /** @param {Segment} one */
    const here = ({ channel }) => (channel ?? 1) === place + 1;
    const [own, whole] = [segments.filter(here), wholes.find(here) ?? null];
    const named = whole ?? own[0];
    const name = (named && channelOf(named)) || `channel ${place + 1}`;
    return { name, segments: own, whole, samples: sounds?.[place] ?? null, levels: null };
  });
}
