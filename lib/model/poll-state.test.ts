import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pollState } from "./poll-state.ts";

describe("pollState", () => {
  const poll = { opensAtMs: 1_000, closesAtMs: 2_000, finalizedAtMs: null };

  it("pollState changes exactly at the opening and the closing time", () => {
    assert.equal(pollState({ ...poll, opensAtMs: null }, 1_500), "draft");
    assert.equal(pollState(poll, 999), "scheduled");
    assert.equal(pollState(poll, 1_000), "open");
    assert.equal(pollState(poll, 1_999), "open");
    assert.equal(pollState(poll, 2_000), "closing");
    assert.equal(pollState({ ...poll, finalizedAtMs: 2_500 }, 2_600), "final");
  });

  it("pollState stays open without a closing time", () => {
    assert.equal(pollState({ ...poll, closesAtMs: null }, Number.MAX_SAFE_INTEGER), "open");
  });
});
