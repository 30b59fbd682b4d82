// @ts-check
/**
 * What the page asks of whoever answers: a service (`service.js`), or a model on this device. The
 * parts of the page know this shape and nothing of where answers come from.
 *
 * @typedef {{start: number, end: number, emotion: string | null, confidence: number | null,
 *   status: "ok" | "unsure" | "no_speech", reason?: string | null, familiarity?: number | null,
 *   arousal?: number | null, adapted?: number, channel?: number | null, speaker?: string | null,
 *   probabilities: Record<string, number | null>}} Segment
 * @typedef {{event: "speech_start" | "speech_end"} | {event: "trouble", message: string} |
 *   (Segment & {event: "update" | "segment"})} LiveEvent
 * @typedef {{file: string | null, profile?: string | null, adapted?: number, warnings?: string[],
 *   labels: string[], segments: Segment[]}} Timeline
 * @typedef {{name: string, version: number | null, created: string | null, content: string}} Identity
 * @typedef {{name: string, identity: Identity, labels: string[], threshold: number, version: string,
 *   profiles: string[], adaptable: boolean, metadata: any,
 *   limits: {upload_bytes: number, clip_seconds: number, recording_seconds: number,
 *   explain_seconds: number}}} Model
 * @typedef {{aspect: string, percentile: number, word: string, notable: boolean, amount: string,
 *   change: string, place: string}} Remark
 * @typedef {{emotion: string, probability: number, times: number[], hz: number[], text: string,
 *   values: number[][], manner: Remark[], neutral_of: string | null}} Explanation
 *
 * How the model is asked: for a speaker ("" for the model as it is), against the recording itself,
 * of which channels ("mix", "left", "right", "each", or a number from 1).
 * @typedef {{profile: string, adapt: boolean, channels: string}} Choice
 *
 * @typedef {{onEvent: (event: LiveEvent) => void, onEnd: (reason: string | null) => void}} Listener
 *   `onEnd` is called once, with what went wrong, if anything did.
 * @typedef {{push: (pcm: ArrayBuffer) => void, end: () => void}} Stream
 *   `push` takes mono 16-bit samples; `end` asks for what is left, then `onEnd` is called.
 *
 * Functions that may fail do so with an Error whose message is a sentence for people.
 * @typedef {{
 *   privacy: string,
 *   example: string | null,
 *   channels?: boolean,
 *   model: () => Promise<Model>,
 *   predict: (file: File, choice: Choice, signal: AbortSignal) => Promise<Segment | Segment[]>,
 *   timeline: (file: File, choice: Choice, signal: AbortSignal) => Promise<Timeline>,
 *   live: (rate: number, choice: Choice, listener: Listener) => Promise<Stream>,
 *   explain: ((file: File, stretch: {start: number, end: number, emotion: string}, choice: Choice,
 *     signal: AbortSignal) => Promise<Explanation>) | null,
 *   exported: (timeline: Timeline, format: string) => Promise<{blob: Blob, name: string}>,
 *   formats: string[],
 * }} Answers
 *   `privacy` says where the sound goes; `example` is the address of a recording to try; with
 *   `channels` it can be asked about one channel of several; `predict` gives one answer for the
 *   whole, of each channel one where each is asked about; without `explain` nobody is offered to ask
 *   why; `formats` are those that can be downloaded.
 */

export {};
