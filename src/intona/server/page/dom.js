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

/**
 * Make an element with these properties.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} properties
 */
export function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

/** @param {string} kind class names @param {string} text */
export function spanOf(kind, text = "") {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

/** @param {string} text @param {string} label for screen readers */
export function buttonOf(text, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  return button;
}

/**
 * Show what went wrong, where it is seen; null takes it away.
 *
 * @param {string | null} text
 * @param {string} place the element that says it
 */
export function problem(text, place = "error") {
  const told = $(place);
  if (text !== null) told.textContent = text;
  told.hidden = text === null;
  if (text !== null) show(told, "center");
}

/**
 * Bring a part of the page into view, its `focused` element first for screen readers.
 *
 * @param {HTMLElement} part
 * @param {HTMLElement} focused
 */
export function reveal(part, focused) {
  focused.focus({ preventScroll: true });
  show(part, "start");
}

/** @param {HTMLElement} part @param {ScrollLogicalPosition} block */
function show(part, block) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  part.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
}
