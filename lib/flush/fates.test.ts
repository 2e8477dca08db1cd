import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotId, BatchId, PollId, VoterKey } from "../model/ids.ts";
import type { TallyChange } from "../model/tally-sums.ts";
import { type Arrival, bestOfEachVoter, refusalOf, tallyCorrections } from "./fates.ts";

const poll = 7 as PollId;
const polls = new Map([
  [poll, { final: false, closesAtMs: null, kind: "choice" as const, options: new Set([1, 2, 3]) }],
]);

function arrival(voter: number, change: Partial<Arrival["ballot"]> = {}): Arrival {
  return {
    slot: voter,
    batchId: Buffer.alloc(12) as BatchId,
    ballot: {
      pollId: poll,
      voter: Buffer.alloc(16, voter).toString("hex") as VoterKey,
      ballotId: "3f0b6a529c1e4c558a8e0d6f3c1f2b7a" as BallotId,
      receivedAtMs: 1_795_000_000_000,
      revision: 0,
      choices: Uint8Array.of(2),
      kind: "choice",
      tallied: true,
      ...change,
    },
  };
}

describe("ballots that can never count", () => {
  const reason = (change: Partial<Arrival["ballot"]>) =>
    refusalOf(arrival(1, change).ballot, polls);

  it("are named with the reason", () => {
    assert.equal(reason({}), undefined);
    assert.equal(reason({ pollId: 8 as PollId }), "the poll does not exist");
    assert.equal(reason({ choices: Uint8Array.of(4) }), "an option is not of this poll");
    assert.equal(reason({ choices: Uint8Array.of(2, 2) }), "a choice is repeated");
    assert.equal(reason({ choices: Uint8Array.of() }), "no choice");
    assert.equal(reason({ choices: Uint8Array.of(), revision: 1 }), undefined, "a withdrawal");
    assert.equal(reason({ receivedAtMs: 2 ** 47 }), "an impossible time");
    const final = new Map([
      [
        poll,
        { final: true, closesAtMs: null, kind: "choice" as const, options: new Set([1, 2, 3]) },
      ],
    ]);
    assert.equal(refusalOf(arrival(1).ballot, final), "the poll's result was final");
  });
});

describe("summing up", () => {
  const cases: readonly ["counted" | "duplicate" | "redelivered", boolean, number, number][] = [
    ["counted", true, 1, 0],
    ["counted", false, 1, 1],
    ["duplicate", true, 0, -1],
    ["duplicate", false, 0, 0],
    ["redelivered", true, 0, -1],
    ["redelivered", false, 0, 0],
  ];
  for (const [fate, tallied, counted, correction] of cases) {
    it(`${fate}, ${tallied ? "tallied" : "not tallied"}: totals ${counted}, tallies ${correction}`, () => {
      const { totals, corrections } = tallyCorrections([arrival(1, { tallied })], () => ({ fate }));
      assert.equal(totals.get(poll)?.ballots ?? 0, counted);
      assert.equal(totals.get(poll)?.votes.get(2 as never) ?? 0, counted);
      assert.equal(totals.get(poll)?.duplicates ?? 0, fate === "duplicate" ? 1 : 0);
      assert.equal(corrections.get(poll)?.ballots ?? 0, correction);
    });
  }
});

describe("an earlier ballot that comes late", () => {
  it("takes the other's place in totals and tallies", () => {
    const { totals, corrections } = tallyCorrections([arrival(1)], () => ({
      fate: "earlier",
      instead: Uint8Array.of(3),
    }));
    const votes = (changes: typeof totals | typeof corrections, option: number) =>
      changes.get(poll)?.votes.get(option as never) ?? 0;
    assert.equal(totals.get(poll)?.ballots, 0);
    assert.equal(totals.get(poll)?.duplicates, 1);
    assert.deepEqual([votes(totals, 2), votes(totals, 3)], [1, -1]);
    assert.equal(corrections.get(poll)?.ballots, -1);
    assert.deepEqual([votes(corrections, 2), votes(corrections, 3)], [0, -1]);
  });
});

describe("a change", () => {
  const votes = (changes: ReadonlyMap<PollId, TallyChange>, option: number) =>
    changes.get(poll)?.votes.get(option as never) ?? 0;
  const change = (more: Partial<Arrival["ballot"]> = {}) =>
    arrival(1, { revision: 1, replaced: Uint8Array.of(3), ...more });

  it("takes the place of what it replaces, and the tallies knew", () => {
    const { totals, corrections, replaced } = tallyCorrections([change()], () => ({
      fate: "change",
      instead: Uint8Array.of(3),
    }));
    assert.deepEqual([votes(totals, 2), votes(totals, 3)], [1, -1]);
    assert.deepEqual([totals.get(poll)?.ballots, totals.get(poll)?.replaced, replaced], [0, 1, 1]);
    assert.equal(corrections.size, 0);
  });

  it("that finds another ballot than the tallies gave up for it corrects them by the difference", () => {
    const { corrections } = tallyCorrections([change()], () => ({
      fate: "change",
      instead: Uint8Array.of(1),
    }));
    assert.deepEqual(
      [1, 2, 3].map(option => votes(corrections, option)),
      [-1, 0, 1],
    );
    assert.equal(corrections.get(poll)?.ballots, 0);
  });

  it("that comes before what it replaces gives that back to the tallies, until it comes", () => {
    const early = tallyCorrections([change()], () => ({ fate: "counted" }));
    assert.deepEqual(
      [2, 3].map(option => votes(early.corrections, option)),
      [0, 1],
    );
    const late = tallyCorrections([arrival(1, { choices: Uint8Array.of(3) })], () => ({
      fate: "replaced",
    }));
    assert.deepEqual(
      [2, 3].map(option => votes(late.corrections, option)),
      [0, -1],
    );
    assert.equal(late.totals.get(poll)?.replaced, 1);
  });

  it("to nothing is a withdrawal: no ballot, until its voter votes again", () => {
    const nothing = Uint8Array.of();
    const { totals, corrections } = tallyCorrections([change({ choices: nothing })], () => ({
      fate: "change",
      instead: Uint8Array.of(3),
    }));
    const { ballots, withdrawn, replaced } = totals.get(poll) ?? {};
    assert.deepEqual({ ballots, withdrawn, replaced }, { ballots: -1, withdrawn: 1, replaced: 1 });
    assert.equal(corrections.size, 0);
    const again = tallyCorrections([change({ revision: 2, replaced: nothing })], () => ({
      fate: "change",
      instead: nothing,
    }));
    assert.equal(again.totals.get(poll)?.ballots, 1);
    assert.equal(again.totals.get(poll)?.withdrawn, -1);
    assert.equal(again.corrections.size, 0);
  });
});

describe("the best of each voter", () => {
  it("is of the highest revision, whenever it came", () => {
    const late = arrival(1, { receivedAtMs: 1_795_000_000_009 });
    const second = arrival(1, { revision: 2 });
    const third = arrival(1, { revision: 3, receivedAtMs: 1_794_000_000_000 });
    assert.deepEqual(bestOfEachVoter([second, third, late]), [third]);
  });

  it("is the earliest of a revision, in the order of the table", () => {
    const late = 1_795_000_000_001;
    const [second, first, again] = [arrival(2, { receivedAtMs: late }), arrival(1), arrival(2)];
    assert.deepEqual(bestOfEachVoter([second, first, again]), [first, again]);
  });
});
