// @ts-check
/** What the page says of the model, of its doubts, and of where the sound goes. */

import { $ } from "./dom.js";
import { percent } from "./emotions.js";

/** @param {import("./answers.js").Model} model @param {string} privacy where the sound goes */
export function aboutModel(model, privacy) {
  const { metadata, limits } = model;
  const megabytes = Math.floor(limits.upload_bytes / 2 ** 20);
  $("privacy").textContent = privacy;
  const most = `up to ${megabytes} MiB, ${length(limits.recording_seconds)}`;
  $("limits").textContent = `wav, mp3, m4a, flac, ogg, webm … ${most}`;
  $("version").textContent = `intona ${model.version}`;
  const facts = [
    ["Model", `${model.name}, ${versionOf(model.identity)}`],
    ["Recipe", metadata.recipe?.name],
    ["Learned from", learnedFrom(metadata.corpora)],
    ["Knows", model.labels.join(", ")],
    ["Licence", licence(metadata.licence)],
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

/** @param {import("./answers.js").Identity} identity */
function versionOf({ version, created, content }) {
  const said = version ? `version ${version} of ${created}` : "without a version";
  return `${said} (${content.slice(0, 16)})`;
}

/**
 * What its licence forbids comes first: a model is bound by the terms of all it learned from, and
 * the freer ones among them free nothing.
 *
 * @param {string | undefined} terms
 */
function licence(terms) {
  if (!terms) return "";
  const bound = /\bnc\b|non-?commercial/i.test(terms) ? "Not for commercial use. " : "";
  const parts = terms.split(";").map((part) => part.trim());
  const all = parts.length > 1 ? "All of these terms apply together: " : "";
  return `${bound}${all}${parts.join("; and ")}`;
}

/** @param {Record<string, {utterances?: number, speakers?: number}> | undefined} corpora */
function learnedFrom(corpora) {
  return Object.entries(corpora ?? {})
    .map(([name, facts]) => (facts.speakers ? `${name} (${facts.speakers} speakers)` : name))
    .join(", ");
}

/** @param {import("./answers.js").Model} model */
function howSure({ threshold, metadata }) {
  const [unfamiliar, familiar] = metadata.thresholds ?? [threshold, threshold];
  const stricter =
    unfamiliar === familiar ? "" : `, and below ${percent(unfamiliar)} where the sound is unfamiliar`;
  const below = `below ${percent(familiar)} it is marked unsure${stricter}`;
  return (
    `Every answer carries a confidence; ${below}. Where the model has never been, more of the others ` +
    "are wrong than on voices like those it learned from: the model card says how many."
  );
}
