// @ts-check
/** How results are put: a label the palette does not know gets a hue of its own. */

import { EMOTIONS, SILENCE } from "./palette.js";

/** @param {string | null} emotion */
export function colour(emotion) {
  if (emotion === null) return SILENCE;
  const known = EMOTIONS.get(emotion);
  if (known) return known;
  let hash = 0;
  for (const letter of emotion) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return `hsl(${hash} 45% 55%)`;
}

/** @param {number | null | undefined} value */
export function percent(value) {
  return value === null || value === undefined ? "–" : `${Math.round(100 * value)} %`;
}

/**
 * Probabilities as whole per cents that add up to 100; null where one is not known.
 *
 * @param {Record<string, number | null>} probabilities
 * @returns {Map<string, number | null>}
 */
export function percentsOf(probabilities) {
  const values = Object.values(probabilities).map((value) => value ?? 0);
  const known = values.some((value) => value > 0);
  const whole = known ? percents(values) : values.map(() => null);
  return new Map(Object.keys(probabilities).map((label, place) => [label, whole[place]]));
}

/**
 * Whole per cents of a total that add up to 100: what rounding leaves goes to the largest rests.
 *
 * @param {number[]} parts none below 0, not all of them 0
 */
export function percents(parts) {
  const total = parts.reduce((sum, part) => sum + part, 0);
  const exact = parts.map((part) => (100 * part) / total);
  const whole = exact.map(Math.floor);
  const left = 100 - whole.reduce((sum, value) => sum + value, 0);
  const rests = exact.map((value, place) => ({ place, rest: value - whole[place] }));
  rests.sort((a, b) => b.rest - a.rest);
  for (const { place } of rests.slice(0, left)) whole[place] += 1;
  return whole;
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${minutes}:${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${tail.padStart(5, "0")}` : tail;
}
