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
    await navigator.serviceWorker.register("sw.js");
    await navigator.serviceWorker.ready;
  } catch {
    return false; // everything is fetched as it is needed then
  }
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED)) return false;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
  return true;
}

async function main() {
  const [word, note] = [$("word"), $("note")];
  const [ready, press] = [word.textContent, note.textContent];
  word.textContent = "Loading";
  const megabytes = document.documentElement.dataset.megabytes;
  note.textContent = `Fetching the model and what runs it: ${megabytes} MB, once.`;
  if (await kept()) return;
  await start(device);
  [word.textContent, note.textContent] = [ready, press];
}

main().catch((error) => problem(error.message));
