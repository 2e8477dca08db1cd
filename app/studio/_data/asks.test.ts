import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Poll } from "#lib/model/poll.ts";
import { defaultRules, resultsToValues } from "#lib/model/poll-rules.ts";
import {
  askToClose,
  askToOpen,
  askToRemove,
  askToSchedule,
  askToShow,
  isConfirmed,
} from "./asks.ts";

const zone = "Europe/Stockholm";
const nowMs = Date.UTC(2026, 10, 22, 19);
const hourMs = 3_600_000;

const open = {
  ...defaultRules,
  slug: "harbour",
  opensAtMs: nowMs - hourMs,
  closesAtMs: null,
  finalizedAtMs: null,
} as unknown as Poll;
const final: Poll = { ...open, closesAtMs: nowMs - 1, finalizedAtMs: nowMs - 1 };

describe("questions before acts that can't be taken back", () => {
  it("questions before acts say when a poll opens and closes", () => {
    const times = { opensAtMs: nowMs + hourMs, closesAtMs: nowMs + 2 * hourMs };
    assert.match(
      askToSchedule(times, zone).consequence,
      /opens by itself on Sun 22 Nov 2026, 21:00/,
    );
    const ignored = askToOpen(times, nowMs, zone).consequence;
    assert.match(ignored, /does not wait for the opening time, Sun 22 Nov 2026, 21:00 CET/);
    assert.match(ignored, /It closes Sun 22 Nov 2026, 22:00 CET\./);
    const passed = askToOpen({ opensAtMs: nowMs, closesAtMs: null }, nowMs, zone).consequence;
    assert.match(passed, /has passed, so it opens now\..*until an editor closes it\./);
  });

  it("questions before acts say that closing shows results to everyone, if it does", () => {
    for (const resultsTo of resultsToValues) {
      const { consequence } = askToClose({ ...open, resultsTo }, nowMs);
      const shows = resultsTo === "voters" || resultsTo === "after_close";
      assert.equal(/Everyone can see the results/.test(consequence), shows, resultsTo);
    }
  });

  it("questions before acts want a final poll's address typed before it is deleted, and no other's", () => {
    const ask = askToRemove(final, 1_234);
    assert.match(ask.consequence, /1,234 votes, their receipts and the final result/);
    const form = (fields: Record<string, string>) => {
      const data = new FormData();
      for (const [name, value] of Object.entries(fields)) data.set(name, value);
      return data;
    };
    const confirmed = ask.consequence;
    assert.equal(isConfirmed(form({ confirmed }), ask), false);
    assert.equal(isConfirmed(form({ confirmed, typedText: "harbor" }), ask), false);
    assert.equal(isConfirmed(form({ typedText: "harbour" }), ask), false);
    assert.equal(isConfirmed(form({ confirmed, typedText: " Harbour " }), ask), true);
    const later = askToRemove(final, 1_235);
    assert.equal(isConfirmed(form({ confirmed, typedText: "harbour" }), later), false);
    assert.equal(askToRemove({ ...open, opensAtMs: null }, 0).typeText, undefined);
  });

  it("questions before acts come with every rule that shows results to more people or sooner, and with no other", () => {
    const widening = [
      ["nobody", "staff voters after_close from_date everyone"],
      ["staff", "voters after_close from_date everyone"],
      ["after_close", "voters from_date everyone"],
      ["from_date", "voters after_close everyone"],
      ["voters", "from_date everyone"],
      ["everyone", ""],
    ] as const;
    const resultsFromMs = nowMs + hourMs;
    for (const [before, wider] of widening) {
      for (const after of resultsToValues) {
        const from = { ...open, resultsTo: before, resultsFromMs };
        const asked = askToShow(from, { ...from, resultsTo: after }, nowMs) !== undefined;
        assert.equal(asked, wider.split(" ").includes(after), `${before} to ${after}`);
      }
    }
  });

  it("questions before acts come with an earlier date for results, and with more numbers", () => {
    const dated = { ...open, resultsTo: "from_date", resultsFromMs: nowMs + 2 * hourMs } as const;
    const sooner = { ...dated, resultsFromMs: nowMs + hourMs };
    assert.ok(askToShow(dated, sooner, nowMs));
    assert.equal(askToShow(sooner, dated, nowMs), undefined);
    const shares = { ...open, resultsAs: "percentages" } as const;
    assert.ok(askToShow(shares, { ...shares, resultsAs: "counts" }, nowMs));
    assert.equal(askToShow(open, { ...open, resultsAs: "percentages" }, nowMs), undefined);
    const draft = { ...open, opensAtMs: null, resultsTo: "staff" } as const;
    assert.equal(askToShow(draft, { ...draft, resultsTo: "everyone" }, nowMs), undefined);
  });
});
