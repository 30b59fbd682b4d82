// @ts-check
/** Asking the person for the token of a service. */

import { $ } from "./dom.js";

/** @returns {Promise<string>} */
export function askForToken() {
  const [input, dialog] = [$("token", HTMLInputElement), $("token-dialog", HTMLDialogElement)];
  return new Promise((resolve) => {
    input.value = "";
    dialog.showModal();
    dialog.onclose = () => resolve(input.value);
  });
}
