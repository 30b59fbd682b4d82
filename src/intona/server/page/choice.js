// @ts-check
/** How the model is asked: for whose voice, and whether the sound is judged against itself. */

import { $ } from "./dom.js";

/** @typedef {{profile: string, adapt: boolean}} Choice `profile` is "" for the model as it is */

/** Offer what the service can do; what it cannot stays hidden. @param {import("./api.js").Model} model */
export function offerChoices({ profiles, adaptable }) {
  const speaker = $("speaker", HTMLSelectElement);
  const [asIs] = speaker.options;
  for (const name of profiles) speaker.insertBefore(new Option(name), asIs);
  speaker.selectedIndex = 0;
  $("voice").hidden = !profiles.length;
  $("against").hidden = !adaptable;
}

/** Call back when the person changes their mind. @param {() => void} changed */
export function onChoice(changed) {
  const adapt = $("adapt", HTMLInputElement);
  adapt.addEventListener("change", () => {
    // Both are answers to one question, so the service takes only one of them.
    $("speaker", HTMLSelectElement).disabled = adapt.checked;
    changed();
  });
}

/** @returns {Choice} */
export function chosen() {
  const adapt = $("adapt", HTMLInputElement).checked;
  return { profile: adapt ? "" : $("speaker", HTMLSelectElement).value, adapt };
}

/** The choice as the service takes it. @param {Choice} choice @returns {Record<string, string>} */
export function queryOf({ profile, adapt }) {
  return adapt ? { adapt: "true" } : { profile };
}
