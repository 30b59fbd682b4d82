// @ts-check
/** The same answers as Python's, in Node: of recordings and answers that Python makes for this run. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { decode, Recognizer } from "../src/index.js";
import { identityOf, metadataOf } from "../src/modelFile.js";
import { compare, compareAdapted, streamed } from "./compare.js";

process.env.ORT_DISABLE_TELEMETRY = "1"; // it reports to its maker otherwise
const ort = await import("onnxruntime-node");

const made = process.env.INTONA_REFERENCE;
const folder = made ?? mkdtempSync(join(tmpdir(), "intona-js-"));
if (!made) {
  const script = fileURLToPath(new URL("reference.py", import.meta.url));
  try {
    execFileSync(process.env.PYTHON ?? "python", [script, folder], { stdio: "inherit" });
  } catch {
    console.error(
      "Python could not make the recordings to compare with: pip install . in the clone, or name " +
        "a Python that has intona, PYTHON=.../bin/python npm test",
    );
    process.exit(1);
  }
  after(() => rmSync(folder, { recursive: true }));
}
/** @type {import("./compare.js").Expected} */
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf-8"));
const open = (/** @type {string} */ name) => decode(pathToFileURL(join(folder, `${name}.wav`)));

// All models first: tests that are done while a file is still waiting would end with the folder.
/** @type {Record<string, Recognizer>} */
const models = {};
for (const [name, wanted] of Object.entries(expected.models)) {
  models[name] = await Recognizer.load(ort, pathToFileURL(wanted.path));
}

test("there are at least twenty recordings", () => {
  assert.ok(Object.keys(expected.rates).length >= 20);
});

test("a file that was changed is the model that Python says it is", async () => {
  const bytes = new Uint8Array(readFileSync(join(folder, "changed.onnx")));
  assert.deepEqual(await identityOf(bytes, metadataOf(bytes)), expected.changed);
});

for (const [name, wanted] of Object.entries(expected.models)) {
  const model = models[name];
  test(`${name} is the model that Python says it is`, () =>
    assert.deepEqual(model.identity, wanted.identity));
  for (const [recording, answers] of Object.entries(wanted.recordings)) {
    test(`${name} says of ${recording} what Python says`, async (t) => {
      const audio = await open(recording);
      assert.equal(audio.rate, expected.rates[recording]);
      /** @type {number[]} */
      const own = [];
      assert.deepEqual(await compare(model, answers, expected.merged, audio, own), []);
      const { emotion, status } = answers.clip;
      t.diagnostic(
        `${emotion ?? "-"}, ${status}; differs by ${Math.max(...own).toFixed(5)} at most`,
      );
    });
  }
  test(`${name} says of a stream what it says of its timeline`, async () => {
    const audio = await open("voice-2");
    const [row, ...more] = await streamed(model, audio, 4000);
    assert.deepEqual([row, more], [(await model.timeline(audio))[0], []]);
  });
  const { adapted } = wanted;
  if (!adapted) continue;
  test(`${name} is adapted as in Python`, async () => {
    const text = async (/** @type {string} */ kind) =>
      readFileSync(join(folder, `${kind}.json`), "utf-8");
    assert.deepEqual(await compareAdapted(model, adapted, open, text), []);
  });
}
