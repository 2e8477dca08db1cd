/**
 * Receipt codes: with one, a reader can look up the state of a ballot.
 *
 * ```
 * number of the poll (4)  voter key (first 6)  poll key (last 2)  ballot id (last 2)  MAC (6)
 * the same 14 bytes       revision (2)                                                 MAC (9)    of a change
 * ```
 * in base 32: four groups of eight digits, of a change five.
 *
 * The end of the poll key tells the poll from another one that has its number, after MySQL went back. A poll that release
 * 0.2.0 made has two more bytes of the voter key there, as in that release.
 *
 * The part of the voter key finds the ballot by its primary key, so no further index is needed. The end of the ballot
 * id tells it from another ballot of the same voter. A voter key is not a name, differs from poll to poll, and is on
 * no page. A code says nothing about choices.
 *
 * Invariant: the same ballot always has the same code, whatever secrets are added: its poll's secret signs it. A code
 *   can't be made without the key.
 */
import { timingSafeEqual } from "node:crypto";
import type { BallotId, PollId, PollKey, VoterKey } from "../model/ids.ts";
import { type PollReference, pollKeyMin, pollKeyOf } from "../model/poll-key.ts";
import type { KnownSecrets, VoterSecrets } from "../voters/voter-secrets.ts";
import { folded, readings, typedDigits } from "./typed-code.ts";

/** The content of a receipt code. */
export interface Receipt {
  readonly code: string;
  readonly pollId: PollId;
  /** The first 6 bytes of the voter key, as hex digits. */
  readonly voterStart: string;
  /** The last 2 bytes of the poll key, as hex digits; something else for a poll that release 0.2.0 made. */
  readonly pollEnd: string;
  /** The last 2 bytes of the ballot id, as hex digits. */
  readonly ballotEnd: string;
  readonly revision: number;
}

/** The parts of a ballot that its code is made of. */
export interface Receipted extends PollReference {
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  readonly revision: number;
}

const revisionAt = 14;
const first = { bodyBytes: 14, codeBytes: 20 };
const change = { bodyBytes: 16, codeBytes: 25 };
/** Each group of eight digits is five bytes. */
const groupBytes = 5;
const groupDigits = 8;
/** Two digits of base 32 for each number of 10 bits. */
const digitPairs = Array.from({ length: 1024 }, (_, number) =>
  number.toString(32).padStart(2, "0"),
);

/** The receipt code of a ballot. @param secrets - its poll's. */
export function receiptCode(secrets: VoterSecrets, receipted: Receipted): string {
  const { pollId, voter, ballotId, revision } = receipted;
  const { bodyBytes, codeBytes } = revision > 0 ? change : first;
  const bytes = Buffer.allocUnsafe(codeBytes);
  bytes.writeUInt32BE(pollId, 0);
  const pollEnd = endOf(pollKeyOf(receipted));
  bytes.write(pollEnd === undefined ? voter.slice(0, 16) : voter.slice(0, 12) + pollEnd, 4, "hex");
  bytes.write(ballotId.slice(-4), 12, "hex");
  if (revision > 0) bytes.writeUInt16BE(revision, revisionAt);
  sign(secrets, bytes, bodyBytes);
  return groups(bytes, codeBytes);
}

/** Writes the MAC of a body behind it. */
function sign({ receipt }: VoterSecrets, bytes: Buffer, bodyBytes: number): void {
  receipt.digest(bytes.length - bodyBytes, bytes.subarray(0, bodyBytes)).copy(bytes, bodyBytes);
}

function groups(bytes: Buffer, codeBytes: number): string {
  const code = `${group(bytes, 0)}-${group(bytes, 5)}-${group(bytes, 10)}-${group(bytes, 15)}`;
  return codeBytes > first.codeBytes ? `${code}-${group(bytes, 20)}` : code;
}

/** The last 2 bytes of a poll key, as hex digits; `undefined`: release 0.2.0 made the poll. */
function endOf(key: PollKey): string | undefined {
  const number = BigInt(key);
  if (number < pollKeyMin) return undefined;
  return (number & 0xffffn).toString(16).padStart(4, "0");
}

/** True when the code may be of a ballot of this poll, and not of another that had its number before. */
export function isReceiptOf({ pollEnd }: Pick<Receipt, "pollEnd">, key: PollKey): boolean {
  const end = endOf(key);
  return end === undefined || end === pollEnd;
}

/** Eight digits for five bytes; in halves, because numbers of more than 32 bits are slow to convert. */
function group(bytes: Buffer, at: number): string {
  const first = bytes.readUIntBE(at, 3);
  const high = first >>> 4;
  const low = ((first & 0x0f) << 16) | bytes.readUInt16BE(at + 3);
  return pair(high >>> 10) + pair(high & 1023) + pair(low >>> 10) + pair(low & 1023);
}

const pair = (number: number): string => digitPairs[number] ?? "";

/**
 * The content of a code as a reader typed it; `undefined` when it is forged. Hyphens, blanks and letter case don't count,
 * and digits that look alike are tried (`typed-code.ts`).
 *
 * Cost: one HMAC for each known secret; for a code that is forged or mistyped, one for each of its readings. No I/O.
 */
export function readReceiptCode(known: KnownSecrets, text: string): Receipt | undefined {
  const typed = typedDigits(text);
  if (typed === undefined) return undefined;
  const { bodyBytes, codeBytes } = typed.length === digitsOf(first.codeBytes) ? first : change;
  if (typed.length !== digitsOf(codeBytes)) return undefined;
  const wanted = Buffer.from(folded(typed));
  for (const reading of readings(typed, digitsOf(bodyBytes))) {
    const bytes = bytesOf(reading);
    for (const secrets of known.all) {
      sign(secrets, bytes, bodyBytes);
      const code = groups(bytes, codeBytes);
      const genuine = Buffer.from(folded(code.replaceAll("-", "")));
      if (timingSafeEqual(genuine, wanted)) return contentOf(code, bytes, bodyBytes);
    }
  }
  return undefined;
}

/** How many digits of base 32 have the bits of so many bytes. */
const digitsOf = (bytes: number): number => Math.ceil((bytes * 8) / 5);

function bytesOf(digits: string): Buffer {
  const bytes = Buffer.alloc((digits.length / groupDigits) * groupBytes);
  for (let index = 0; index * groupDigits < digits.length; index++) {
    const text = digits.slice(index * groupDigits, (index + 1) * groupDigits);
    bytes.writeUIntBE(Number.parseInt(text, 32), index * groupBytes, groupBytes);
  }
  return bytes;
}

const contentOf = (code: string, bytes: Buffer, bodyBytes: number): Receipt => ({
  code,
  pollId: bytes.readUInt32BE(0) as PollId,
  voterStart: bytes.toString("hex", 4, 10),
  pollEnd: bytes.toString("hex", 10, 12),
  ballotEnd: bytes.toString("hex", 12, 14),
  revision: bodyBytes > revisionAt ? bytes.readUInt16BE(revisionAt) : 0,
});
