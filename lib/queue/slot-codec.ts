/**
 * Batch ↔ bytes: the contents of one slot of the queue.
 *
 * ```
 * byte  0    1        2      3..14     15..16   17..22         23 …                                last 4
 *       'F'  version  flags  batch id  ballots  base time, ms  [polls], ballots, one after another  CRC-32
 *
 * polls:   number of polls (2)  and for each:  poll's number (4)  poll key (8), or 0: it is not known
 * ballot:  poll (4)  flags (1)  voter (16)  ballot id (16)  ms after base (4)  choices: count (1), bytes
 *          and if it is a change:  revision (2)  choices that it replaces: count (1), bytes
 *
 * bit                 7 … 4  3         2 1                0
 * a slot's flags:     0      0         0                  tallies doubtful
 * a ballot's flags:   0      a change  kind of its poll   tallied
 * ```
 * Numbers are big-endian. A ballot with one choice takes 43 bytes, so 500 of them fit well into 64 kB.
 *
 * Version 1 is that of release 0.2.0. It has no list of polls, and a ballot's *poll* is the poll's number. In version 2 it
 * is a place in that list, from 0. A batch that needs no list is written in version 1, so that workers of release 0.2.0
 * can read it: one whose polls were all made by that release. Its base time then says who wrote it. Release 0.2.0 wrote
 * the time of the oldest ballot. A release that knows poll keys writes one millisecond less, which says that the numbers
 * are the polls' keys.
 *
 * Invariant: `decodeBatch(encodeBatch(batch))` equals the batch. A tombstone decodes to `null`, and all other bytes
 *   to `slot_corrupt`, never to a guess.
 * Invariant: bytes of an unknown version, or with an unknown flag, are not interpreted. A change of this layout gets
 *   a new version, so that fronts and workers of two releases can run together.
 */
import { crc32 } from "node:zlib";
import { FloodgateError } from "../base/errors.ts";
import { type Ballot, type Batch, ballotsPerSlotMax, choicesMax } from "../model/ballot.ts";
import type { BallotId, BatchId, VoterKey } from "../model/ids.ts";
import type { PollReference } from "../model/poll-key.ts";
import { pollKinds } from "../model/poll-rules.ts";
import { NumberedPolls, namesOf, PollList, readPollList } from "./slot-polls.ts";

const magic = 0x46; // "F"
const withNumbers = 1;
const withPolls = 2;
const headerBytes = 23;
const checksumBytes = 4;
const ballotFixedBytes = 42;
const changeFixedBytes = 3;
/** Where a ballot has its time. */
const msAt = 37;
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

/** A batch of version 1 whose version is damaged may begin like a tombstone; it has other bytes after that. */
export function isTombstone(bytes: Buffer): boolean {
  if (!bytes.subarray(0, tombstone.length).equals(tombstone)) return false;
  return bytes.subarray(tombstone.length).every(byte => byte === 0);
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
  const oldestMs = ballots.reduce(
    (least, b) => Math.min(least, b.receivedAtMs),
    ballots[0]?.receivedAtMs ?? 0,
  );
  const names = namesOf(ballots);
  const polls = names === "by list" ? new PollList(ballots) : undefined;
  const baseMs = names === "by number, which is the poll key" ? oldestMs - 1 : oldestMs;
  const bytes = Buffer.allocUnsafe(headerBytes + (polls?.bytes ?? 0) + size + checksumBytes);
  bytes[0] = magic;
  bytes[1] = polls ? withPolls : withNumbers;
  bytes[2] = batch.talliesDoubtful ? flagTalliesDoubtful : 0;
  id.copy(bytes, 3);
  bytes.writeUInt16BE(ballots.length, 15);
  bytes.writeUIntBE(baseMs, 17, 6);
  let at = polls ? polls.write(bytes, headerBytes) : headerBytes;
  for (const ballot of ballots) {
    const poll = polls ? polls.placeOf(ballot) : ballot.pollId;
    at = encodeBallot(bytes, at, ballot, poll, baseMs);
  }
  bytes.writeUInt32BE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

function encodeBallot(
  bytes: Buffer,
  start: number,
  ballot: Ballot,
  poll: number,
  baseMs: number,
): number {
  if (ballot.voter.length !== keyDigits) throw new RangeError("a voter key has 16 bytes");
  if (ballot.ballotId.length !== keyDigits) throw new RangeError("a ballot id has 16 bytes");
  const { choices, replaced = noChoices, revision } = ballot;
  if (Math.max(choices.length, replaced.length) > choicesMax) {
    throw new RangeError("too many choices");
  }
  let at = bytes.writeUInt32BE(poll, start);
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
  if (!isKnownVersion(bytes)) throw corrupt(`version ${bytes[1]} is unknown`);
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
  const list = bytes[1] === withPolls ? readPollList(bytes, headerBytes, end) : undefined;
  if (bytes[1] === withPolls && !list) throw corrupt("cut short");
  const startsAt = list?.end ?? headerBytes;
  const ballots: Ballot[] = [];
  const polls = new NumberedPolls(!list && isAfterBase(bytes, startsAt, end, count));
  let at = startsAt;
  while (ballots.length < count) {
    const next = ballotEnd(bytes, at, end);
    const place = bytes.readUInt32BE(at);
    const poll = list ? list.polls[place] : polls.of(place);
    if (!poll) throw corrupt("a ballot's poll is not in the list");
    ballots.push(decodeBallot(bytes, hex, at, baseMs, poll));
    at = next;
  }
  if (at !== end) throw corrupt("bytes after the last ballot");
  return { id, ballots, talliesDoubtful };
}

const isKnownVersion = (bytes: Buffer): boolean =>
  bytes[1] === withNumbers || bytes[1] === withPolls;

/** True when every ballot was received after the base time. */
function isAfterBase(bytes: Buffer, startsAt: number, end: number, count: number): boolean {
  let at = startsAt;
  for (let index = 0; index < count; index++) {
    const next = ballotEnd(bytes, at, end);
    if (bytes.readUInt32BE(at + msAt) === 0) return false;
    at = next;
  }
  return true;
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
  if (!isKnownVersion(bytes) || bytes[2] !== 0) return undefined;
  return bytes.subarray(3, 15) as BatchId;
}

function decodeBallot(
  bytes: Buffer,
  hex: string,
  start: number,
  baseMs: number,
  poll: PollReference,
): Ballot {
  const flags = bytes[start + 4] ?? 0;
  const kind = pollKinds[(flags >> kindShift) & kindMask];
  if (!kind || flags > ballotFlags) throw corrupt("unknown flags of a ballot");
  const choicesAt = start + ballotFixedBytes;
  const voterAt = 2 * (start + 5);
  const ballot = {
    kind,
    ...poll,
    tallied: (flags & flagTallied) !== 0,
    voter: hex.slice(voterAt, voterAt + keyDigits) as VoterKey,
    ballotId: hex.slice(voterAt + keyDigits, voterAt + 2 * keyDigits) as BallotId,
    receivedAtMs: baseMs + bytes.readUInt32BE(start + msAt),
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
