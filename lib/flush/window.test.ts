import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reachOf, type Window } from "./window.ts";

function window(last: number, missing: readonly number[]): Window {
  return {
    last,
    slots: [],
    copies: [],
    deadLetters: [],
    tombstones: new Set(),
    missing: new Set(missing),
  };
}

describe("reachOf", () => {
  it("reachOf goes to the last number when no slot is missing", () => {
    assert.equal(reachOf(window(12, []), 4), 12);
  });

  it("reachOf stops before the first missing slot", () => {
    assert.equal(reachOf(window(12, [9, 11]), 4), 8);
  });

  it("reachOf stays at the checkpoint when the slot after it is missing", () => {
    assert.equal(reachOf(window(12, [5]), 4), 4);
  });

  it("reachOf stays at the checkpoint when the window is empty", () => {
    assert.equal(reachOf(window(4, []), 4), 4);
  });
});
