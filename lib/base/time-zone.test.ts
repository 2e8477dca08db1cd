import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Settings } from "luxon";
import { formatLocalTime, parseLocalTime, sayTime } from "./time-zone.ts";

const zone = "Europe/Stockholm";
const seasons = [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)];
const { now } = Settings;

afterEach(() => {
  Settings.now = now;
});

describe("times in the newsroom's zone", () => {
  it("times in the newsroom's zone follow summer time", () => {
    assert.equal(parseLocalTime("2026-07-01T20:00", zone), Date.UTC(2026, 6, 1, 18));
    assert.equal(parseLocalTime("2026-11-22T20:00", zone), Date.UTC(2026, 10, 22, 19));
  });

  it("times in the newsroom's zone move forward from an hour that does not exist, and mean the first of one that exists twice", () => {
    for (const today of seasons) {
      Settings.now = () => today;
      assert.equal(parseLocalTime("2026-03-29T02:30", zone), Date.UTC(2026, 2, 29, 1, 30));
      assert.equal(parseLocalTime("2026-10-25T02:30", zone), Date.UTC(2026, 9, 25, 0, 30));
    }
  });

  it("times in the newsroom's zone are the same after formatting and parsing", () => {
    const ms = Date.UTC(2026, 10, 22, 19);
    assert.equal(parseLocalTime(formatLocalTime(ms, zone), zone), ms);
  });

  it("times in the newsroom's zone are undefined for texts that are no time", () => {
    assert.equal(parseLocalTime("tomorrow", zone), undefined);
    assert.equal(parseLocalTime("2026-02-30T10:00", zone), undefined);
  });

  it("times in the newsroom's zone are written with their zone", () => {
    assert.equal(sayTime(Date.UTC(2026, 10, 22, 19), zone), "Sun 22 Nov 2026, 20:00 CET");
  });
});
