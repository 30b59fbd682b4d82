// @ts-check
/// <reference lib="webworker" />
/** Keeps the page's files for use without a network, and serves them isolated, for threads. */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

// Both are written when the page is built.
const VERSION = "development";
/** @type {string[]} */
const FILES = [];

const CACHE = `intona-${VERSION}`;
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

worker.addEventListener("install", (event) => {
  // Asked anew of the host: files of two versions would not fit each other.
  const wanted = FILES.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(wanted)));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOld().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) {
    event.respondWith(answer(request));
  }
});

async function forgetOld() {
  const names = await caches.keys();
  await Promise.all(
    names
      .filter((name) => name.startsWith("intona-") && name !== CACHE)
      .map((name) => caches.delete(name)),
  );
}

/** @param {Request} request */
async function answer(request) {
  const found = await (await caches.open(CACHE)).match(request, { ignoreSearch: true });
  const response = found ?? (await fetch(request));
  if (response.type === "opaque" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATED)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
