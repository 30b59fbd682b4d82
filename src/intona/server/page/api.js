// @ts-check
/**
 * Requests to the service this page came from, and to nothing else.
 *
 * @typedef {{start: number, end: number, emotion: string | null, confidence: number | null,
 *   status: "ok" | "unsure" | "no_speech", reason?: string | null, familiarity?: number | null,
 *   arousal?: number | null, adapted?: number, probabilities: Record<string, number | null>}} Segment
 * @typedef {{event: "speech_start" | "speech_end"} | {event: "trouble", message: string} |
 *   (Segment & {event: "update" | "segment"})} LiveEvent
 * @typedef {{file: string | null, profile?: string | null, adapted?: number, warnings?: string[],
 *   labels: string[], segments: Segment[]}} Timeline
 * @typedef {{name: string, version: number | null, created: string | null, content: string}} Identity
 * @typedef {{name: string, identity: Identity, labels: string[], threshold: number, rate: number | null,
 *   version: string, profiles: string[], adaptable: boolean, metadata: any, limits: {upload_bytes: number,
 *   recording_seconds: number, explain_seconds: number}}} Model
 * @typedef {{aspect: string, percentile: number, word: string, notable: boolean, amount: string,
 *   change: string, place: string}} Remark
 * @typedef {{emotion: string, probability: number, times: number[], hz: number[], text: string,
 *   values: number[][], manner: Remark[], neutral_of: string | null}} Explanation
 */

import { queryOf } from "./choice.js";

const KEY = "intona-token";

/** Asks the person for the token; set by the page. @type {() => Promise<string>} */
let askForToken = async () => "";

/** @param {() => Promise<string>} ask */
export function onTokenNeeded(ask) {
  askForToken = ask;
}

/**
 * Fetch a path of ours; an answer that is no success becomes an Error in the service's words.
 *
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function request(path, options = {}) {
  for (;;) {
    const headers = new Headers(options.headers);
    const token = sessionStorage.getItem(KEY);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    let answer;
    try {
      answer = await fetch(path, { ...options, headers });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Error("The service does not answer. Is it still running?");
    }
    if (answer.ok) return answer;
    if (answer.status === 401) {
      sessionStorage.setItem(KEY, await askForToken());
      continue;
    }
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || `The service answered ${answer.status}.`);
  }
}

/** @returns {Promise<Model>} */
export async function model() {
  return (await request("/v1/model")).json();
}

/**
 * @param {File} file
 * @param {import("./choice.js").Choice} choice
 * @param {AbortSignal} signal
 * @returns {Promise<Timeline>}
 */
export async function timeline(file, choice, signal) {
  return upload("timeline", file, queryOf(choice), signal);
}

/**
 * Ask what speaks for an emotion in a stretch of a recording.
 *
 * @param {File} file
 * @param {{start: string, end: string, emotion: string}} stretch
 * @param {import("./choice.js").Choice} choice
 * @param {AbortSignal} signal
 * @returns {Promise<Explanation>}
 */
export async function explain(file, stretch, choice, signal) {
  return upload("explain", file, { ...stretch, ...queryOf(choice) }, signal);
}

/**
 * @param {string} what
 * @param {File} file
 * @param {Record<string, string>} query
 * @param {AbortSignal} signal
 */
async function upload(what, file, query, signal) {
  const body = new FormData();
  body.append("file", file, file.name);
  const path = `/v1/${what}?${new URLSearchParams(query)}`;
  return (await request(path, { method: "POST", body, signal })).json();
}

/**
 * @param {Timeline} result
 * @param {string} format
 * @returns {Promise<{blob: Blob, name: string}>}
 */
export async function exported(result, format) {
  const answer = await request(`/v1/export?format=${format}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(result),
  });
  const named = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") || "");
  return { blob: await answer.blob(), name: named ? decodeURIComponent(named[1]) : `timeline.${format}` };
}

/**
 * Open a live stream for mono 16-bit samples.
 *
 * @param {number} rate samples per second
 * @param {import("./choice.js").Choice} choice
 */
export function openStream(rate, choice) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const token = sessionStorage.getItem(KEY);
  const protocols = ["intona"];
  if (token) {
    const encoded = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    protocols.push(`bearer.${encoded}`);
  }
  const query = new URLSearchParams({ rate: String(rate), encoding: "s16le", ...queryOf(choice) });
  const socket = new WebSocket(`${scheme}://${location.host}/v1/stream?${query}`, protocols);
  socket.binaryType = "arraybuffer";
  return socket;
}
