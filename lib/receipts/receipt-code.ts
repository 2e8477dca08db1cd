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
/** Two digits of base 32 for each number of 10 bits. */
const digitPairs = Array.from({ length: 1024 }, (_, number) =>
  number.toString(32).padStart(2, "0"),
);
const pattern = /^[0-9a-v]{8}(?:-[0-9a-v]{8}){3,4}$/;

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
  const mac = secrets.receipt.digest(codeBytes - bodyBytes, bytes.subarray(0, bodyBytes));
  mac.copy(bytes, bodyBytes);
  const code = `${group(bytes, 0)}-${group(bytes, 5)}-${group(bytes, 10)}-${group(bytes, 15)}`;
  return revision > 0 ? `${code}-${group(bytes, 20)}` : code;
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

/** The content of a code; `undefined` when it is forged. Cost: one HMAC for each known secret, no I/O. */
export function readReceiptCode(known: KnownSecrets, text: string): Receipt | undefined {
  const code = text.toLowerCase();
  if (!pattern.test(code)) return undefined;
  const groups = code.split("-");
  const bytes = Buffer.alloc(groups.length * groupBytes);
  for (const [index, group] of groups.entries()) {
    bytes.writeUIntBE(Number.parseInt(group, 32), index * groupBytes, groupBytes);
  }
  const { bodyBytes, codeBytes } = bytes.length === first.codeBytes ? first : change;
  const body = bytes.subarray(0, bodyBytes);
  const mac = bytes.subarray(bodyBytes);
  const isGenuine = known.all.some(({ receipt }) =>
    timingSafeEqual(mac, receipt.digest(codeBytes - bodyBytes, body)),
  );
  if (!isGenuine) return undefined;
  return {
    code,
    pollId: bytes.readUInt32BE(0) as PollId,
    voterStart: bytes.toString("hex", 4, 10),
    pollEnd: bytes.toString("hex", 10, 12),
    ballotEnd: bytes.toString("hex", 12, 14),
    revision: bodyBytes > revisionAt ? bytes.readUInt16BE(revisionAt) : 0,
  };
}
