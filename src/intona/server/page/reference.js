// @ts-check
/** The HTTP interface to read and to try, made from the service's own openapi.json. */

import { $, make, problem } from "./dom.js";
import { ask, onTokenNeeded, request, tokenNeeded } from "./service.js";
import { askForToken } from "./token.js";

const FORM = "multipart/form-data";
const LONGEST = 20_000; // letters of an answer that are shown

/**
 * The parts of an OpenAPI 3.1 document that are used here.
 *
 * @typedef {{type?: string, anyOf?: Schema[], items?: Schema, enum?: string[], default?: unknown,
 *   examples?: unknown[], description?: string, properties?: Record<string, Schema>, $ref?: string}} Schema
 * @typedef {{name: string, description?: string, schema: Schema}} Parameter
 * @typedef {{description: string, content?: Record<string, {schema?: Schema}>}} Answer
 * @typedef {{description?: string, parameters?: Parameter[], responses: Record<string, Answer>,
 *   requestBody?: {content: Record<string, {schema: Schema}>}}} Operation
 * @typedef {{info: {description: string}, paths: Record<string, Record<string, Operation>>,
 *   components: {schemas: Record<string, Schema>}}} Document
 */

/** One operation of the interface: what it is, and a form to try it. */
class Trial {
  /** @param {string} method @param {string} path @param {Operation} operation @param {Document} api */
  constructor(method, path, operation, api) {
    this.method = method.toUpperCase();
    this.path = path;
    this.kind = Object.keys(operation.requestBody?.content ?? {})[0] ?? "";
    /** @type {Map<string, {field: HTMLInputElement | HTMLSelectElement, usual: string}>} */
    this.fields = new Map();
    this.file = this.kind === FORM ? make("input", { type: "file" }) : null;
    const example = operation.requestBody?.content[this.kind]?.schema;
    this.json = this.kind && !this.file ? make("textarea", { rows: 6, spellcheck: false }) : null;
    if (this.json && example) this.json.value = exampleOf(api, example);
    this.command = make("pre", { className: "command" });
    this.send = make("button", { type: "button", className: "plain strong", textContent: "Send" });
    this.send.addEventListener("click", () => this.run());
    this.told = make("p", { className: "note" });
    this.told.setAttribute("role", "status");
    this.answer = make("pre", { className: "answer", hidden: true, tabIndex: 0 });
    this.element = this.build(operation, api);
    this.element.addEventListener("input", () => this.showCommand());
    this.showCommand();
  }

  /** @param {Operation} operation @param {Document} api */
  build(operation, api) {
    const section = make("section", { className: "card operation" });
    const title = make("h2", { id: this.path.slice(1).replaceAll("/", "-") });
    title.append(make("span", { className: "method", textContent: this.method }), ` ${this.path}`);
    section.append(title, ...paragraphs(operation.description ?? ""));
    const form = make("div", { className: "fields" });
    if (this.file) form.append(...labelled("file", this.file, "The recording."));
    for (const { name, schema, description } of operation.parameters ?? []) {
      const field = fieldOf(schema);
      this.fields.set(name, { field, usual: String(schema.default ?? "") });
      form.append(...labelled(name, field, description ?? ""));
    }
    if (this.json) form.append(...labelled("body", this.json, `Sent as ${this.kind}.`));
    section.append(form, this.command, this.send, this.told, this.answer);
    section.append(answersOf(operation, api));
    return section;
  }

  /** The path with what was filled in; what is empty or as usual is left out. */
  get address() {
    const query = new URLSearchParams();
    for (const [name, { field, usual }] of this.fields) {
      if (field.value !== "" && field.value !== usual) query.set(name, field.value);
    }
    return query.size ? `${this.path}?${query}` : this.path;
  }

  showCommand() {
    const words = ["curl"];
    if (tokenNeeded()) words.push('-H "Authorization: Bearer $INTONA_TOKEN"');
    if (this.file) words.push(`-F ${quoted(`file=@${this.file.files?.[0]?.name ?? "clip.wav"}`)}`);
    if (this.json) words.push(`-H "Content-Type: ${this.kind}" -d @timeline.json`);
    this.command.textContent = [...words, quoted(location.origin + this.address)].join(" ");
  }

  async run() {
    const file = this.file?.files?.[0];
    if (this.file && !file) {
      this.told.textContent = "Choose a file first.";
      return;
    }
    this.send.disabled = true;
    this.told.textContent = "Asking …";
    const begin = performance.now();
    try {
      const answer = await ask(this.address.slice(1), { method: this.method, ...this.body(file) });
      const seconds = ((performance.now() - begin) / 1000).toFixed(2);
      this.told.textContent = `${answer.status} ${answer.statusText}, ${seconds} s, ${kindOf(answer)}`;
      this.answer.textContent = await textOf(answer);
      this.answer.hidden = false;
      this.showCommand();
    } catch (error) {
      this.told.textContent = /** @type {Error} */ (error).message;
      this.answer.hidden = true;
    }
    this.send.disabled = false;
  }

  /** @param {File | undefined} file @returns {RequestInit} */
  body(file) {
    if (this.json) return { body: this.json.value, headers: { "Content-Type": this.kind } };
    if (!file) return {};
    const body = new FormData();
    body.append("file", file, file.name);
    return { body };
  }
}

/** A field for values of a schema; what is left empty is not sent. @param {Schema} schema */
function fieldOf(schema) {
  const choices = schema.type === "boolean" ? ["false", "true"] : schema.enum;
  if (choices) {
    const field = make("select", {});
    field.append(...choices.map((choice) => new Option(choice, choice)));
    field.value = String(schema.default ?? choices[0]);
    return field;
  }
  const kinds = [schema, ...(schema.anyOf ?? [])].map(({ type }) => type);
  const number = kinds.includes("number") || kinds.includes("integer");
  const example = schema.examples?.[0];
  const placeholder = example === undefined ? "" : `for example ${example}`;
  return make("input", { type: number ? "number" : "text", step: "any", placeholder });
}

let made = 0;

/** @param {string} name @param {HTMLElement} field @param {string} description */
function labelled(name, field, description) {
  field.id = `field-${(made += 1)}`;
  const label = make("label", { htmlFor: field.id, textContent: name });
  return [label, field, make("p", { className: "note", textContent: description })];
}

/** What may come back, and what is in it. @param {Operation} operation @param {Document} api */
function answersOf(operation, api) {
  const details = make("details", {});
  details.append(make("summary", { textContent: "Answers" }));
  for (const [status, { description, content }] of Object.entries(operation.responses)) {
    const kinds = Object.keys(content ?? {}).join(", ");
    details.append(make("p", { textContent: `${status}: ${description}${kinds && ` (${kinds})`}` }));
    const schema = content?.["application/json"]?.schema;
    if (schema && status === "200") details.append(shape(api, schema, 0));
  }
  return details;
}

/** @param {Document} api @param {Schema} schema @returns {Schema} */
function resolved(api, schema) {
  const named = /^#\/components\/schemas\/(.+)$/.exec(schema.$ref ?? "");
  return named ? api.components.schemas[named[1]] : schema;
}

/**
 * The fields of an object, those of the objects in it too.
 *
 * @param {Document} api
 * @param {Schema} schema
 * @param {number} depth
 */
function shape(api, schema, depth) {
  const list = make("dl", { className: "shape" });
  const whole = schema.anyOf?.find(({ $ref }) => $ref) ?? schema; // or a list of these
  for (const [name, field] of Object.entries(resolved(api, whole).properties ?? {})) {
    const text = make("dd", { textContent: `${typeOf(field)}. ${field.description ?? ""}` });
    const inner = field.items ?? field;
    if (inner.$ref && depth < 2) text.append(shape(api, inner, depth + 1));
    list.append(make("dt", { textContent: name }), text);
  }
  return list;
}

/** @param {Schema} schema @returns {string} */
function typeOf({ type, anyOf, items, enum: words, $ref }) {
  if (anyOf) return anyOf.map(typeOf).join(" or ");
  if ($ref) return $ref.slice($ref.lastIndexOf("/") + 1);
  if (words) return words.join(", ");
  if (items) return `list of ${typeOf(items)}`;
  return type ?? "text";
}

/** @param {Document} api @param {Schema} schema */
function exampleOf(api, schema) {
  const example = resolved(api, schema).examples?.[0];
  return example === undefined ? "" : JSON.stringify(example, null, 2);
}

/** @param {Response} answer */
const kindOf = (answer) => (answer.headers.get("Content-Type") ?? "").split(";")[0];

/** @param {Response} answer */
async function textOf(answer) {
  const kind = kindOf(answer);
  if (kind.endsWith("parquet") || kind === "application/octet-stream") {
    return `${(await answer.blob()).size} bytes`;
  }
  const text = await answer.text();
  const shown = kind.endsWith("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}\n… ${shown.length} letters in all` : shown;
}

/** Paragraphs of a description, with its code and links. @param {string} text */
function paragraphs(text) {
  return text.trim().split(/\n\s*\n/).map((part) => {
    const paragraph = make("p", {});
    for (const piece of part.split(/(`+[^`]+`+|\[[^\]]+\]\([^)]+\))/)) {
      const link = /^\[([^\]]+)\]\((https:[^)]+)\)$/.exec(piece);
      if (link) paragraph.append(make("a", { href: link[2], textContent: link[1] }));
      else if (piece.startsWith("`")) {
        paragraph.append(make("code", { textContent: piece.replaceAll("`", "") }));
      } else paragraph.append(piece);
    }
    return paragraph;
  });
}

/** As one word of a shell. @param {string} word */
const quoted = (word) => (/^[\w@=:/.,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

async function main() {
  onTokenNeeded(askForToken);
  try {
    /** @type {Document} */
    const api = await (await request("openapi.json")).json();
    $("about").append(...paragraphs(api.info.description));
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        $("operations").append(new Trial(method, path, operation, api).element);
      }
    }
  } catch (error) {
    problem(/** @type {Error} */ (error).message);
  }
}

main();
