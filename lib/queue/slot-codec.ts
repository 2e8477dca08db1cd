/**
 * Batch ↔ bytes: what stands in one slot of the queue.
 *
 * ```
 * byte  0    1        2      3..14     15..16   17..22         23 …                        last 4
 *       'F'  version  flags  batch id  ballots  base time, ms  ballots, one after another  CRC-32
 *
 * ballot:  poll (4)  flags (1)  voter (16)  ballot id (16)  ms after base (4)  choices: count (1), bytes
 * change:  the same, and behind it  revision (2)  choices that it replaces: count (1), bytes
 * ```
 * A ballot's flags: bit 0, tallied; bits 1 and 2, the kind of its poll (version 2); bit 3, a change (version 3).
 * Numbers are big-endian. A ballot of one choice takes 43 bytes, so 500 of them fit well into 64 kB.
 *
 * Invariant: `decodeBatch(encodeBatch(batch))` equals the batch, and `decodeBatch` answers any other
 * bytes with `slot_corrupt`, never with a guess. A tombstone decodes to `null`.
 * Invariant: a version is never changed, only added: fronts and workers of two releases run side by side.
 */
import { crc32 } from "node:zlib";
import { FloodgateError } from "../base/errors.ts";
import { type Ballot, type Batch, ballotsPerSlotMax, choicesMax } from "../model/ballot.ts";
import type { BallotId, BatchId, PollId, VoterKey } from "../model/ids.ts";
import { pollKinds } from "../model/poll-rules.ts";

const magic = 0x46; // "F"
/** 2 is needed for kinds other than choice, 3 for changes: who knows only what came before must not guess. */
const versions = { plain: 1, kinds: 2, changes: 3 } as const;
const headerBytes = 23;
const checksumBytes = 4;
const ballotFixedBytes = 42;
const changeFixedBytes = 3;
const flagTallied = 0x01;
const kindShift = 1;
const kindMask = 0x03;
const flagChange = 0x08;
const flagTalliesDoubtful = 0x01;
const noChoices = new Uint8Array();
/** Hex digits of a voter key, and of a ballot id. */
const keyDigits = 32;

export const slotBytesMax = 64 * 1024;

const tombstone = Buffer.from("F!");

/** What the worker puts into a slot that it gives up waiting for; filled up to so many bytes. */
export function tombstoneOf(bytes: number): Buffer {
  return Buffer.concat([tombstone], Math.max(bytes, tombstone.length));
}

export function isTombstone(bytes: Buffer): boolean {
  return bytes.subarray(0, tombstone.length).equals(tombstone);
}

/** Bytes that a ballot takes in a slot. */
export function encodedBallotBytes(
  ballot: Pick<Ballot, "choices" | "revision" | "replaced">,
): number {
  const change = ballot.revision > 0 ? changeFixedBytes + (ballot.replaced?.length ?? 0) : 0;
  return ballotFixedBytes + ballot.choices.length + change;
}

/**
 * The slot's bytes.
 *
 * @throws RangeError on a batch that can't be written: a programmer's error, checked on this side too.
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
  bytes[1] = versionFor(ballots);
  bytes[2] = batch.talliesDoubtful ? flagTalliesDoubtful : 0;
  id.copy(bytes, 3);
  bytes.writeUInt16BE(ballots.length, 15);
  bytes.writeUIntBE(baseMs, 17, 6);
  let at = headerBytes;
  for (const ballot of ballots) at = encodeBallot(bytes, at, ballot, baseMs);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

function versionFor(ballots: readonly Ballot[]): number {
  if (ballots.some(({ revision }) => revision > 0)) return versions.changes;
  return ballots.every(({ kind }) => kind === "choice") ? versions.plain : versions.kinds;
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
  if (bytes[0] !== magic) throw corrupt("not a slot of ours");
  if (!isVersion(bytes[1])) throw corrupt(`version ${bytes[1]} is not known here`);
  const end = bytes.length - checksumBytes;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw corrupt("wrong checksum");
  const talliesDoubtful = ((bytes[2] ?? 0) & flagTalliesDoubtful) !== 0;
  const id = Buffer.from(bytes.subarray(3, 15)) as BatchId;
  const count = bytes.readUInt16BE(15);
  const baseMs = bytes.readUIntBE(17, 6);
  // Once for all of them: pieces of a text share its memory.
  const hex = bytes.toString("hex");
  const ballots: Ballot[] = [];
  let at = headerBytes;
  while (ballots.length < count) {
    const next = ballotEnd(bytes, at, end);
    ballots.push(decodeBallot(bytes, hex, at, baseMs));
    at = next;
  }
  if (at !== end) throw corrupt("more bytes than ballots");
  return { id, ballots, talliesDoubtful };
}

function isVersion(version: number | undefined): boolean {
  return Object.values(versions).some(known => known === version);
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
 * The id of the batch in a slot, without a look at its ballots; `undefined` for what is no batch, and for one
 * whose tallies are doubtful, which has to be looked at.
 */
export function plainBatchId(bytes: Buffer): BatchId | undefined {
  if (bytes.length < headerBytes || bytes[0] !== magic) return undefined;
  if (!isVersion(bytes[1]) || bytes[2] !== 0) return undefined;
  return bytes.subarray(3, 15) as BatchId;
}

function decodeBallot(bytes: Buffer, hex: string, start: number, baseMs: number): Ballot {
  const flags = bytes[start + 4] ?? 0;
  const kind = pollKinds[(flags >> kindShift) & kindMask];
  if (!kind) throw corrupt("a kind of poll that is not known here");
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

/** Nearly all ballots have one choice: the same for all that made it. */
const oneChoice = Array.from({ length: 256 }, (_, number) => Uint8Array.of(number));

/** Choices, of which the number stands in the byte before them. */
function decodeChoices(bytes: Buffer, at: number): Uint8Array {
  const count = bytes[at - 1] ?? 0;
  const only = count === 1 ? oneChoice[bytes[at] ?? 0] : undefined;
  return only ?? bytes.subarray(at, at + count);
}

function corrupt(detail: string): FloodgateError {
  return new FloodgateError("slot_corrupt", { detail });
}
