// @ts-check
/** Elements of the page: found by name, made, shown. */

/**
 * Return the element with an id, which must be there and of its kind.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {{new (): T, name: string}} [kind]
 * @returns {T}
 */
export function $(id, kind = /** @type {any} */ (HTMLElement)) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** @param {string} kind class names @param {string} text */
export function spanOf(kind, text = "") {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

/**
 * Show what went wrong; null takes it away.
 *
 * @param {string | null} text
 */
export function problem(text) {
  if (text !== null) $("error").textContent = text;
  $("error").hidden = text === null;
}

/**
 * Bring a part of the page into view, its `focused` element first for screen readers.
 *
 * @param {HTMLElement} part
 * @param {HTMLElement} focused
 */
export function reveal(part, focused) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  focused.focus({ preventScroll: true });
  part.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}
