// @ts-check
/** How the model is asked: for whose voice, of which channels, against the sound itself or not. */

import { $ } from "./dom.js";

const FIXED = 4; // choices of channels that are always there: mixed, left, right, each
const NAMED = 2; // channels that have a name, left and right

/**
 * Offer what can be done; what cannot stays hidden.
 *
 * @param {import("./answers.js").Model} model
 * @param {boolean} channels whether one channel of several can be asked about
 */
export function offerChoices({ profiles, adaptable }, channels) {
  const speaker = $("speaker", HTMLSelectElement);
  const [asIs] = speaker.options;
  for (const name of profiles) speaker.insertBefore(new Option(name), asIs);
  speaker.selectedIndex = 0;
  $("voice").hidden = !profiles.length;
  $("against").hidden = !adaptable;
  $("several").hidden = !channels;
}

/** Offer each channel of a recording by its number, where it has more than two. @param {number} count */
export function offerChannels(count) {
  const select = $("channels", HTMLSelectElement);
  const offered = select.options.length - FIXED;
  for (let number = NAMED + offered + 1; number <= count; number++) {
    select.append(new Option(`channel ${number} only`, `${number}`));
  }
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
  $("channels").addEventListener("change", changed);
}

/** @returns {import("./answers.js").Choice} */
export function chosen() {
  const adapt = $("adapt", HTMLInputElement).checked;
  const profile = adapt ? "" : $("speaker", HTMLSelectElement).value;
  return { profile, adapt, channels: $("channels", HTMLSelectElement).value };
}
