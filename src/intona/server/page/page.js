// @ts-check
/** The page put together: what each button, file and key does. */

import { aboutModel } from "./about.js";
import { offerChoices, onChoice } from "./choice.js";
import { $, problem, reveal } from "./dom.js";
import { Picture } from "./picture.js";
import { Player } from "./player.js";
import { Recording } from "./recording.js";
import { Result } from "./result.js";
import { durationOf, Session } from "./session.js";

/** @typedef {import("./answers.js").Answers} Answers */

/**
 * Make the page in the document work.
 *
 * @param {Answers} answers whoever answers: nothing else is asked
 */
export async function start(answers) {
  allowDrops();
  const model = await answers.model().catch((error) => problem(error.message));
  if (!model) return;
  aboutModel(model, answers.privacy);
  offerChoices(model, answers.channels ?? false);
  wire(answers, build(answers, model));
  $("mic", HTMLButtonElement).disabled = false;
}

/** @param {Answers} answers @param {import("./answers.js").Model} model */
function build(answers, { labels, limits }) {
  const canvas = $("canvas", HTMLCanvasElement);
  const picture = new Picture($("picture"), canvas, $("playhead"), $("tip"));
  const player = new Player(picture);
  const result = new Result(answers, limits.explain_seconds, picture, player);
  const session = new Session(answers, labels, {
    onStart: () => {
      recording.close();
      player.stop();
      result.hide();
      problem(null);
    },
    onEnd: (heard) => {
      if (recording.running) return;
      const { segments, levels, choice } = heard;
      const adapted = Math.max(...segments.map((segment) => segment.adapted ?? 0));
      const profile = choice.profile || null;
      const timeline = { file: "live", profile, adapted, labels, segments };
      const lane = { name: "", segments, whole: null, samples: null, levels: Float32Array.from(levels) };
      const duration = durationOf(heard);
      result.show(timeline, { title: "What you said", duration, lanes: [lane], file: null, choice });
      reveal($("result"), $("result-title"));
    },
  });
  const recording = new Recording(answers, limits, player, {
    onStart: (again) => {
      session.stop();
      player.stop();
      if (again) result.fade();
      else result.hide();
    },
    onResult: (timeline, source) => {
      result.show(timeline, source);
      reveal($("result"), $("result-title"));
    },
    onFailure: () => result.hide(),
  });
  player.onSegments = (segments) => result.mark(segments);
  return { picture, player, recording, result, session };
}

/** @param {Answers} answers @param {ReturnType<typeof build>} parts */
function wire({ example }, { picture, player, recording, result, session }) {
  $("mic").addEventListener("click", () => session.toggle());
  $("cancel").addEventListener("click", () => recording.cancel());
  $("play").addEventListener("click", () => player.toggle());
  $("why-close").addEventListener("click", () => result.why.hide());
  $("picture").addEventListener("keydown", (event) => {
    if (!$("transport").hidden) player.onKey(event);
  });
  $("picture").addEventListener("click", (event) => {
    if (!$("transport").hidden) player.playFrom(picture.timeOf(event));
  });
  onChoice(() => recording.again());
  $("example").hidden = example === null;
  $("example").addEventListener("click", () => example && recording.openExample(example));
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
  /** @type {NodeListOf<HTMLElement>} */
  const views = document.querySelectorAll("[data-view]");
  for (const button of views) {
    button.addEventListener("click", () => {
      for (const other of views) other.setAttribute("aria-pressed", String(other === button));
      picture.look(button.dataset.view ?? "waveform");
    });
  }
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
