import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { DateTime, Settings } from "luxon";
import {
  formatLocalTime,
  momentOfField,
  occurrenceOf,
  readLocalTime,
  sayOffset,
  sayTime,
} from "./time-zone.ts";

const zone = "Europe/Stockholm";
const seasons = [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)];
const { now } = Settings;

afterEach(() => {
  Settings.now = now;
});

const unchanged = (ms: number, timeZone: string) => ({
  text: formatLocalTime(ms, timeZone),
  occurrence: occurrenceOf(ms, timeZone),
  originalMs: ms,
});

/** The moments around which a zone's offset changes, found by looking at each hour. */
function transitionsOf(timeZone: string, fromYear: number, toYear: number): number[] {
  const found: number[] = [];
  const hourMs = 3_600_000;
  const offsetAt = (ms: number) => DateTime.fromMillis(ms, { zone: timeZone }).offset;
  let before = offsetAt(Date.UTC(fromYear, 0, 1));
  // By days first: a year has two changes at most in most zones.
  for (let day = Date.UTC(fromYear, 0, 1); day < Date.UTC(toYear, 0, 1); day += 24 * hourMs) {
    if (offsetAt(day + 24 * hourMs) === before) continue;
    let [low, high] = [day, day + 24 * hourMs];
    while (high - low > 60_000) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    found.push(high);
    before = offsetAt(day + 24 * hourMs);
  }
  return found;
}

const zones = [
  "Europe/Stockholm",
  "Europe/London",
  "Europe/Dublin",
  "America/New_York",
  "America/Sao_Paulo",
  "America/St_Johns",
  "Asia/Tehran",
  "Asia/Kathmandu",
  "Asia/Beirut",
  "Africa/Casablanca",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Antarctica/Troll",
  "UTC",
];

describe("times in the newsroom's zone", () => {
  it("times in the newsroom's zone follow summer time", () => {
    const ms = (text: string) => readLocalTime(text, zone);
    assert.deepEqual(ms("2026-07-01T20:00"), { kind: "once", ms: Date.UTC(2026, 6, 1, 18) });
    assert.deepEqual(ms("2026-11-22T20:00"), { kind: "once", ms: Date.UTC(2026, 10, 22, 19) });
  });

  it("times in the newsroom's zone that occur twice or never are said to, whatever the season is now", () => {
    for (const today of seasons) {
      Settings.now = () => today;
      assert.deepEqual(readLocalTime("2026-03-29T02:30", zone), {
        kind: "skipped",
        laterMs: Date.UTC(2026, 2, 29, 1, 30),
      });
      assert.deepEqual(readLocalTime("2026-10-25T02:30", zone), {
        kind: "twice",
        firstMs: Date.UTC(2026, 9, 25, 0, 30),
        secondMs: Date.UTC(2026, 9, 25, 1, 30),
      });
    }
  });

  it("times in the newsroom's zone are invalid for texts that are no time", () => {
    for (const text of ["tomorrow", "2026-02-30T10:00", "2026-11-22", "2026-11-22T20:00Z", ""]) {
      assert.deepEqual(readLocalTime(text, zone), { kind: "invalid" }, text);
    }
  });

  it("times in the newsroom's zone are written with their zone, and with seconds that are not 0", () => {
    assert.equal(sayTime(Date.UTC(2026, 10, 22, 19), zone), "Sun 22 Nov 2026, 20:00 CET");
    assert.equal(sayTime(Date.UTC(2026, 10, 22, 19, 0, 9), zone), "Sun 22 Nov 2026, 20:00:09 CET");
    assert.equal(sayOffset(Date.UTC(2026, 9, 25, 0, 30), zone), "CEST, UTC+2");
    assert.equal(sayOffset(Date.UTC(2026, 9, 25, 1, 30), zone), "CET, UTC+1");
  });
});

describe("momentOfField", () => {
  it("momentOfField keeps an unchanged moment to the millisecond: the second 02:30, and seconds", () => {
    for (const ms of [Date.UTC(2026, 9, 25, 1, 30), Date.UTC(2026, 10, 22, 19, 5, 30, 123)]) {
      assert.deepEqual(momentOfField(unchanged(ms, zone), zone), { ms });
      const withoutAnswer = { ...unchanged(ms, zone), occurrence: undefined };
      assert.deepEqual(momentOfField(withoutAnswer, zone), { ms });
    }
  });

  it("momentOfField asks which one of two equal times is meant, and takes the answer", () => {
    const text = "2026-10-25T02:30";
    const field = { text, occurrence: undefined, originalMs: null };
    assert.match(JSON.stringify(momentOfField(field, zone)), /occurs twice/);
    const first = Date.UTC(2026, 9, 25, 0, 30);
    const second = Date.UTC(2026, 9, 25, 1, 30);
    assert.deepEqual(momentOfField({ ...field, occurrence: "first" }, zone), { ms: first });
    assert.deepEqual(momentOfField({ ...field, occurrence: "second" }, zone), { ms: second });
    const moved = { text, occurrence: "first", originalMs: second } as const;
    assert.deepEqual(momentOfField(moved, zone), { ms: first });
  });

  it("momentOfField refuses a time that the clocks skip, and names one that exists", () => {
    const field = { text: "2026-03-29T02:30", occurrence: undefined, originalMs: null };
    assert.deepEqual(momentOfField(field, zone), {
      problem:
        "This time does not exist, because the clocks go forward. Enter another, such as Sun 29 Mar 2026, 03:30 CEST.",
    });
  });

  it("momentOfField gives back every moment around every change of the clocks, in zones of all kinds", () => {
    const minute = 60_000;
    let ambiguous = 0;
    for (const timeZone of zones) {
      for (const change of transitionsOf(timeZone, 2009, 2031)) {
        for (let offset = -150; offset <= 150; offset += 7.5) {
          const ms = change + offset * minute + 4_321;
          assert.deepEqual(momentOfField(unchanged(ms, timeZone), timeZone), { ms });
          // As a new field has it, without the moment itself: to the second.
          const typed = { ...unchanged(ms, timeZone), originalMs: null };
          const seconds = Math.floor(ms / 1_000) * 1_000;
          assert.deepEqual(momentOfField(typed, timeZone), { ms: seconds }, `${timeZone} ${ms}`);
          if (typed.occurrence) ambiguous += 1;
        }
      }
    }
    assert.ok(ambiguous > 1_000, `${ambiguous} ambiguous moments were tried`);
  });

  it("momentOfField takes no local time for a moment that reads otherwise", () => {
    for (const timeZone of zones) {
      for (const change of transitionsOf(timeZone, 2009, 2031)) {
        for (let offset = -150; offset <= 150; offset += 15) {
          const text = DateTime.fromMillis(change, { zone: timeZone })
            .setZone("UTC", { keepLocalTime: true })
            .plus({ minutes: offset })
            .toFormat("yyyy-MM-dd'T'HH:mm");
          const time = readLocalTime(text, timeZone);
          if (time.kind === "once") assert.equal(formatLocalTime(time.ms, timeZone), text);
        }
      }
    }
  });
});
