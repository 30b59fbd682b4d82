// @ts-check
/** Emotion in speech, in the browser and in Node: the same answers as intona in Python. */

export { audioOf, decode } from "./audio.js";
export { AudioError, ModelError, UsageError } from "./errors.js";
export { readProfile, writeProfile } from "./profile.js";
export { Recognizer } from "./recognizer.js";
export { resample } from "./resample.js";
