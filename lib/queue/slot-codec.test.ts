import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
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

/** The fields of a change. */
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

const comparable = (batch: Batch | null) =>
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

/** Changes one byte of a batch with one ballot, and makes the checksum right again. */
function patched(ballot: Ballot, index: number, value: number): Buffer {
  const slot = encodeBatch(batchOf([ballot]));
  slot[index] = value;
  const end = slot.length - 4;
  slot.writeUInt32BE(crc32(slot.subarray(0, end)), end);
  return slot;
}

const batchOf = (ballots: Ballot[]): Batch => ({
  id: randomBytes(12) as BatchId,
  ballots,
  talliesDoubtful: false,
});

describe("decodeBatch", () => {
  it("decodeBatch returns the batch that was encoded", () => {
    fc.assert(
      fc.property(anyBatch, batch => {
        assert.deepEqual(comparable(decodeBatch(encodeBatch(batch))), comparable(batch));
      }),
    );
  });

  it("decodeBatch refuses every slot in which one byte is damaged", () => {
    fc.assert(
      fc.property(anyBatch, fc.nat(), fc.integer({ min: 1, max: 255 }), (batch, at, flip) => {
        const damaged = encodeBatch(batch);
        const index = at % damaged.length;
        damaged[index] = (damaged[index] ?? 0) ^ flip;
        assert.throws(() => decodeBatch(damaged), isCorrupt);
      }),
    );
  });

  it("decodeBatch refuses every truncated slot and all other sequences of bytes", () => {
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

  it("decodeBatch refuses an unknown version and names it", () => {
    const [ballot] = fc.sample(anyBallot, 1);
    assert.ok(ballot);
    for (const version of [0, 2, 3, 99]) {
      assert.throws(
        () => decodeBatch(patched(ballot, 1, version)),
        error =>
          isFloodgateError(error, "slot_corrupt") &&
          error.detail === `version ${version} is unknown`,
      );
    }
  });

  it("decodeBatch refuses unknown flags of a slot and of a ballot", () => {
    const [ballot] = fc.sample(anyBallot, 1);
    assert.ok(ballot);
    assert.throws(() => decodeBatch(patched(ballot, 2, 0x02)), /unknown flags of a slot/);
    assert.throws(() => decodeBatch(patched(ballot, 23 + 4, 0x10)), /unknown flags of a ballot/);
  });

  it("decodeBatch returns null for a tombstone of any size", () => {
    for (const bytes of [0, 60_000]) assert.equal(decodeBatch(tombstoneOf(bytes)), null);
  });
});

describe("encodeBatch", () => {
  it("encodeBatch takes as many bytes for a ballot as encodedBallotBytes says", () => {
    fc.assert(
      fc.property(anyBallot, ballot => {
        const size = (ballots: Ballot[]) => encodeBatch(batchOf(ballots)).length;
        assert.equal(size([ballot]) - size([]), encodedBallotBytes(ballot));
      }),
    );
  });

  it("encodeBatch takes 43 bytes for a ballot with one choice", () => {
    assert.equal(encodedBallotBytes({ choices: Uint8Array.of(1), revision: 0 }), 43);
  });

  it("encodeBatch keeps a full batch of ordinary ballots below the size limit", () => {
    const ballot = fc.sample(anyBallot, 1)[0];
    assert.ok(ballot);
    const one = { ...ballot, choices: Uint8Array.of(1, 2, 3), replaced: Uint8Array.of(1, 2, 3) };
    const ballots = Array.from({ length: ballotsPerSlotMax }, () => one);
    assert.ok(encodeBatch(batchOf(ballots)).length < slotBytesMax);
  });

  it("encodeBatch throws a RangeError for a batch id of the wrong length", () => {
    const short = { ...batchOf([]), id: randomBytes(11) as BatchId };
    assert.throws(() => encodeBatch(short), RangeError);
  });
});
