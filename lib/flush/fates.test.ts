import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotId, BatchId, PollId, PollKey, VoterKey } from "../model/ids.ts";
import type { LockedPoll } from "../store/locked-polls.ts";
import {
  type Arrival,
  ballotRow,
  bestOfEachVoter,
  fateAgainst,
  isBallotOf,
  permanentRefusal,
} from "./fates.ts";

const poll = 7 as PollId;
const locked: LockedPoll = {
  key: "7" as PollKey,
  createdAtMs: 0,
  final: false,
  closesAtMs: null,
  kind: "choice",
  options: new Set([1, 2, 3]),
};
const polls = new Map([[poll, locked]]);

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

describe("permanentRefusal", () => {
  const reason = (change: Partial<Arrival["ballot"]>) =>
    permanentRefusal(arrival(1, change).ballot, polls);

  it("permanentRefusal gives the reason why a ballot can never count", () => {
    assert.equal(reason({}), undefined);
    assert.equal(reason({ pollId: 8 as PollId }), "the poll does not exist");
    assert.equal(reason({ choices: Uint8Array.of(4) }), "an option is not of this poll");
    assert.equal(reason({ choices: Uint8Array.of(2, 2) }), "a choice is repeated");
    assert.equal(reason({ choices: Uint8Array.of() }), "it has no choices");
    assert.equal(reason({ choices: Uint8Array.of(), revision: 1 }), undefined, "a withdrawal");
    assert.equal(reason({ receivedAtMs: 2 ** 47 }), "its time is after the year 2200");
    const final = new Map([[poll, { ...locked, final: true }]]);
    assert.equal(permanentRefusal(arrival(1).ballot, final), "the poll's result was final");
  });
});

describe("isBallotOf", () => {
  const keyed = {
    ...locked,
    key: "18446744073709551615" as PollKey,
    createdAtMs: 1_795_000_000_000,
  };
  const isOf = (change: Partial<Arrival["ballot"]>, of: LockedPoll) =>
    isBallotOf(arrival(1, change).ballot, of);

  it("isBallotOf compares the poll key, not the number", () => {
    assert.ok(isOf({ pollKey: keyed.key }, keyed));
    assert.ok(!isOf({ pollKey: "18446744073709551614" as PollKey }, keyed));
    assert.ok(!isOf({ pollKey: "7" as PollKey }, keyed), "a poll that release 0.2.0 made");
    assert.ok(isOf({ pollKey: "7" as PollKey }, locked));
    assert.ok(!isOf({ pollKey: keyed.key }, locked));
  });

  it("isBallotOf refuses a ballot that release 0.2.0 accepted before the poll was made", () => {
    const before = { receivedAtMs: keyed.createdAtMs - 61_000 };
    assert.ok(isOf({}, keyed));
    assert.ok(isOf(before, locked));
    assert.ok(!isOf(before, keyed));
  });

  it("permanentRefusal names the poll of a ballot whose number is another poll's now", () => {
    const reason = permanentRefusal(
      arrival(1, { pollKey: "99999999999999999" as PollKey }).ballot,
      new Map([[poll, keyed]]),
    );
    assert.equal(
      reason,
      "its poll 99999999999999999 does not exist: number 7 is another poll's now",
    );
  });
});

describe("fateAgainst", () => {
  const receivedAtMs = 1_795_000_000_000;
  const otherId = "9f0b6a529c1e4c558a8e0d6f3c1f2b7a" as BallotId;
  const standing = ballotRow(arrival(1, { receivedAtMs, choices: Uint8Array.of(3) }));
  const fateOf = (change: Partial<Arrival["ballot"]>, accepted = true) =>
    fateAgainst(ballotRow(arrival(1, change)), standing, accepted);
  const instead = Uint8Array.of(3);

  it("fateAgainst calls a ballot with the same id and revision redelivered", () => {
    assert.deepEqual(fateOf({}), { fate: "redelivered", standing });
  });

  it("fateAgainst puts a ballot of a higher revision in the place of the one that stands", () => {
    assert.deepEqual(fateOf({ revision: 1 }), { fate: "change", instead });
    assert.deepEqual(fateOf({ revision: 1 }, false), { fate: "change", instead });
  });

  it("fateAgainst calls another ballot of the same revision a duplicate when it was received later", () => {
    const later = { ballotId: otherId, receivedAtMs: receivedAtMs + 1 };
    assert.deepEqual(fateOf(later), { fate: "duplicate", standing });
  });

  it("fateAgainst prefers the earlier of two ballots of one revision only when the earlier was accepted", () => {
    const earlier = { ballotId: otherId, receivedAtMs: receivedAtMs - 1 };
    assert.deepEqual(fateOf(earlier), { fate: "earlier", instead });
    assert.deepEqual(fateOf(earlier, false), { fate: "duplicate", standing });
  });

  it("fateAgainst calls a ballot replaced when a higher revision stands", () => {
    const higher = ballotRow(arrival(1, { revision: 2 }));
    const row = ballotRow(arrival(1, { revision: 1 }));
    assert.deepEqual(fateAgainst(row, higher, true), { fate: "replaced", standing: higher });
  });
});

describe("bestOfEachVoter", () => {
  it("bestOfEachVoter prefers the highest revision, whatever the time", () => {
    const late = arrival(1, { receivedAtMs: 1_795_000_000_009 });
    const second = arrival(1, { revision: 2 });
    const third = arrival(1, { revision: 3, receivedAtMs: 1_794_000_000_000 });
    assert.deepEqual(bestOfEachVoter([second, third, late]), [third]);
  });

  it("bestOfEachVoter prefers the earliest ballot of a revision, and sorts by the key of the table", () => {
    const late = 1_795_000_000_001;
    const [second, first, again] = [arrival(2, { receivedAtMs: late }), arrival(1), arrival(2)];
    assert.deepEqual(bestOfEachVoter([second, first, again]), [first, again]);
  });
});
