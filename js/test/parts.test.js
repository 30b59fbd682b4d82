// @ts-check
/** Parts that have right values of their own, without a model and without Python. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { audioOf, decode, resample, UsageError } from "../src/index.js";
import { checked } from "../src/audio.js";
import { halvesOf, roundEven, textOfHalves } from "../src/bytes.js";
import { narrowing } from "../src/labels.js";
import { sumOf } from "../src/graph.js";
import { rateOf } from "../src/headers.js";
import { metadataOf, withOpenInputs } from "../src/modelFile.js";
import { spread } from "../src/material.js";
import { Resampler } from "../src/resample.js";
import { regionsOf, speechOptions } from "../src/speech.js";
import { Stream } from "../src/stream.js";
import { timelineOptions } from "../src/windows.js";

const tone = (/** @type {number} */ hertz, /** @type {number} */ rate, seconds = 0.5) =>
  Float32Array.from({ length: rate * seconds }, (_, k) =>
    Math.sin((2 * Math.PI * hertz * k) / rate),
  );

test("a tone that both rates can carry is the same tone at another rate", () => {
  for (const rate of [8000, 11_025, 22_050, 44_100, 48_000, 47_999]) {
    const [found, wanted] = [resample(tone(1000, rate), rate, 16_000), tone(1000, 16_000)];
    assert.equal(found.length, Math.round((Math.floor(rate / 2) * 16_000) / rate));
    for (let k = 2000; k < 6000; k++)
      assert.ok(Math.abs(found[k] - wanted[k]) < 1e-3, `${rate} ${k}`);
  }
});

test("a tone above what 16 kHz can carry is gone", () => {
  const left = resample(tone(9000, 48_000), 48_000, 16_000).subarray(2000, 6000);
  assert.ok(Math.max(...left.map(Math.abs)) < 1e-5);
});

test("the cut into pieces makes no difference to a resampler", () => {
  const sound = tone(700, 44_100);
  const [resampler, parts] = [new Resampler(44_100, 16_000), /** @type {number[]} */ ([])];
  for (let at = 0; at < sound.length; at += 777)
    parts.push(...resampler.push(sound.subarray(at, at + 777)));
  parts.push(...resampler.flush());
  assert.deepEqual(Float32Array.from(parts), resample(sound, 44_100, 16_000));
});

test("half floats go into text and back", () => {
  const values = [0, 1, -1, 0.5, 65_504, 2 ** -24, -0.333251953125, 2 ** -14];
  assert.deepEqual([...halvesOf(textOfHalves(values))], values);
  assert.equal(textOfHalves([0.5, -1]), "ADgAvA=="); // as in Python
  assert.equal(halvesOf(textOfHalves([1 + 2 ** -11]))[0], 1); // a half, to even
});

test("halves are rounded to even", () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, -0.6].map(roundEven), [0, 2, 2, 2, -1]);
});

test("regions are those of Python's own example", () => {
  const chances = [0, 1, 0].flatMap((value) => new Array(31).fill(value));
  const [[begin, end], ...more] = regionsOf(chances, 93 * 0.032, speechOptions());
  assert.deepEqual([begin.toFixed(3), end.toFixed(3), more], ["0.892", "2.084", []]);
});

test("channels that cancel a louder one are left out", () => {
  const sound = tone(200, 16_000);
  const opposed = audioOf([sound.map((value) => value / 2), sound.map((value) => -value)], 16_000);
  assert.deepEqual(
    opposed.samples,
    sound.map((value) => 0 - value),
  );
  const alike = audioOf([sound, sound.map((value) => value / 2)], 16_000);
  assert.ok(Math.abs(alike.samples[20] - 0.75 * sound[20]) < 1e-7);
});

test("what is no sound is refused in a sentence", async () => {
  const wrong = Float32Array.of(...new Array(400).fill(0), NaN);
  assert.throws(() => audioOf([wrong], 16_000), /NaN or infinite/);
  assert.throws(() => audioOf([new Float32Array(20)], 16_000), /at least 10 ms/);
  assert.throws(() => audioOf([new Float32Array(400).fill(99)], 16_000), /full scale is 1/);
  await assert.rejects(decode(new Uint8Array()), /empty/);
  await assert.rejects(decode(new TextEncoder().encode("RIFF....WAVE")), /damaged or cut short/);
  await assert.rejects(
    decode(new TextEncoder().encode("OggS and more")),
    /only wav of plain numbers/,
  );
  await assert.rejects(decode("nowhere.wav"), /cannot read nowhere.wav: ENOENT/);
});

test("what is of another type is refused in a sentence", async () => {
  const sound = new Float32Array(400);
  assert.throws(() => audioOf(/** @type {any} */ (sound), 16_000), /a list of channels/);
  assert.throws(() => audioOf([sound, new Float32Array(500)], 16_000), /different lengths/);
  const mixed = /** @type {any} */ ([sound, new Int16Array(400)]);
  assert.throws(() => audioOf(mixed, 16_000), /Float32Array/);
  for (const wrong of [null, undefined, sound, "clip.wav", { samples: [0, 0.1], rate: 16_000 }]) {
    assert.throws(() => checked(/** @type {any} */ (wrong)), UsageError);
  }
  const text = /** @type {any} */ ({ samples: sound, rate: "16000" });
  assert.throws(() => checked(text), /a rate, in Hz/);
  const stream = new Stream(/** @type {any} */ (null), 16_000);
  const push = stream.push(/** @type {any} */ (new Int16Array(400)));
  await assert.rejects(push.next(), /Float32Array/);
});

test("an option that there is not is refused", () => {
  const windows = /** @type {any} */ ({ windows: 2 });
  assert.throws(() => timelineOptions(windows), /timeline options: there is no windows/);
  const speech = /** @type {any} */ ({ speech: { pad: 1 } });
  assert.throws(() => timelineOptions(speech), /speech options: there is no pad/);
  assert.equal(timelineOptions({ hop: 0.5, speech: { padding: 0.02 } }).speech.padding, 0.02);
});

test("the sum is numpy's to the last digit", () => {
  // k = np.arange(5003); ((k % 89) / 64 + (k % 7) * 1e-4).astype(np.float32).sum()
  const wave = Float32Array.from({ length: 5003 }, (_, k) => (k % 89) / 64 + (k % 7) * 1e-4);
  assert.equal(sumOf(wave), 3430.67236328125);
  assert.equal(sumOf(Float32Array.of(1, 2, 3)), 6);
});

test("headers tell the rate", () => {
  const flac = new Uint8Array(40);
  flac.set([0x66, 0x4c, 0x61, 0x43]);
  flac.set([0x0a, 0xc4, 0x42], 18); // 44,100 in 20 bits
  assert.equal(rateOf(flac), 44_100);
  assert.equal(rateOf(Uint8Array.of(0xff, 0xfb, 0x90, 0)), 44_100);
  assert.equal(rateOf(Uint8Array.of(0xff, 0xf3, 0x98, 0)), 16_000);
  assert.equal(rateOf(new Uint8Array(50)), null);
});

test("labels are merged and chosen as in Python", () => {
  const labels = ["neutral", "calm", "sad"];
  const found = narrowing(labels, null, "calm=neutral", [0.2, 0.2, 0.4]);
  assert.deepEqual(found, {
    labels: ["neutral", "sad"],
    matrix: [
      [2.5, 0],
      [2.5, 0],
      [0, 2.5],
    ],
  });
  assert.throws(() => narrowing(labels, "angry,sad", null, null), /angry not in the model/);
  assert.throws(() => narrowing(labels, "sad", null, null), /at least two/);
  assert.throws(() => narrowing(labels, null, "calm", null), /old=new/);
  assert.throws(
    () => narrowing(labels, "calm,sad", "calm=neutral", null),
    /is merged into neutral/,
  );
});

test("a list is thinned as in Python", () => {
  assert.deepEqual(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3), [0, 4, 8]);
});

test("what is no model file is refused in a sentence", () => {
  const field = (/** @type {number} */ number, /** @type {Uint8Array} */ content) =>
    Uint8Array.of((number << 3) | 2, content.length, ...content);
  const text = (/** @type {string} */ letters) => new TextEncoder().encode(letters);
  const said = (/** @type {object} */ content) =>
    field(
      14,
      Uint8Array.of(...field(1, text("intona")), ...field(2, text(JSON.stringify(content)))),
    );
  assert.throws(() => metadataOf(text("<!doctype html>")), /no ONNX file|cut short/);
  assert.throws(() => metadataOf(new Uint8Array()), /no model file made by intona/);
  assert.throws(() => metadataOf(said({ schema: 9 })), /newer intona/);
  assert.throws(
    () => metadataOf(said({ input: { kind: "front_end", rate: 16_000 } })),
    /takes features/,
  );
  const graph = Uint8Array.of(
    ...field(5, field(8, text("centre"))),
    ...field(5, field(8, text("other"))),
  );
  const found = withOpenInputs(field(7, graph));
  assert.deepEqual(found.inputs, ["centre"]);
  assert.deepEqual(found.bytes, field(7, field(5, field(8, text("other")))));
});
