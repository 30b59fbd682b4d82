// @ts-check
/** The page: what is pressed, dropped and shown. */

import * as api from "./api.js";
import { clock, colour, percent } from "./emotions.js";
import { aboutModel } from "./about.js";
import { Live } from "./live.js";
import { Picture, words } from "./picture.js";
import { decode } from "./sound.js";
import { Trace } from "./trace.js";
import { Why } from "./why.js";

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);

/** @type {api.Model} */
let model;
/** @type {api.Timeline | null} */
let shown = null;
/** @type {AbortController | null} */
let running = null;
/** @type {Live | null} */
let live = null;
/** @type {api.Segment[]} */
let heard = [];
/** The row being played. @type {HTMLElement | null} */
let playing = null;

const picture = new Picture($("picture"), $("canvas"), $("playhead"), $("tip"));
const trace = new Trace($("trace"));
const why = new Why();
/** The recording that is shown, and how it was asked about. @type {{file: File, profile: string} | null} */
let asked = null;
/** @type {AbortController | null} */
let asking = null;
/** @type {HTMLAudioElement} */
const audio = $("audio");

// --- the microphone ---------------------------------------------------------------------

function offerSpeakers() {
  const [asIs] = $("speaker").options;
  for (const name of model.profiles) $("speaker").insertBefore(new Option(name), asIs);
  $("speaker").selectedIndex = 0;
  $("voice").hidden = !model.profiles.length;
}

function buildBars() {
  $("bars").replaceChildren(
    ...model.labels.map((label) => {
      const bar = document.createElement("li");
      bar.className = "bar";
      bar.dataset.label = label;
      bar.innerHTML = '<span class="name"></span><span class="rail"><span class="fill"></span></span><span class="value"></span>';
      /** @type {HTMLElement} */ (bar.querySelector(".name")).textContent = label;
      bar.style.setProperty("--colour", colour(label));
      return bar;
    }),
  );
  setBars({});
}

/** @param {Record<string, number | null>} probabilities */
function setBars(probabilities) {
  for (const bar of $("bars").children) {
    const value = probabilities[bar.dataset.label];
    bar.style.setProperty("--value", String(value ?? 0));
    bar.querySelector(".value").textContent = value === undefined ? "" : percent(value);
  }
}

/**
 * @param {string} text
 * @param {string} note
 * @param {string | null} emotion
 */
function setWord(text, note, emotion = null, unsure = false) {
  $("word").textContent = text;
  $("word").classList.toggle("unsure", unsure);
  $("word").style.setProperty("--colour", emotion ? colour(emotion) : "");
  $("note").textContent = note;
}

/** @param {any} event */
function onEvent(event) {
  if (event.event === "speech_start") {
    $("note").textContent = "Listening to a voice.";
  } else if (event.event === "update" && event.emotion) {
    const unsure = event.status === "unsure";
    const note = unsure ? `Only ${percent(event.confidence)} sure: a guess.` : `${percent(event.confidence)} sure.`;
    if ($("word").textContent !== event.emotion) $("announce").textContent = `Sounds ${event.emotion}`;
    setWord(event.emotion, note, event.emotion, unsure);
    setBars(event.probabilities);
    trace.emotion = event.emotion;
  } else if (event.event === "segment") {
    heard.push(segmentOf(event));
  } else if (event.event === "speech_end") {
    trace.emotion = null;
    $("note").textContent = "Waiting for a voice.";
  } else if (event.event === "trouble") {
    $("note").textContent = event.message;
  }
}

/** @param {any} event @returns {api.Segment} */
function segmentOf({ start, end, emotion = null, confidence = null, status, probabilities }) {
  return { start, end, emotion, confidence, status, probabilities };
}

async function startLive() {
  stopPlaying();
  heard = [];
  setBars({});
  setWord("Listening", "Waiting for a voice.");
  $("mic").disabled = true;
  const onLevel = (/** @type {number} */ level) => {
    $("mic").style.setProperty("--level", String(Math.min(1, Math.sqrt(level) * 2)));
    trace.push(level);
  };
  live = new Live({ onEvent, onLevel, onEnd: endLive }, $("speaker").value);
  try {
    await live.start();
    $("mic").setAttribute("aria-pressed", "true");
    $("mic-label").textContent = "Stop listening";
  } catch (error) {
    live.finish(null);
    live = null;
    setWord("Ready", /** @type {Error} */ (error).message);
  }
  $("mic").disabled = false;
}

/** @param {string | null} reason */
function endLive(reason) {
  const profile = live?.profile;
  live = null;
  trace.stop();
  $("mic").setAttribute("aria-pressed", "false");
  $("mic").style.setProperty("--level", "0");
  $("mic-label").textContent = "Start listening";
  setWord("Ready", reason || (heard.length ? "What was said is in the table below." : "No speech was heard."));
  setBars({});
  if (heard.length && !running) {
    asked = null;
    show({ file: "live", profile: profile || null, labels: model.labels, segments: heard }, "What you said", heard[heard.length - 1].end, null);
  }
}

// --- recordings -------------------------------------------------------------------------

/** @param {File} file */
async function open(file) {
  running?.abort();
  live?.stop();
  stopPlaying();
  $("error").hidden = true;
  if (file.size > model.limits.upload_bytes) {
    fail(`${file.name} has ${Math.ceil(file.size / 2 ** 20)} MiB; the service takes ${Math.floor(model.limits.upload_bytes / 2 ** 20)}.`);
    return;
  }
  const abort = new AbortController();
  running = abort;
  const profile = $("speaker").value;
  $("busy").hidden = false;
  $("busy-text").textContent = `Listening to ${file.name} …`;
  try {
    const result = await api.timeline(file, profile, abort.signal);
    const played = await load(file);
    const samples = await decode(file, played);
    if (abort.signal.aborted) return;
    const last = result.segments.at(-1)?.end ?? 0;
    const duration = samples ? samples.length / 16000 : Math.max(played, last, 0.1);
    asked = { file, profile };
    show(result, file.name, duration, samples);
    $("result-title").focus({ preventScroll: true });
    $("result").scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  } catch (error) {
    if (!abort.signal.aborted) fail(/** @type {Error} */ (error).message);
  } finally {
    if (running === abort) {
      running = null;
      $("busy").hidden = true;
    }
  }
}

/** @param {string} text */
function fail(text) {
  $("error").textContent = text;
  $("error").hidden = false;
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Give the file to the player; the answer is its length in seconds, 0 where it cannot be played.
 *
 * @param {File} file
 * @returns {Promise<number>}
 */
function load(file) {
  if (audio.src) URL.revokeObjectURL(audio.src);
  return new Promise((resolve) => {
    audio.onloadedmetadata = () => resolve(Number.isFinite(audio.duration) ? audio.duration : 0);
    audio.onerror = () => resolve(0);
    audio.src = URL.createObjectURL(file);
  });
}

// --- results ----------------------------------------------------------------------------

/**
 * @param {api.Timeline} result
 * @param {string} title
 * @param {number} duration
 * @param {Float32Array | null} samples
 */
function show(result, title, duration, samples) {
  shown = result;
  asking?.abort();
  why.hide();
  $("result").hidden = false;
  $("result-title").textContent = title;
  $("summary").textContent = summary(result, duration);
  const playable = title !== "What you said" && !audio.error && Number.isFinite(audio.duration);
  $("transport").hidden = !playable;
  $("views").hidden = samples === null;
  picture.show(result.segments, duration, samples);
  picture.move(0);
  $("clock").textContent = `${clock(0)} of ${clock(duration)}`;
  showLegend(result.segments);
  $("rows").replaceChildren(...result.segments.map((segment) => row(segment, playable)));
}

/** @param {api.Timeline} result @param {number} duration */
function summary({ segments, profile }, duration) {
  const speech = segments.filter((segment) => segment.emotion !== null);
  if (!speech.length) return `${clock(duration)} long, and no speech in it.`;
  const seconds = speech.reduce((sum, segment) => sum + segment.end - segment.start, 0);
  const unsure = speech.filter((segment) => segment.status === "unsure").length;
  const doubts = unsure ? ` Unsure of ${unsure} of ${speech.length} segments.` : "";
  const adapted = profile ? ` Adapted to ${profile}.` : "";
  return `${clock(duration)} long, ${clock(seconds)} of it speech.${adapted}${doubts}`;
}

/** @param {api.Segment[]} segments */
function showLegend(segments) {
  const seconds = new Map();
  for (const { emotion, start, end } of segments) {
    if (emotion !== null) seconds.set(emotion, (seconds.get(emotion) ?? 0) + end - start);
  }
  const total = [...seconds.values()].reduce((sum, value) => sum + value, 0);
  const ranked = [...seconds].sort((a, b) => b[1] - a[1]);
  $("legend").replaceChildren(
    ...ranked.map(([emotion, value]) => {
      const item = document.createElement("li");
      item.className = "dot";
      item.style.setProperty("--colour", colour(emotion));
      item.textContent = `${emotion} ${percent(value / total)}`;
      return item;
    }),
  );
}

/** @param {api.Segment} segment @param {boolean} playable */
function row(segment, playable) {
  const line = document.createElement("tr");
  line.style.setProperty("--colour", colour(segment.emotion));
  line.style.setProperty("--value", String(segment.confidence ?? 0));
  const cells = ["", "", "", "", ""].map(() => document.createElement("td"));
  const time = `${clock(segment.start)} – ${clock(segment.end)}`;
  if (playable) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = time;
    button.setAttribute("aria-label", `Play from ${clock(segment.start)}: ${words(segment)}`);
    button.addEventListener("click", () => playFrom(segment.start));
    cells[0].append(button);
  } else {
    cells[0].textContent = time;
  }
  const name = document.createElement("span");
  name.className = segment.status === "unsure" ? "dot unsure" : "dot";
  name.textContent = segment.emotion ?? "no speech";
  cells[1].append(name);
  const sure = document.createElement("span");
  sure.className = "sure";
  cells[2].append(sure, segment.status === "unsure" ? `${percent(segment.confidence)}, unsure` : percent(segment.confidence));
  cells[3].className = "wide";
  cells[3].textContent = Object.entries(segment.probabilities)
    .filter(([label, value]) => label !== segment.emotion && value !== null)
    .sort((a, b) => Number(b[1]) - Number(a[1]))
    .slice(0, 2)
    .map(([label, value]) => `${label} ${percent(value)}`)
    .join(", ");
  if (asked && segment.emotion !== null) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Why?";
    button.setAttribute("aria-label", `Why ${segment.emotion} at ${clock(segment.start)}?`);
    button.addEventListener("click", () => explain(segment, button));
    cells[4].append(button);
  }
  line.append(...cells);
  return line;
}

/** @param {api.Segment} segment @param {HTMLButtonElement} button */
async function explain(segment, button) {
  asking?.abort();
  if (!asked || segment.emotion === null) return;
  const abort = new AbortController();
  asking = abort;
  button.textContent = "Asking …";
  $("error").hidden = true;
  const end = Math.min(segment.end, segment.start + model.limits.explain_seconds);
  const query = { start: String(segment.start), end: String(end), emotion: segment.emotion, profile: asked.profile };
  try {
    why.show(await api.explain(asked.file, query, abort.signal), picture.samples);
    $("why").focus({ preventScroll: true });
    $("why").scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  } catch (error) {
    if (!abort.signal.aborted) fail(/** @type {Error} */ (error).message);
  } finally {
    button.textContent = "Why?";
  }
}

/** @param {string} format */
async function download(format) {
  if (!shown) return;
  try {
    const { blob, name } = await api.exported(shown, format);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    fail(/** @type {Error} */ (error).message);
  }
}

// --- playing ----------------------------------------------------------------------------

/** @param {number} time */
function playFrom(time) {
  audio.currentTime = time;
  audio.play();
}

function stopPlaying() {
  audio.pause();
}

function follow() {
  const time = audio.currentTime;
  picture.move(Math.min(time, picture.duration));
  $("clock").textContent = `${clock(time)} of ${clock(picture.duration)}`;
  const here = audio.paused ? null : picture.at(time);
  const line = here && shown ? $("rows").children[shown.segments.indexOf(here)] : null;
  if (line !== playing) {
    playing?.classList.remove("playing");
    line?.classList.add("playing");
    playing = line;
  }
  if (!audio.paused) requestAnimationFrame(follow);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const jumps = { ArrowLeft: -2, ArrowRight: 2, PageDown: 15, PageUp: -15 };
  if (event.key === " ") $("play").click();
  else if (event.key === "Home") audio.currentTime = 0;
  else if (event.key === "End") audio.currentTime = picture.duration;
  else if (event.key in jumps) audio.currentTime += jumps[/** @type {keyof jumps} */ (event.key)];
  else return;
  event.preventDefault();
}

// --- wiring -----------------------------------------------------------------------------

function wire() {
  $("mic").addEventListener("click", () => (live ? live.stop() : startLive()));
  $("file").addEventListener("change", () => {
    const [file] = $("file").files;
    $("file").value = "";
    if (file) open(file);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      $("drop").classList.toggle("over", kind === "dragover");
      const file = kind === "drop" && /** @type {DragEvent} */ (event).dataTransfer?.files[0];
      if (file) open(file);
    });
  }
  $("why-close").addEventListener("click", () => why.hide());
  $("cancel").addEventListener("click", () => running?.abort());
  $("play").addEventListener("click", () => (audio.paused ? audio.play() : audio.pause()));
  $("picture").addEventListener("click", (/** @type {MouseEvent} */ event) => {
    if (!$("transport").hidden) playFrom(picture.timeOf(event));
  });
  $("picture").addEventListener("keydown", onKey);
  for (const kind of ["play", "pause", "seeked", "ended"]) {
    audio.addEventListener(kind, () => {
      $("play").textContent = audio.paused ? "Play" : "Pause";
      $("play").setAttribute("aria-pressed", String(!audio.paused));
      follow();
    });
  }
  for (const button of document.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => download(/** @type {HTMLElement} */ (button).dataset.format || "csv"));
  }
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => {
      for (const other of document.querySelectorAll("[data-view]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      picture.look(/** @type {HTMLElement} */ (button).dataset.view || "waveform");
    });
  }
  api.onTokenNeeded(
    () =>
      new Promise((resolve) => {
        $("token").value = "";
        $("token-dialog").showModal();
        $("token-dialog").onclose = () => resolve($("token").value);
      }),
  );
}

async function main() {
  wire();
  try {
    model = await api.model();
  } catch (error) {
    fail(/** @type {Error} */ (error).message);
    return;
  }
  aboutModel(model);
  offerSpeakers();
  buildBars();
  $("mic").disabled = false;
}

main();
