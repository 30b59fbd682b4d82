// @ts-check
/** Profiles: how one speaker, or one place, sounds to one model; the files of `intona enroll`. */

import { halvesOf, textOfHalves } from "./bytes.js";
import { UsageError } from "./errors.js";

const KIND = "intona speaker profile";
const SCHEMA = 2;
export const SPEECH = ["neutral", "mixed", "place"];

/**
 * @typedef {{name: string, model: string, speech: string, seconds: number,
 *   statistics: import("./adaptation.js").Statistics}} Profile `model` is the content of its identity
 */

/**
 * Read the text of a profile.
 *
 * @param {string} text
 * @returns {Profile}
 */
export function readProfile(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new UsageError("this is no speaker profile: it is not JSON");
  }
  if (content?.kind !== KIND)
    throw new UsageError("this is no speaker profile: make one with `intona enroll`");
  if (content.schema !== SCHEMA) {
    throw new UsageError(
      `the profile has schema ${content.schema}, this intona.js reads ${SCHEMA}: enroll again`,
    );
  }
  const profile = profileOf(content);
  if (!profile) throw new UsageError("the profile is damaged: enroll again");
  return profile;
}

/** @param {any} content @returns {Profile | null} */
function profileOf({ name, model, speech, seconds, count, ...numbers }) {
  let mean, deviation;
  try {
    [mean, deviation] = [halvesOf(numbers.mean), halvesOf(numbers.deviation)];
  } catch {
    return null;
  }
  const finite = [...mean, ...deviation, seconds].every(Number.isFinite);
  const fits = mean.length === deviation.length && deviation.every((value) => value >= 0);
  const counted = Number.isInteger(count) && count > 0;
  if (!finite || !fits || !counted || !SPEECH.includes(speech)) return null;
  return { name, model, speech, seconds, statistics: { count, mean, deviation } };
}

/**
 * The text of a profile, which `intona predict --profile` reads too.
 *
 * @param {Profile} profile
 */
export function writeProfile({
  name,
  model,
  speech,
  seconds,
  statistics: { count, mean, deviation },
}) {
  if (!SPEECH.includes(speech))
    throw new UsageError(`speech is one of ${SPEECH.join(", ")}, not '${speech}'`);
  const numbers = { mean: textOfHalves(mean), deviation: textOfHalves(deviation) };
  const content = {
    kind: KIND,
    schema: SCHEMA,
    name,
    model,
    speech,
    count,
    seconds,
    ...numbers,
    manner: {},
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}
