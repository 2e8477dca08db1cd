/** The checker finds what is planted, and nothing else. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Books, check, isClean, type StoredRow } from "./checker.ts";
import type { HistoryEvent } from "./history.ts";

let clock = 0;

function event(
  type: HistoryEvent["type"],
  voter: number,
  ballot: string,
  choice = "1",
): HistoryEvent {
  return { atMs: ++clock, type, poll: "p", voter, ballot, choice };
}

const cast = (voter: number, ballot: string, answer: "ok" | "fail" | "info", choice = "1") => [
  event("invoke", voter, ballot, choice),
  event(answer, voter, ballot, choice),
];

const row = (ballot: string, choice = "1"): StoredRow => ({ poll: "p", ballot, choice });

function books(rows: readonly StoredRow[], change: Partial<Books> = {}): Books {
  const sums = {
    ballots: rows.length,
    votes: Object.fromEntries(
      ["1", "2"].map(option => [option, rows.filter(r => r.choice === option).length]),
    ),
  };
  return {
    rows,
    totals: { p: sums },
    tallies: { p: sums },
    votersTwice: 0,
    slotsLeft: 0,
    ...change,
  };
}

describe("checker", () => {
  it("the checker accepts a history of acknowledged, recovered, refused and never stored ballots", () => {
    const events = [
      ...cast(1, "a", "ok"),
      ...cast(2, "b", "info"),
      ...cast(3, "c", "info"),
      ...cast(4, "d", "fail"),
    ];
    const verdict = check(events, books([row("a"), row("b")]));
    assert.ok(isClean(verdict));
    assert.deepEqual(
      [verdict.attempted, verdict.acknowledged, verdict.recovered, verdict.doubleCounted],
      [4, 1, 1, 0],
    );
  });

  it("the checker finds a lost ballot", () => {
    const verdict = check([...cast(1, "a", "ok"), ...cast(2, "b", "ok")], books([row("a")]));
    assert.deepEqual(verdict.lost, ["p 2"]);
  });

  it("the checker does not report a second ballot as lost when its voter has a row", () => {
    const events = [...cast(1, "a", "ok"), ...cast(1, "b", "ok", "2")];
    assert.ok(isClean(check(events, books([row("a")]))));
  });

  it("the checker finds a second ballot that replaced an acknowledged first one", () => {
    const events = [...cast(1, "a", "ok"), ...cast(1, "b", "ok", "2")];
    assert.deepEqual(check(events, books([row("b", "2")])).displaced, ["p 1"]);
  });

  it("the checker accepts either of two concurrent ballots of one voter", () => {
    const events = [
      event("invoke", 1, "a"),
      event("invoke", 1, "b", "2"),
      event("ok", 1, "a"),
      event("ok", 1, "b", "2"),
    ];
    assert.ok(isClean(check(events, books([row("b", "2")]))));
    assert.ok(isClean(check(events, books([row("a")]))));
  });

  it("the checker finds a voter who was refused as having voted and has no row", () => {
    const refused = { ...event("fail", 1, "a"), status: 409 };
    assert.deepEqual(check([event("invoke", 1, "a"), refused], books([])).contradicted, ["p 1"]);
    assert.ok(isClean(check([event("invoke", 1, "a"), refused], books([row("a")]))));
  });

  it("the checker finds a repeated ballot that was acknowledged once and refused once", () => {
    const events = [...cast(1, "a", "ok"), { ...event("fail", 1, "a"), status: 409 }];
    assert.deepEqual(check(events, books([row("a")])).contradicted, ["p 1"]);
    const another = [...cast(1, "a", "ok"), { ...event("fail", 1, "b"), status: 409 }];
    assert.ok(isClean(check(another, books([row("a")]))));
  });

  it("the checker finds two rows of one voter, by the history or by the voter key", () => {
    const events = [...cast(1, "a", "ok"), ...cast(1, "b", "fail")];
    const verdict = check(events, books([row("a"), row("b")]));
    assert.deepEqual(verdict.duplicated, ["p 1"]);
    assert.equal(verdict.doubleCounted, 1);
    assert.equal(check(cast(1, "a", "ok"), books([row("a")], { votersTwice: 1 })).doubleCounted, 1);
  });

  it("the checker finds rows that were never sent and rows with another choice", () => {
    assert.equal(check(cast(1, "a", "ok"), books([row("a"), row("x")])).unexpected.length, 1);
    assert.equal(check(cast(1, "a", "ok"), books([row("a", "2")])).unexpected.length, 1);
  });

  it("the checker reports totals and tallies that are too high as double counts", () => {
    const high = { p: { ballots: 3, votes: { "1": 3, "2": 0 } } };
    for (const change of [{ totals: high }, { tallies: high }]) {
      const verdict = check(cast(1, "a", "ok"), books([row("a")], change));
      assert.equal(verdict.doubleCounted, 2);
      assert.equal(verdict.inexact.length, 2);
    }
  });

  it("the checker finds tallies that are too low and slots that were left behind", () => {
    const low = { p: { ballots: 0, votes: { "1": 0, "2": 0 } } };
    const verdict = check(cast(1, "a", "ok"), books([row("a")], { tallies: low, slotsLeft: 2 }));
    assert.ok(!isClean(verdict));
    assert.equal(verdict.doubleCounted, 0);
    assert.equal(verdict.inexact.length, 3);
  });
});
