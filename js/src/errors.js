// @ts-check
/** The errors users see: one sentence each. */

/** A recording cannot be read or used. */
export class AudioError extends Error {
  name = "AudioError";
}

/** A model file, or the runtime it is given to, cannot be used. */
export class ModelError extends Error {
  name = "ModelError";
}

/** Something is asked that makes no sense. */
export class UsageError extends Error {
  name = "UsageError";
}
