// @ts-check
/** The recogniser: a model file of intona and an onnxruntime in, the answers of Python out. */

import { Running, standardisation } from "./adaptation.js";
import { at16k, blocksOf, checked, RATE, stretch } from "./audio.js";
import { bytesOf } from "./bytes.js";
import { clipOf, Mean, UTTERANCE, utterancesOf } from "./clip.js";
import { AudioError, UsageError } from "./errors.js";
import { Following } from "./following.js";
import { Graph } from "./graph.js";
import { narrowing } from "./labels.js";
import { spread, utterances } from "./material.js";
import { Online } from "./online.js";
import { SPEECH } from "./profile.js";
import { best } from "./segments.js";
import { refuseOthers } from "./speech.js";
import { Stream } from "./stream.js";
import { timelineOptions } from "./windows.js";

// Sums of several threads have other last digits, of which the answers show the fourth.
const AS_PYTHON = { intraOpNumThreads: 1 };
const SHORT = 0.5; // seconds of speech; on less, no answer is sure
const MOST = 64; // utterances that a model is adapted to
const LEAST = 2; // seconds of speech in a profile

/**
 * What the model says of a stretch of time; numbers in [0, 1], `null` where there is none.
 *
 * @typedef {{start: number, end: number, emotion: string | null, confidence: number | null,
 *   status: "ok" | "unsure" | "no_speech", reason: Reason | null, familiarity: number | null,
 *   arousal: number | null, valence: number | null, adapted: number,
 *   probabilities: Record<string, number | null>,
 *   model: import("./modelFile.js").Identity}} Prediction
 * @typedef {"low confidence" | "unfamiliar" | "hardly speech" | "too short"} Reason
 *
 * @typedef {import("./audio.js").Audio} Audio
 * @typedef {import("./silero.js").Runtime} Runtime
 * @typedef {import("./windows.js").TimelineChanges} TimelineChanges
 * @typedef {{labels: string[], matrix: number[][] | null, priors: number[] | null}} Narrowing
 * @typedef {import("./graph.js").Standing} Standing
 */

export class Recognizer {
  /**
   * Made by {@link Recognizer.load}.
   *
   * @param {Graph} graph @param {Narrowing} answers @param {Standing | null} standing
   */
  constructor(graph, answers, standing) {
    this.graph = graph;
    this.answers = answers;
    this.standing = standing;
    this.metadata = graph.metadata;
    /** Which model it is. */
    this.identity = graph.identity;
    this.labels = answers.labels;
    this.numeric = Boolean(graph.metadata.numeric);
    /** Utterances it is adapted to. */
    this.adaptedTo = standing?.adapted ?? 0;
    this.adaptable = graph.metadata.adaptation !== undefined;
  }

  /**
   * @param {Runtime} ort the module `onnxruntime-web` or `onnxruntime-node`
   * @param {import("./bytes.js").Source} model an `.onnx` file made by intona
   * @param {{silero?: import("./bytes.js").Source,
   *   options?: import("onnxruntime-common").InferenceSession.SessionOptions}} [more] where the
   *   network of voice activity lies, if not beside this module; options of the sessions
   */
  static async load(
    ort,
    model,
    { silero = new URL("../silero.onnx", import.meta.url), options = AS_PYTHON } = {},
  ) {
    const graph = await Graph.load(ort, await bytesOf(model), await bytesOf(silero), options);
    const { labels, priors = null } = graph.metadata;
    return new Recognizer(graph, { labels, matrix: null, priors }, null);
  }

  /**
   * The emotion of one recording as a whole.
   *
   * @param {Audio} audio
   * @param {{start?: number, end?: number | null}} [part] in seconds
   * @returns {Promise<Prediction>}
   */
  async predict(audio, { start = 0, end = null, ...others } = {}) {
    refuseOthers("predict", others);
    const blocks = blocksOf(stretch(checked(audio), start, end));
    const mean = new Mean();
    let duration = 0;
    for (const block of blocks) {
      const clip = await clipOf(block, this.graph.network());
      duration += clip.duration;
      if (!clip.spoken) continue;
      for (const part of blocks.length === 1 ? [clip] : utterancesOf(clip)) {
        mean.add(part, await this.row(part.samples));
      }
    }
    const { row, ...said } = mean.result();
    return this.prediction(row, start, rounded(start + duration), said);
  }

  /**
   * Emotion over time: one row per segment, or one of status `no_speech`.
   *
   * @param {Audio} audio
   * @param {TimelineChanges & {adapt?: boolean}} [options] `adapt`: to the recording first
   * @returns {Promise<Prediction[]>}
   */
  async timeline(audio, { adapt = false, ...changes } = {}) {
    const options = timelineOptions(changes);
    const model = adapt ? await this.adapt([audio], options.window) : this;
    const found = [];
    for await (const segment of model.segments(audio, changes)) found.push(segment);
    return found;
  }

  /**
   * The rows of the timeline as soon as they are complete.
   *
   * @param {Audio} audio
   * @param {TimelineChanges} [changes]
   * @returns {AsyncGenerator<Prediction>}
   */
  async *segments(audio, changes = {}) {
    const samples = at16k(checked(audio));
    const online = new Online(this, this.graph.network(), timelineOptions(changes), null);
    let found = false;
    for (const events of [online.push(samples), online.flush()]) {
      for await (const event of events) {
        if (event.event !== "segment") continue;
        found = true;
        yield event.prediction;
      }
    }
    if (!found) yield this.prediction(null, 0, rounded(samples.length / RATE));
  }

  /**
   * A live stream: push samples as they come, flush at the end; both yield events.
   *
   * @param {number} rate of what will be pushed, in Hz
   * @param {TimelineChanges & {update?: number | null, adapt?: boolean}} [options] `update`:
   *   seconds of speech between two `update` events; `adapt`: to what has been heard so far
   */
  stream(rate, { update = 0.5, adapt = false, ...changes } = {}) {
    if (!(typeof rate === "number" && rate >= 1000))
      throw new UsageError(`a stream of ${rate} samples per second: give its rate in Hz`);
    if (update !== null && !(update >= 0.05 && update <= 60)) {
      throw new UsageError(`an update every ${update} s: choose from 0.05 to 60 s`);
    }
    const judge = adapt ? new Following(this) : this;
    return new Stream(
      new Online(judge, this.graph.network(), timelineOptions(changes), update),
      rate,
    );
  }

  /**
   * The same model, answering with some labels only.
   *
   * @param {import("./labels.js").Labels} emotions to answer with, `"happy,sad"` or a list; `null` for all
   * @param {import("./labels.js").Merge} [merge] first, `"calm=neutral"` or old to new
   */
  narrowed(emotions, merge = null) {
    if (this.numeric)
      throw new UsageError("emotions are chosen of a model of emotions, not of one of numbers");
    const { labels, matrix, priors } = this.answers;
    const next = narrowing(labels, emotions, merge, priors);
    if (next.labels.join() === labels.join()) return this;
    const product = matrix ? matrix.map((row) => times(row, next.matrix)) : next.matrix;
    return new Recognizer(
      this.graph,
      { labels: next.labels, matrix: product, priors: null },
      this.standing,
    );
  }

  /**
   * The same model, adapted to recordings: they are judged against each other.
   *
   * It assumes mixed speech: over recordings of one single emotion it answers worse.
   *
   * @param {Audio[]} recordings from one place, or of one speaker, or one long one
   * @param {number} [longest] seconds of an utterance
   */
  async adapt(recordings, longest = UTTERANCE) {
    this.requireAdaptable();
    requireList(recordings);
    const running = new Running();
    const share = Math.max(1, Math.floor(MOST / Math.max(recordings.length, 1)));
    for (const recording of recordings) {
      const found = await utterances(recording, longest, () => this.graph.network());
      for (const samples of spread(found, share)) running.add(await this.embedding(samples));
    }
    if (!running.count)
      throw new AudioError("nothing to adapt to: there is no speech in these recordings");
    return this.standingAt(running.statistics(), "mixed");
  }

  /**
   * The same model, adapted to a profile; `null` for the unadapted one.
   *
   * @param {import("./profile.js").Profile | null} profile
   */
  adapted(profile) {
    if (!profile) return new Recognizer(this.graph, this.answers, null);
    this.requireAdaptable();
    if (profile.model !== this.identity.content) {
      throw new UsageError(
        `the profile ${profile.name} was made with another model: enroll again with this one`,
      );
    }
    return this.standingAt(profile.statistics, profile.speech);
  }

  /**
   * Make a profile of a speaker or place.
   *
   * @param {string} name
   * @param {Audio[]} recordings of this speaker alone, or from this place
   * @param {"neutral" | "mixed" | "place"} [speech] what kind of speech they are
   * @returns {Promise<import("./profile.js").Profile>}
   */
  async enroll(name, recordings, speech = "mixed") {
    this.requireAdaptable();
    requireList(recordings);
    if (!SPEECH.includes(speech)) {
      throw new UsageError(`the speech of a profile is ${SPEECH.join(", ")}, not ${speech}`);
    }
    const running = new Running();
    let seconds = 0;
    for (const recording of recordings) {
      for (const samples of await utterances(recording, UTTERANCE, () => this.graph.network())) {
        running.add(await this.embedding(samples));
        seconds += samples.length / RATE;
      }
    }
    if (seconds < LEAST) {
      throw new AudioError(
        `only ${seconds.toFixed(1)} s of speech was found to enroll ${name}: give at least ${LEAST}`,
      );
    }
    const statistics = running.statistics();
    return {
      name,
      model: this.identity.content,
      speech,
      seconds: Math.round(seconds * 100) / 100,
      statistics,
    };
  }

  /**
   * The row of a signal: probabilities (or the number), then what is beside them. Rows may be averaged.
   *
   * @param {Float32Array} samples at 16 kHz
   * @returns {Promise<Float64Array>}
   */
  async row(samples) {
    return this.narrow(await this.graph.run(samples, this.graph.outputs, this.standing));
  }

  /** {@link row} and {@link embedding}, computed at once. @param {Float32Array} samples at 16 kHz */
  async rowAndEmbedding(samples) {
    const both = await this.graph.run(samples, [...this.graph.outputs, "embedding"], this.standing);
    const split = both.length - (this.metadata.embedding ?? 0);
    return { row: this.narrow(both.subarray(0, split)), embedding: both.subarray(split) };
  }

  /** @param {Float64Array} row */
  narrow(row) {
    const matrix = this.answers.matrix;
    if (!matrix) return row;
    const kept = times([...row.subarray(0, matrix.length)], matrix);
    const total = kept.reduce((sum, value) => sum + value, 0);
    const shares = kept.map((value) => (total > 0 ? value / total : 1 / kept.length));
    return Float64Array.from([...shares, ...row.subarray(matrix.length)]);
  }

  /** The plain embedding of a signal at 16 kHz. @param {Float32Array} samples */
  async embedding(samples) {
    return this.graph.run(samples, ["embedding"], null);
  }

  /**
   * What a row, or a mean of rows, says of a stretch of time.
   *
   * @param {Float64Array | null} row `null` where there is no speech
   * @param {number} start in seconds
   * @param {number} end in seconds
   * @param {{speech?: number, clear?: boolean}} [said] seconds of speech, and whether it is clear
   * @returns {Prediction}
   */
  prediction(row, start, end, { speech = Infinity, clear = true } = {}) {
    const nothing = {
      confidence: null,
      reason: null,
      familiarity: null,
      arousal: null,
      valence: null,
    };
    const labels = this.labels;
    const probabilities = Object.fromEntries(labels.map((label, k) => [label, row && row[k]]));
    const plain = {
      start,
      end,
      emotion: null,
      ...nothing,
      adapted: 0,
      probabilities,
      model: this.identity,
    };
    if (!row) return { ...plain, status: "no_speech" };
    if (this.numeric) return { ...plain, status: "ok" };
    const found = best(row, labels.length);
    const beside = Object.fromEntries(
      this.graph.outputs.slice(1).map((name, k) => [name, row[labels.length + k]]),
    );
    const reason = this.doubt(row[found], beside.familiarity ?? NaN, speech, clear);
    const status = reason ? "unsure" : "ok";
    const answer = { emotion: labels[found], confidence: row[found], status, reason };
    return /** @type {Prediction} */ ({ ...plain, ...beside, ...answer, adapted: this.adaptedTo });
  }

  /**
   * @param {number} confidence @param {number} familiarity @param {number} speech in seconds
   * @param {boolean} clear @returns {Reason | null}
   */
  doubt(confidence, familiarity, speech, clear) {
    if (!clear) return "hardly speech";
    if (speech < SHORT) return "too short";
    if (confidence >= this.leastConfidence(familiarity)) return null;
    return familiarity < (this.metadata.familiar ?? 0) ? "unfamiliar" : "low confidence";
  }

  /**
   * The confidence below which an answer is `unsure`.
   *
   * @param {number} familiarity NaN where it is not known
   */
  leastConfidence(familiarity) {
    const { threshold, thresholds } = this.metadata;
    if (!thresholds || Number.isNaN(familiarity)) return threshold;
    return thresholds[0] + (thresholds[1] - thresholds[0]) * familiarity;
  }

  requireAdaptable() {
    if (!this.adaptable)
      throw new UsageError(
        "this model cannot be adapted: only models on an encoder's embedding can",
      );
  }

  /** @param {import("./adaptation.js").Statistics} statistics @param {string} speech */
  standingAt(statistics, speech) {
    if (statistics.mean.length !== this.metadata.embedding) {
      throw new UsageError("the profile is damaged: it has another size than the model's");
    }
    const place = standardisation(statistics, this.metadata.adaptation ?? {}, speech === "neutral");
    return new Recognizer(this.graph, this.answers, { adapted: statistics.count, ...place });
  }
}

/** @param {unknown} recordings */
function requireList(recordings) {
  if (!Array.isArray(recordings)) throw new UsageError("give a list of recordings");
}

/** Six decimals, as Python rounds. @param {number} seconds */
const rounded = (seconds) => Number(seconds.toFixed(6));

/** A row times a matrix. @param {ArrayLike<number>} row @param {number[][]} matrix */
const times = (row, matrix) =>
  matrix[0].map((_, k) => matrix.reduce((sum, line, j) => sum + row[j] * line[k], 0));
