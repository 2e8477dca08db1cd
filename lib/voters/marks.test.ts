import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DAY } from "../base/clock.ts";
import { markTtlSeconds } from "./marks.ts";

const now = Date.UTC(2026, 10, 22);
const daysOf = (closesAtMs: number | null) => markTtlSeconds({ closesAtMs }, now) / 86_400;

describe("markTtlSeconds", () => {
  it("a mark lasts a day longer than the poll", () => {
    assert.equal(daysOf(now + 3 * DAY), 4);
  });

  it("a mark lasts a day for a poll that has closed, because ballots may still be on their way", () => {
    assert.equal(daysOf(now - 90 * DAY), 1);
  });

  it("a mark lasts 30 days at most, and for a poll without a closing time", () => {
    assert.equal(daysOf(now + 300 * DAY), 30);
    assert.equal(daysOf(null), 30);
  });

  it("markTtlSeconds is a whole number of seconds", () => {
    assert.equal(markTtlSeconds({ closesAtMs: now + 2 * DAY + 1 }, now), 3 * 86_400 + 1);
  });
});
