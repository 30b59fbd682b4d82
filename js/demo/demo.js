// @ts-check
/** The page that answers on the device: made ready for offline use first, then the page of the service. */

import { device } from "./device.js";
import { $, problem } from "./dom.js";
import { start } from "./page.js";

const RELOADED = "intona-isolated";

/**
 * Keep the files for use without a network, and get the headers under which browsers allow threads.
 *
 * The service worker adds those headers to what it serves, so they are there from the second load
 * on; the page loads itself again once, from what has been kept.
 *
 * @returns {Promise<boolean>} whether the page is about to load again
 */
async function kept() {
  if (!("serviceWorker" in navigator)) return false; // no https, or a private window
  try {
    const registration = await navigator.serviceWorker.register("sw.js");
    if (!(await Promise.race([navigator.serviceWorker.ready, givenUp(registration)]))) return false;
  } catch {
    return false; // everything is fetched as it is needed then
  }
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED)) return false;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
  return true;
}

/**
 * Resolves to `null` when the files cannot be kept, for example for lack of room.
 *
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<null>}
 */
function givenUp({ installing }) {
  return new Promise((resolve) => {
    installing?.addEventListener("statechange", () => {
      if (installing.state === "redundant") resolve(null);
    });
  });
}

async function main() {
  const [word, note, body] = [$("word"), $("note"), document.body];
  const [ready, press] = [word.textContent, note.textContent];
  word.textContent = "Loading";
  const megabytes = document.documentElement.dataset.megabytes;
  note.textContent = `Fetching the model and what runs it: ${megabytes} MB, once.`;
  body.inert = true;
  if (await kept()) return;
  await start(device);
  body.inert = false;
  const works = !$("mic", HTMLButtonElement).disabled;
  [word.textContent, note.textContent] = works ? [ready, press] : ["Not ready", ""];
}

main().catch((error) => {
  document.body.inert = false;
  problem(error.message);
});
