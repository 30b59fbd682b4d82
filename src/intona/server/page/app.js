// @ts-check
/** The page put together: what each button, file and key does. */

import { aboutModel } from "./about.js";
import * as api from "./api.js";
import { offerChoices, onChoice } from "./choice.js";
import { $, problem, reveal } from "./dom.js";
import { Picture } from "./picture.js";
import { Player } from "./player.js";
import { Recording } from "./recording.js";
import { Result } from "./result.js";
import { Session } from "./session.js";

/** @param {api.Model} model */
function build({ labels, limits }) {
  const canvas = $("canvas", HTMLCanvasElement);
  const picture = new Picture($("picture"), canvas, $("playhead"), $("tip"));
  const player = new Player(picture);
  const result = new Result(limits.explain_seconds, picture, player);
  const session = new Session(labels, {
    onStart: () => player.stop(),
    onEnd: (segments, choice) => {
      if (recording.running) return;
      const adapted = Math.max(...segments.map((segment) => segment.adapted ?? 0));
      const profile = choice.profile || null;
      const timeline = { file: "live", profile, adapted, labels, segments };
      const duration = segments[segments.length - 1].end;
      const nothing = { samples: null, file: null };
      result.show(timeline, { title: "What you said", duration, choice, ...nothing });
    },
  });
  const recording = new Recording(limits, player, {
    onStart: () => {
      session.stop();
      player.stop();
    },
    onResult: (timeline, source) => {
      result.show(timeline, source);
      reveal($("result"), $("result-title"));
    },
  });
  player.onSegment = (segment) => result.mark(segment);
  return { picture, player, recording, result, session };
}

/** @param {ReturnType<typeof build>} parts */
function wire({ picture, player, recording, result, session }) {
  $("mic").addEventListener("click", () => session.toggle());
  $("cancel").addEventListener("click", () => recording.cancel());
  $("play").addEventListener("click", () => player.toggle());
  $("why-close").addEventListener("click", () => result.why.hide());
  $("picture").addEventListener("keydown", (event) => player.onKey(event));
  $("picture").addEventListener("click", (event) => {
    if (!$("transport").hidden) player.playFrom(picture.timeOf(event));
  });
  onChoice(() => result.asked && recording.open(result.asked.file));
  const input = $("file", HTMLInputElement);
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = "";
    if (file) recording.open(file);
  });
  document.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (file) recording.open(file);
  });
  choices("[data-format]", (button) => result.download(button.dataset.format ?? "csv"));
  choices("[data-view]", (button, all) => {
    for (const other of all) other.setAttribute("aria-pressed", String(other === button));
    picture.look(button.dataset.view ?? "waveform");
  });
}

/**
 * @param {string} selector
 * @param {(button: HTMLElement, all: NodeListOf<HTMLElement>) => void} choose
 */
function choices(selector, choose) {
  /** @type {NodeListOf<HTMLElement>} */
  const all = document.querySelectorAll(selector);
  for (const button of all) button.addEventListener("click", () => choose(button, all));
}

/** Take files that are dropped anywhere: the browser would leave the page for them. */
function allowDrops() {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      $("drop").classList.toggle("over", kind === "dragover");
    });
  }
}

/** @returns {Promise<string>} */
function askForToken() {
  const [input, dialog] = [$("token", HTMLInputElement), $("token-dialog", HTMLDialogElement)];
  return new Promise((resolve) => {
    input.value = "";
    dialog.showModal();
    dialog.onclose = () => resolve(input.value);
  });
}

async function main() {
  allowDrops();
  api.onTokenNeeded(askForToken);
  const model = await api.model().catch((error) => problem(error.message));
  if (!model) return;
  aboutModel(model);
  offerChoices(model);
  wire(build(model));
  $("mic", HTMLButtonElement).disabled = false;
}

main();
