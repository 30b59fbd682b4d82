// @ts-check
/** Answers of the service this page came from, over HTTP and WebSocket, and of nothing else. */

/** @typedef {import("./answers.js").Answers} Answers */
/** @typedef {import("./answers.js").Choice} Choice */

const KEY = "intona-token";
const LAST_WORDS = 5000; // milliseconds the service gets to say what is left
const MAX_BACKLOG = 1 << 20; // bytes not yet sent; beyond this the service is too slow

/** Asks the person for the token; set by the page. @type {() => Promise<string>} */
let askForToken = async () => "";

/** @param {() => Promise<string>} ask */
export function onTokenNeeded(ask) {
  askForToken = ask;
}

/** Whether a token has been needed. */
export function tokenNeeded() {
  return sessionStorage.getItem(KEY) !== null;
}

/**
 * Fetch a path of ours; an answer that is no success becomes an Error in the service's words.
 *
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function request(path, options = {}) {
  const answer = await ask(path, options);
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || `The service answered ${answer.status}.`);
}

/**
 * Fetch a path of ours, with the token where one is needed.
 *
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function ask(path, options = {}) {
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
    if (answer.status !== 401) return answer;
    sessionStorage.setItem(KEY, await askForToken());
  }
}

/** @type {Answers} */
export const service = {
  privacy: privacy(),
  example: "static/example.flac",
  channels: true,
  formats: ["csv", "json", "vtt", "textgrid"],
  model: async () => (await request("v1/model")).json(),
  predict: async (file, choice, signal) => {
    const found = await upload("predict", file, queryOf(choice), signal);
    return found.channels ?? [found];
  },
  timeline: async (file, choice, signal) => {
    const found = await upload("timeline", file, queryOf(choice), signal);
    return { ...found, warnings: found.warnings.map(here) };
  },
  explain: (file, { start, end, emotion }, choice, signal) =>
    upload("explain", file, { start: `${start}`, end: `${end}`, emotion, ...queryOf(choice) }, signal),
  exported,
  live,
};

function privacy() {
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  return local
    ? "Your audio stays on this machine. Nothing is stored, nothing is sent anywhere else."
    : `Your audio goes to ${location.hostname} and nowhere else. Nothing is stored.`;
}

/** A warning in the words of this page: others call its choices options. @param {string} sentence */
function here(sentence) {
  return sentence.replace("channels=each hears", "the choice “each by itself” hears");
}

/** The choice as the service takes it. @param {Choice} choice @returns {Record<string, string>} */
function queryOf({ profile, adapt, channels }) {
  /** @type {Record<string, string>} */
  const voice = adapt ? { adapt: "true" } : { profile };
  return channels === "mix" ? voice : { ...voice, channels };
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
  const path = `v1/${what}?${new URLSearchParams(query)}`;
  return (await request(path, { method: "POST", body, signal })).json();
}

/** @type {Answers["exported"]} */
async function exported(timeline, format) {
  const answer = await request(`v1/export?format=${format}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(timeline),
  });
  const named = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") || "");
  const name = named ? decodeURIComponent(named[1]) : `timeline.${format}`;
  return { blob: await answer.blob(), name };
}

/** @type {Answers["live"]} */
function live(rate, choice, { onEvent, onEnd }) {
  return new Promise((resolve, reject) => {
    const socket = openSocket(rate, { ...choice, channels: "mix" }); // a microphone has one
    let ready = false;
    /** @type {string | null} */
    let wrong = null;
    const end = () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(JSON.stringify({ event: "end" }));
      setTimeout(() => socket.close(), LAST_WORDS);
    };
    /** @param {ArrayBuffer} pcm */
    const push = (pcm) => {
      if (socket.readyState !== WebSocket.OPEN || wrong) return;
      if (socket.bufferedAmount <= MAX_BACKLOG) return socket.send(pcm);
      wrong = "The service cannot keep up.";
      end();
    };
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.event === "ready") {
        ready = true;
        resolve({ push, end });
      } else if (event.event === "error") {
        wrong = event.message;
      } else if (event.event !== "end") {
        onEvent(event);
      }
    };
    socket.onclose = ({ code }) => {
      const usual = code === 1000 || code === 1005; // ended by the service, or by us
      if (ready) onEnd(wrong || (usual ? null : "The connection to the service was lost."));
      else reject(new Error(wrong || "No live stream is free now. Try again in a moment."));
    };
  });
}

/** @param {number} rate @param {Choice} choice */
function openSocket(rate, choice) {
  const address = new URL("v1/stream", location.href);
  address.protocol = location.protocol === "https:" ? "wss" : "ws";
  const query = { rate: String(rate), encoding: "s16le", ...queryOf(choice) };
  address.search = String(new URLSearchParams(query));
  const token = sessionStorage.getItem(KEY);
  const protocols = ["intona"];
  if (token) {
    const encoded = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    protocols.push(`bearer.${encoded}`);
  }
  return new WebSocket(address, protocols);
}
