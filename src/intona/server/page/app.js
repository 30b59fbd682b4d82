// @ts-check
/** The page of the service: the service answers, and may ask for a token. */

import { $ } from "./dom.js";
import { start } from "./page.js";
import { onTokenNeeded, service } from "./service.js";

/** @returns {Promise<string>} */
function askForToken() {
  const [input, dialog] = [$("token", HTMLInputElement), $("token-dialog", HTMLDialogElement)];
  return new Promise((resolve) => {
    input.value = "";
    dialog.showModal();
    dialog.onclose = () => resolve(input.value);
  });
}

onTokenNeeded(askForToken);
start(service);
