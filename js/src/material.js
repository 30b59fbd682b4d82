// @ts-check
/** What a model is adapted to: the utterances of recordings, and an even choice of them. */

import { blocksOf, checked } from "./audio.js";
import { clipOf, utterancesOf } from "./clip.js";

const SHORTEST = 0.5; // seconds; shorter ones are left out

/**
 * A clip with speech as it is, and of a long recording the stretches of speech; at 16 kHz.
 *
 * @param {import("./audio.js").Audio} audio
 * @param {number} longest seconds of one; what is longer is divided evenly
 * @param {() => import("./silero.js").Silero} network makes one that has heard nothing
 */
export async function utterances(audio, longest, network) {
  const found = [];
  for (const block of blocksOf(checked(audio))) {
    const clip = await clipOf(block, network());
    if (!clip.clear) continue;
    if (clip.duration <= longest) {
      found.push(clip.samples);
      continue;
    }
    const parts = utterancesOf(clip, longest).filter((part) => part.duration >= SHORTEST);
    found.push(...parts.map((part) => part.samples));
  }
  return found;
}

/**
 * At most so many of a list, spread evenly over it, as `intona.inference.adapt.spread` chooses.
 *
 * @template T
 * @param {T[]} items @param {number} most
 */
export function spread(items, most) {
  /** @type {T[]} */
  let kept = [];
  let step = 1;
  items.forEach((item, number) => {
    if (number % step) return;
    kept.push(item);
    if (kept.length > 2 * most) [kept, step] = [kept.filter((_, k) => k % 2 === 0), 2 * step];
  });
  if (kept.length <= most) return kept;
  const stride = Math.ceil(kept.length / most);
  return kept.filter((_, k) => k % stride === 0);
}
