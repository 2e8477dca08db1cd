import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotId, BatchId, PollId, PollKey, VoterKey } from "../model/ids.ts";
import type { TallyChange } from "../model/tally-sums.ts";
import type { Arrival } from "./fates.ts";
import { tallyCorrections } from "./tally-corrections.ts";

const poll = 7 as PollId;
const key = "18446744073709551615" as PollKey;

/** By the poll's number (totals) or by its poll key (tallies). */
type Changes = ReadonlyMap<PollId | PollKey, TallyChange>;

const votes = (changes: Changes, option: number) =>
  (changes.get(poll) ?? changes.get(key))?.votes.get(option as never) ?? 0;

function arrival(voter: number, change: Partial<Arrival["ballot"]> = {}): Arrival {
  return {
    slot: voter,
    batchId: Buffer.alloc(12) as BatchId,
    ballot: {
      pollId: poll,
      pollKey: key,
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

describe("tallyCorrections by fate", () => {
  const cases: readonly ["counted" | "duplicate" | "redelivered", boolean, number, number][] = [
    ["counted", true, 1, 0],
    ["counted", false, 1, 1],
    ["duplicate", true, 0, -1],
    ["duplicate", false, 0, 0],
    ["redelivered", true, 0, -1],
    ["redelivered", false, 0, 0],
  ];
  for (const [fate, tallied, counted, correction] of cases) {
    it(`a ${fate} ballot that was ${tallied ? "" : "not "}tallied changes totals by ${counted} and tallies by ${correction}`, () => {
      const { totals, corrections } = tallyCorrections([arrival(1, { tallied })], () => ({ fate }));
      assert.equal(totals.get(poll)?.ballots ?? 0, counted);
      assert.equal(totals.get(poll)?.votes.get(2 as never) ?? 0, counted);
      assert.equal(totals.get(poll)?.duplicates ?? 0, fate === "duplicate" ? 1 : 0);
      assert.equal(corrections.get(key)?.ballots ?? 0, correction);
    });
  }
});

describe("tallyCorrections of an earlier ballot that arrives late", () => {
  it("tallyCorrections of an earlier ballot that arrives late moves totals and tallies from the other ballot to it", () => {
    const { totals, corrections } = tallyCorrections([arrival(1)], () => ({
      fate: "earlier",
      instead: Uint8Array.of(3),
    }));
    assert.equal(totals.get(poll)?.ballots, 0);
    assert.equal(totals.get(poll)?.duplicates, 1);
    assert.deepEqual([votes(totals, 2), votes(totals, 3)], [1, -1]);
    assert.equal(corrections.get(key)?.ballots, -1);
    assert.deepEqual([votes(corrections, 2), votes(corrections, 3)], [0, -1]);
  });
});

describe("tallyCorrections of a change", () => {
  const change = (more: Partial<Arrival["ballot"]> = {}) =>
    arrival(1, { revision: 1, replaced: Uint8Array.of(3), ...more });

  it("tallyCorrections of a change corrects nothing when the tallies gave up what it replaces", () => {
    const { totals, corrections, replaced } = tallyCorrections([change()], () => ({
      fate: "change",
      instead: Uint8Array.of(3),
    }));
    assert.deepEqual([votes(totals, 2), votes(totals, 3)], [1, -1]);
    assert.deepEqual([totals.get(poll)?.ballots, totals.get(poll)?.replaced, replaced], [0, 1, 1]);
    assert.equal(corrections.size, 0);
  });

  it("tallyCorrections of a change corrects the difference when it replaces another ballot than the tallies gave up", () => {
    const { corrections } = tallyCorrections([change()], () => ({
      fate: "change",
      instead: Uint8Array.of(1),
    }));
    assert.deepEqual(
      [1, 2, 3].map(option => votes(corrections, option)),
      [-1, 0, 1],
    );
    assert.equal(corrections.get(key)?.ballots, 0);
  });

  it("tallyCorrections of a change gives the tallies back what it replaces while that has not arrived", () => {
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

  it("tallyCorrections of a change takes a withdrawn ballot off the totals until its voter votes again", () => {
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

describe("tallyCorrections of ballots that are set aside", () => {
  const setAside = (change: Partial<Arrival["ballot"]> = {}) =>
    tallyCorrections([], () => ({ fate: "counted" }), { setAside: [arrival(1, change).ballot] });

  it("tallyCorrections of a ballot that is set aside counts it as set aside and takes it off the tallies", () => {
    const { totals, corrections } = setAside();
    assert.deepEqual([totals.get(poll)?.setAside, totals.get(poll)?.ballots], [1, 0]);
    assert.deepEqual([corrections.get(key)?.ballots, votes(corrections, 2)], [-1, -1]);
  });

  it("tallyCorrections of a ballot that is set aside and moved no tally corrects nothing", () => {
    const { totals, corrections } = setAside({ tallied: false });
    assert.equal(totals.get(poll)?.setAside, 1);
    assert.equal(corrections.size, 0);
  });

  it("tallyCorrections of a change that is set aside gives the tallies back what it replaced", () => {
    const { corrections } = setAside({ revision: 1, replaced: Uint8Array.of(3) });
    assert.deepEqual([votes(corrections, 2), votes(corrections, 3)], [-1, 1]);
    assert.equal(corrections.get(key)?.ballots, 0);
  });

  it("tallyCorrections of a withdrawal that is set aside gives the tallies back the ballot", () => {
    const withdrawal = { revision: 1, choices: Uint8Array.of(), replaced: Uint8Array.of(3) };
    const { corrections } = setAside(withdrawal);
    assert.deepEqual([corrections.get(key)?.ballots, votes(corrections, 3)], [1, 1]);
  });

  it("tallyCorrections of a ballot that comes out of a dead letter takes it off those set aside and counts it", () => {
    const one = arrival(1, { tallied: false });
    const { totals, corrections } = tallyCorrections([one], () => ({ fate: "counted" }), {
      wasSetAside: [one.ballot],
    });
    assert.deepEqual([totals.get(poll)?.setAside, totals.get(poll)?.ballots], [-1, 1]);
    assert.deepEqual([corrections.get(key)?.ballots, votes(corrections, 2)], [1, 1]);
  });
});
