/**
 * Batch ↔ bytes: the contents of one slot of the queue.
 *
 * ```
 * byte  0    1        2      3..14     15..16   17..22         23 …                        last 4
 *       'F'  version  flags  batch id  ballots  base time, ms  ballots, one after another  CRC-32
 *
 * ballot:  poll (4)  flags (1)  voter (16)  ballot id (16)  ms after base (4)  choices: count (1), bytes
 *          and if it is a change:  revision (2)  choices that it replaces: count (1), bytes
 *
 * bit                 7 … 4  3         2 1                0
 * a slot's flags:     0      0         0                  tallies doubtful
 * a ballot's flags:   0      a change  kind of its poll   tallied
 * ```
 * Numbers are big-endian. A ballot with one choice takes 43 bytes, so 500 of them fit well into 64 kB.
 *
 * Invariant: `decodeBatch(encodeBatch(batch))` equals the batch. A tombstone decodes to `null`, and all other bytes
 *   to `slot_corrupt`, never to a guess.
 * Invariant: bytes of an unknown version, or with an unknown flag, are not interpreted. A change of this layout gets
 *   a new version, so that fronts and workers of two releases can run together.
 */
import { crc32 } from "node:zlib";
import { FloodgateError } from "../base/errors.ts";
import { type Ballot, type Batch, ballotsPerSlotMax, choicesMax } from "../model/ballot.ts";
import type { BallotId, BatchId, PollId, VoterKey } from "../model/ids.ts";
import { pollKinds } from "../model/poll-rules.ts";

const magic = 0x46; // "F"
const version = 1;
const headerBytes = 23;
const checksumBytes = 4;
const ballotFixedBytes = 42;
const changeFixedBytes = 3;
const flagTallied = 0x01;
const kindShift = 1;
const kindMask = 0x03;
const flagChange = 0x08;
const ballotFlags = 0x0f;
const flagTalliesDoubtful = 0x01;
const noChoices = new Uint8Array();
/** Hex digits of a voter key, and of a ballot id. */
const keyDigits = 32;

export const slotBytesMax = 64 * 1024;

const tombstone = Buffer.from("F!");

/** What the worker writes into a slot that it no longer waits for; padded to at least `bytes` bytes. */
export function tombstoneOf(bytes: number): Buffer {
  return Buffer.concat([tombstone], Math.max(bytes, tombstone.length));
}

export function isTombstone(bytes: Buffer): boolean {
  return bytes.subarray(0, tombstone.length).equals(tombstone);
}

/** Number of bytes that a ballot takes in a slot. */
export function encodedBallotBytes(
  ballot: Pick<Ballot, "choices" | "revision" | "replaced">,
): number {
  const change = ballot.revision > 0 ? changeFixedBytes + (ballot.replaced?.length ?? 0) : 0;
  return ballotFixedBytes + ballot.choices.length + change;
}

/**
 * The slot's bytes.
 *
 * @throws RangeError on a batch that could not be decoded again: a bug in the caller.
 */
export function encodeBatch(batch: Batch): Buffer {
  const { id, ballots } = batch;
  if (id.length !== 12) throw new RangeError("a batch id has 12 bytes");
  if (ballots.length > ballotsPerSlotMax) throw new RangeError("too many ballots for one slot");
  const size = ballots.reduce((sum, ballot) => sum + encodedBallotBytes(ballot), 0);
  const bytes = Buffer.allocUnsafe(headerBytes + size + checksumBytes);
  const baseMs = ballots.reduce(
    (least, b) => Math.min(least, b.receivedAtMs),
    ballots[0]?.receivedAtMs ?? 0,
  );
  bytes[0] = magic;
  bytes[1] = version;
  bytes[2] = batch.talliesDoubtful ? flagTalliesDoubtful : 0;
  id.copy(bytes, 3);
  bytes.writeUInt16BE(ballots.length, 15);
  bytes.writeUIntBE(baseMs, 17, 6);
  let at = headerBytes;
  for (const ballot of ballots) at = encodeBallot(bytes, at, ballot, baseMs);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

function encodeBallot(bytes: Buffer, start: number, ballot: Ballot, baseMs: number): number {
  if (ballot.voter.length !== keyDigits) throw new RangeError("a voter key has 16 bytes");
  if (ballot.ballotId.length !== keyDigits) throw new RangeError("a ballot id has 16 bytes");
  const { choices, replaced = noChoices, revision } = ballot;
  if (Math.max(choices.length, replaced.length) > choicesMax) {
    throw new RangeError("too many choices");
  }
  let at = bytes.writeUInt32BE(ballot.pollId, start);
  const kind = pollKinds.indexOf(ballot.kind) << kindShift;
  const change = revision > 0 ? flagChange : 0;
  at = bytes.writeUInt8(kind | change | (ballot.tallied ? flagTallied : 0), at);
  at += bytes.write(ballot.voter, at, "hex");
  at += bytes.write(ballot.ballotId, at, "hex");
  at = bytes.writeUInt32BE(ballot.receivedAtMs - baseMs, at);
  at = encodeChoices(bytes, at, choices);
  if (change === 0) return at;
  at = bytes.writeUInt16BE(revision, at);
  return encodeChoices(bytes, at, replaced);
}

function encodeChoices(bytes: Buffer, at: number, choices: Uint8Array): number {
  bytes[at] = choices.length;
  bytes.set(choices, at + 1);
  return at + 1 + choices.length;
}

/**
 * The batch in a slot; `null` for a tombstone.
 *
 * @throws FloodgateError `slot_corrupt` with a reason, for every other sequence of bytes.
 */
export function decodeBatch(bytes: Buffer): Batch | null {
  if (isTombstone(bytes)) return null;
  if (bytes.length < headerBytes + checksumBytes) throw corrupt("too short");
  if (bytes[0] !== magic) throw corrupt("not a slot");
  if (bytes[1] !== version) throw corrupt(`version ${bytes[1]} is unknown`);
  const end = bytes.length - checksumBytes;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw corrupt("wrong checksum");
  const flags = bytes[2] ?? 0;
  if (flags > flagTalliesDoubtful) throw corrupt("unknown flags of a slot");
  const talliesDoubtful = flags === flagTalliesDoubtful;
  const id = Buffer.from(bytes.subarray(3, 15)) as BatchId;
  const count = bytes.readUInt16BE(15);
  const baseMs = bytes.readUIntBE(17, 6);
  // Converted once for all ballots: slices of a string share its memory.
  const hex = bytes.toString("hex");
  const ballots: Ballot[] = [];
  let at = headerBytes;
  while (ballots.length < count) {
    const next = ballotEnd(bytes, at, end);
    ballots.push(decodeBallot(bytes, hex, at, baseMs));
    at = next;
  }
  if (at !== end) throw corrupt("bytes after the last ballot");
  return { id, ballots, talliesDoubtful };
}

/** Where the ballot that begins at `start` ends. */
function ballotEnd(bytes: Buffer, start: number, end: number): number {
  const isChange = ((bytes[start + 4] ?? 0) & flagChange) !== 0;
  let next = start + ballotFixedBytes;
  if (next <= end) next += bytes[next - 1] ?? 0;
  if (isChange) next += changeFixedBytes;
  if (isChange && next <= end) next += bytes[next - 1] ?? 0;
  if (next > end) throw corrupt("cut short");
  return next;
}

/**
 * The id of the batch in a slot, without decoding its ballots. `undefined` when the bytes are no batch, and when the
 * batch's tallies are doubtful, because then its ballots matter.
 */
export function plainBatchId(bytes: Buffer): BatchId | undefined {
  if (bytes.length < headerBytes || bytes[0] !== magic) return undefined;
  if (bytes[1] !== version || bytes[2] !== 0) return undefined;
  return bytes.subarray(3, 15) as BatchId;
}

function decodeBallot(bytes: Buffer, hex: string, start: number, baseMs: number): Ballot {
  const flags = bytes[start + 4] ?? 0;
  const kind = pollKinds[(flags >> kindShift) & kindMask];
  if (!kind || flags > ballotFlags) throw corrupt("unknown flags of a ballot");
  const choicesAt = start + ballotFixedBytes;
  const voterAt = 2 * (start + 5);
  const ballot = {
    kind,
    pollId: bytes.readUInt32BE(start) as PollId,
    tallied: (flags & flagTallied) !== 0,
    voter: hex.slice(voterAt, voterAt + keyDigits) as VoterKey,
    ballotId: hex.slice(voterAt + keyDigits, voterAt + 2 * keyDigits) as BallotId,
    receivedAtMs: baseMs + bytes.readUInt32BE(start + 37),
    revision: 0,
    choices: decodeChoices(bytes, choicesAt),
  };
  if ((flags & flagChange) === 0) return ballot;
  const revisionAt = choicesAt + ballot.choices.length;
  return {
    ...ballot,
    revision: bytes.readUInt16BE(revisionAt),
    replaced: decodeChoices(bytes, revisionAt + changeFixedBytes),
  };
}

/** Nearly all ballots have one choice: ballots with the same choice share an array. */
const oneChoice = Array.from({ length: 256 }, (_, number) => Uint8Array.of(number));

/** The choices at `at`; the byte before says how many. */
function decodeChoices(bytes: Buffer, at: number): Uint8Array {
  const count = bytes[at - 1] ?? 0;
  const only = count === 1 ? oneChoice[bytes[at] ?? 0] : undefined;
  return only ?? bytes.subarray(at, at + count);
}

function corrupt(detail: string): FloodgateError {
  return new FloodgateError("slot_corrupt", { detail });
}
