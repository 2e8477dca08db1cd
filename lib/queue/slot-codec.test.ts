import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isFloodgateError } from "../base/errors.ts";
import { type Ballot, type Batch, ballotsPerSlotMax, revisionMax } from "../model/ballot.ts";
import type { BallotId, BatchId, PollId, VoterKey } from "../model/ids.ts";
import {
  decodeBatch,
  encodeBatch,
  encodedBallotBytes,
  slotBytesMax,
  tombstoneOf,
} from "./slot-codec.ts";

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(array => Buffer.from(array));

const anyChoices = fc.uint8Array({ maxLength: 100 });

/** What only a change has. */
const anyRevision = fc.oneof(
  fc.constant({ revision: 0 }),
  fc.record({ revision: fc.integer({ min: 1, max: revisionMax }), replaced: anyChoices }),
);

const anyFirst = fc.record({
  pollId: fc.integer({ min: 1, max: 0xffff_ffff }).map(n => n as PollId),
  voter: bytes(16).map(b => b.toString("hex") as VoterKey),
  ballotId: bytes(16).map(b => b.toString("hex") as BallotId),
  receivedAtMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  choices: anyChoices,
  kind: fc.constantFrom("choice", "ranked", "rating"),
  tallied: fc.boolean(),
});

const anyBallot: fc.Arbitrary<Ballot> = fc
  .tuple(anyFirst, anyRevision)
  .map(([ballot, revision]) => ({ ...ballot, ...revision }));

const anyBatch: fc.Arbitrary<Batch> = fc.record({
  id: bytes(12).map(b => b as BatchId),
  ballots: fc.array(anyBallot, { maxLength: 40 }),
  talliesDoubtful: fc.boolean(),
});

const plain = (batch: Batch | null) =>
  batch && {
    ...batch,
    id: batch.id.toString("hex"),
    ballots: batch.ballots.map(ballot => ({
      ...ballot,
      choices: [...ballot.choices],
      ...(ballot.replaced && { replaced: [...ballot.replaced] }),
    })),
  };

const isCorrupt = (error: unknown) => isFloodgateError(error, "slot_corrupt");

describe("slot codec", () => {
  it("gives back what was encoded", () => {
    fc.assert(
      fc.property(anyBatch, batch => {
        assert.deepEqual(plain(decodeBatch(encodeBatch(batch))), plain(batch));
      }),
    );
  });

  it("knows how many bytes a ballot takes", () => {
    fc.assert(
      fc.property(anyBallot, ballot => {
        const id = randomBytes(12) as BatchId;
        const size = (ballots: Ballot[]) =>
          encodeBatch({ id, ballots, talliesDoubtful: false }).length;
        assert.equal(size([ballot]) - size([]), encodedBallotBytes(ballot));
      }),
    );
  });

  it("fits a full slot of ordinary ballots into its limit", () => {
    const ballot = fc.sample(anyBallot, 1)[0];
    assert.ok(ballot);
    const one = { ...ballot, choices: Uint8Array.of(1, 2, 3) };
    const ballots = Array.from({ length: ballotsPerSlotMax }, () => one);
    const id = randomBytes(12) as BatchId;
    assert.ok(encodeBatch({ id, ballots, talliesDoubtful: false }).length < slotBytesMax);
  });

  it("refuses every damaged slot", () => {
    fc.assert(
      fc.property(anyBatch, fc.nat(), fc.integer({ min: 1, max: 255 }), (batch, at, flip) => {
        const damaged = encodeBatch(batch);
        const index = at % damaged.length;
        damaged[index] = (damaged[index] ?? 0) ^ flip;
        assert.throws(() => decodeBatch(damaged), isCorrupt);
      }),
    );
  });

  it("refuses every cut slot, and every other sequence of bytes", () => {
    fc.assert(
      fc.property(anyBatch, fc.nat(), (batch, length) => {
        const whole = encodeBatch(batch);
        assert.throws(() => decodeBatch(whole.subarray(0, length % whole.length)), isCorrupt);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), noise => {
        assert.throws(() => decodeBatch(Buffer.from(noise)), isCorrupt);
      }),
    );
  });

  it("says which version it does not know", () => {
    const other = encodeBatch({
      id: randomBytes(12) as BatchId,
      ballots: [],
      talliesDoubtful: false,
    });
    other[1] = 99;
    assert.throws(
      () => decodeBatch(other),
      error => isFloodgateError(error, "slot_corrupt") && /99/.test(error.detail ?? ""),
    );
  });

  it("knows a tombstone", () => {
    for (const bytes of [0, 60_000]) assert.equal(decodeBatch(tombstoneOf(bytes)), null);
  });

  it("refuses to write what could not be read", () => {
    const ballots: Ballot[] = [];
    const short = randomBytes(11) as BatchId;
    assert.throws(() => encodeBatch({ id: short, ballots, talliesDoubtful: false }), RangeError);
  });
});
