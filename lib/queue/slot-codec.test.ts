import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { isFloodgateError } from "../base/errors.ts";
import { type Ballot, type Batch, ballotsPerSlotMax, revisionMax } from "../model/ballot.ts";
import type { BallotId, BatchId, PollId, PollKey, VoterKey } from "../model/ids.ts";
import { keyOfId, type PollReference } from "../model/poll-key.ts";
import {
  decodeBatch,
  encodeBatch,
  encodedBallotBytes,
  slotBytesMax,
  tombstoneOf,
} from "./slot-codec.ts";
import { encodedPollBytes } from "./slot-polls.ts";

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(array => Buffer.from(array));

const anyChoices = fc.uint8Array({ maxLength: 100 });

/** The fields of a change. */
const anyRevision = fc.oneof(
  fc.constant({ revision: 0 }),
  fc.record({ revision: fc.integer({ min: 1, max: revisionMax }), replaced: anyChoices }),
);

const anyNumber = fc.integer({ min: 1, max: 0xffff_ffff }).map(n => n as PollId);
const anyKey = fc.bigInt({ min: 2n ** 32n, max: 2n ** 64n - 1n }).map(n => String(n) as PollKey);

const ofOldRelease = fc.record({ pollId: anyNumber });
const ofOldPoll = anyNumber.map(pollId => ({ pollId, pollKey: keyOfId(pollId) }));
const ofNewPoll = fc.record({ pollId: anyNumber, pollKey: anyKey });

const anyFirst = fc.record({
  voter: bytes(16).map(b => b.toString("hex") as VoterKey),
  ballotId: bytes(16).map(b => b.toString("hex") as BallotId),
  receivedAtMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  choices: anyChoices,
  kind: fc.constantFrom("choice", "ranked", "rating"),
  tallied: fc.boolean(),
});

const anyBallotOf = (poll: fc.Arbitrary<PollReference>): fc.Arbitrary<Ballot> =>
  fc
    .tuple(poll, anyFirst, anyRevision)
    .map(([of, ballot, revision]) => ({ ...of, ...ballot, ...revision }));

const anyBatchOf = (poll: fc.Arbitrary<PollReference>): fc.Arbitrary<Batch> =>
  fc.record({
    id: bytes(12).map(b => b as BatchId),
    ballots: fc.array(anyBallotOf(poll), { maxLength: 40 }),
    talliesDoubtful: fc.boolean(),
  });

const anyBallot = anyBallotOf(ofOldPoll);
const anyBatch = fc.oneof(
  anyBatchOf(ofOldRelease),
  anyBatchOf(ofOldPoll),
  anyBatchOf(ofNewPoll),
  anyBatchOf(fc.oneof(ofOldRelease, ofOldPoll, ofNewPoll)),
);

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

  it("decodeBatch takes no damaged batch for a tombstone", () => {
    const damaged = encodeBatch(batchOf([]));
    damaged[1] = tombstoneOf(0)[1] ?? 0;
    assert.throws(() => decodeBatch(damaged), isCorrupt);
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
    for (const version of [0, 3, 99]) {
      assert.throws(
        () => decodeBatch(patched(ballot, 1, version)),
        error =>
          isFloodgateError(error, "slot_corrupt") &&
          error.detail === `version ${version} is unknown`,
      );
    }
  });

  it("decodeBatch tells polls of one number apart by their poll keys", () => {
    const polls = fc.tuple(anyNumber, anyKey, anyKey);
    fc.assert(
      fc.property(polls, anyBallot, ([pollId, first, second], ballot) => {
        const ballots = [first, second].map(pollKey => ({ ...ballot, pollId, pollKey }));
        const decoded = decodeBatch(encodeBatch(batchOf(ballots)));
        assert.deepEqual(
          decoded?.ballots.map(({ pollKey }) => pollKey),
          [first, second],
        );
      }),
    );
  });

  it("decodeBatch reads a slot of release 0.2.0, which has numbers and no poll keys", () => {
    const written =
      "460100000102030405060708090a0b000201a1ee5661e80000001101010101010101010101010101010101011111" +
      "11111111111111111111111111110000000001010000001109020202020202020202020202020202021212121212" +
      "1212121212121212121212000003e8010200010103ce630c30";
    const batch = decodeBatch(Buffer.from(written, "hex"));
    assert.equal(batch?.id.toString("hex"), "000102030405060708090a0b");
    assert.deepEqual(
      batch.ballots.map(({ pollId, pollKey, receivedAtMs, revision, choices }) => ({
        poll: [pollId, pollKey],
        receivedAtMs,
        revision,
        choices: [...choices],
      })),
      [
        { poll: [17, undefined], receivedAtMs: 1_795_000_001_000, revision: 0, choices: [1] },
        { poll: [17, undefined], receivedAtMs: 1_795_000_002_000, revision: 1, choices: [2] },
      ],
    );
    assert.equal(encodeBatch(batch).toString("hex"), written, "a dead letter of it stays the same");
  });

  it("decodeBatch refuses a ballot whose poll is not in the list", () => {
    const [ballot] = fc.sample(anyBallotOf(ofNewPoll), 1);
    assert.ok(ballot);
    const placeAt = 23 + 2 + encodedPollBytes;
    assert.throws(
      () => decodeBatch(patched(ballot, placeAt + 3, 1)),
      /a ballot's poll is not in the list/,
    );
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

  it("encodeBatch writes version 1, which workers of release 0.2.0 read, unless a poll has a poll key of its own", () => {
    const versionOf = (poll: fc.Arbitrary<PollReference>) =>
      fc.sample(anyBallotOf(poll), 20).map(ballot => encodeBatch(batchOf([ballot]))[1]);
    assert.deepEqual([...new Set(versionOf(ofOldRelease))], [1]);
    assert.deepEqual([...new Set(versionOf(ofOldPoll))], [1]);
    assert.deepEqual([...new Set(versionOf(ofNewPoll))], [2]);
  });

  it("encodeBatch takes 14 bytes more for the first ballot of a poll with a poll key of its own", () => {
    const [ballot] = fc.sample(anyBallotOf(ofNewPoll), 1);
    assert.ok(ballot);
    const size = (count: number) =>
      encodeBatch(batchOf(Array.from({ length: count }, () => ballot))).length;
    assert.equal(size(1) - encodeBatch(batchOf([])).length, encodedBallotBytes(ballot) + 14);
    assert.equal(size(500) - size(1), 499 * encodedBallotBytes(ballot));
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
