import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { longestSilence, longestStall } from "./stalls.ts";

const every = (ms: number, from: number, to: number) =>
  Array.from({ length: Math.floor((to - from) / ms) + 1 }, (_, i) => from + i * ms);
const span = { from: 0, to: 5_000 };
const steady = every(10, 0, 5_000);
const pausing = [...every(10, 0, 2_000), ...every(10, 3_200, 5_000)];

describe("the longest stall", () => {
  it("the longest stall is the longest gap between answers, including both ends", () => {
    assert.equal(longestStall(steady, steady, span), 10);
    assert.equal(longestStall(pausing, steady, span), 1_200);
    assert.equal(longestStall(every(10, 0, 3_000), steady, span), 2_000);
    assert.equal(longestStall([], steady, span), 5_000);
  });

  it("a stall of the whole machine is subtracted from the longest stall", () => {
    assert.equal(longestStall(pausing, pausing, span), 10);
    const shorter = [...every(10, 0, 2_000), ...every(10, 2_900, 5_000)];
    assert.equal(longestStall(pausing, shorter, span), 300);
  });
});

describe("the longest silence of the control", () => {
  it("the control's longest silence is its longest gap between answers", () => {
    assert.equal(longestSilence(steady, span), 0);
    assert.equal(longestSilence(pausing, span), 1_200);
  });
});
