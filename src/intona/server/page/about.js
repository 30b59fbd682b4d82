// @ts-check
/** What the page says of the model, of its doubts, and of where the sound goes. */

import { $ } from "./dom.js";
import { percent } from "./emotions.js";

/** @param {import("./api.js").Model} model */
export function aboutModel(model) {
  const { metadata, limits } = model;
  const megabytes = Math.floor(limits.upload_bytes / 2 ** 20);
  $("privacy").textContent = privacy();
  $("limits").textContent = `wav, mp3, m4a, flac, ogg, webm … up to ${megabytes} MiB, ${length(limits.recording_seconds)}`;
  $("version").textContent = `intona ${model.version}`;
  const facts = [
    ["Model", `${model.name}, ${versionOf(model.identity)}`],
    ["Recipe", metadata.recipe?.name],
    ["Learned from", learnedFrom(metadata.corpora)],
    ["Knows", model.labels.join(", ")],
    ["Licence", metadata.licence],
  ];
  $("card").replaceChildren(
    ...facts
      .filter(([, value]) => value)
      .flatMap(([name, value]) => {
        const [term, text] = [document.createElement("dt"), document.createElement("dd")];
        [term.textContent, text.textContent] = [name, value];
        return [term, text];
      }),
  );
  $("sure").textContent = howSure(model);
}

/** @param {number} seconds */
function length(seconds) {
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  return `${Number((seconds / 3600).toFixed(1))} hours`;
}

/** @param {import("./api.js").Identity} identity */
function versionOf({ version, created, content }) {
  const said = version ? `version ${version} of ${created}` : "without a version";
  return `${said} (${content.slice(0, 16)})`;
}

/** @param {Record<string, {utterances?: number, speakers?: number}> | undefined} corpora */
function learnedFrom(corpora) {
  return Object.entries(corpora ?? {})
    .map(([name, facts]) => (facts.speakers ? `${name} (${facts.speakers} speakers)` : name))
    .join(", ");
}

/** @param {import("./api.js").Model} model */
function howSure({ threshold, metadata }) {
  const [unfamiliar, familiar] = metadata.thresholds ?? [threshold, threshold];
  const below =
    unfamiliar === familiar
      ? `below ${percent(familiar)} it is marked unsure`
      : `below ${percent(familiar)} it is marked unsure, and below ${percent(unfamiliar)} where the sound is unfamiliar`;
  return (
    `Every answer carries a confidence; ${below}. Where the model has never been, more of the others ` +
    "are wrong than on voices like those it learned from: the model card says how many."
  );
}

function privacy() {
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  return local
    ? "Your audio stays on this machine. Nothing is stored, nothing is sent anywhere else."
    : `Your audio goes to ${location.hostname} and nowhere else. Nothing is stored.`;
}
