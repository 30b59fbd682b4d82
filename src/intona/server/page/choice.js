// @ts-check
/** How the model is asked: for whose voice, and whether the sound is judged against itself. */

import { $ } from "./dom.js";

/** Offer what can be done; what cannot stays hidden. @param {import("./answers.js").Model} model */
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
    // Both are answers to one question, so only one of them is taken.
    $("speaker", HTMLSelectElement).disabled = adapt.checked;
    changed();
  });
  $("speaker").addEventListener("change", changed);
}

/** @returns {import("./answers.js").Choice} */
export function chosen() {
  const adapt = $("adapt", HTMLInputElement).checked;
  const profile = adapt ? "" : $("speaker", HTMLSelectElement).value;
  return { profile, adapt, channels: "mix" };
}
