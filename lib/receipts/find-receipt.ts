/**
 * Looking up a receipt: what became of the ballot that its code was given for.
 *
 * The code itself proves that the ballot was accepted (`receipts/receipt-code.ts`), so what MySQL does not
 * know yet is waiting, and what it does not know once the poll is final is missing.
 *
 * Invariant: a code that was not made here never reaches MySQL; real ones do at a capped rate, behind a
 *   circuit breaker, and the same one at most once a second.
 */
import { LRUCache } from "lru-cache";
import { SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import type { Database } from "../store/database.ts";
import { findStanding, letterBytes, type ReceiptPoll } from "../store/receipts.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import type { VoterSecrets } from "../voters/voter-secrets.ts";
import { type Receipt, readReceiptCode } from "./receipt-code.ts";

/**
 * - `waiting`: received, on its way to MySQL.
 * - `counted`: stored, and part of the running results. `final`: and these are final.
 * - `replaced`: its voter has changed or withdrawn it. `withdrawn`: it is a withdrawal, and stands.
 * - `duplicate`: another ballot of the same voter counts.
 * - `set_aside`: it could not be counted, and is kept for somebody to look at.
 * - `missing`: the result is final without it.
 * - `gone`: there is no such poll any more.
 */
export const receiptStates = [
  "waiting",
  "counted",
  "final",
  "replaced",
  "withdrawn",
  "duplicate",
  "set_aside",
  "missing",
  "gone",
] as const;
export type ReceiptState = (typeof receiptStates)[number];

export interface ReceiptReport {
  readonly code: string;
  readonly state: ReceiptState;
  /** `null`: it is not there any more. */
  readonly poll: Omit<ReceiptPoll, "final"> | null;
  /** `null`: not known before it is stored. */
  readonly receivedAtMs: number | null;
  /** `null`: not stored, or so long ago that the moment is forgotten. */
  readonly storedAtMs: number | null;
}

const lookupsPerSecondMax = 100;
const rememberedMax = 2_000;
/** Of a poll's dead letters, this many are looked through. */
const lettersMax = 500;

export class Receipts {
  readonly #store: StoreBreaker;
  readonly #secrets: VoterSecrets;
  readonly #lookups = new TokenBucket(lookupsPerSecondMax);
  readonly #remembered = new LRUCache<string, Promise<ReceiptReport>>({
    max: rememberedMax,
    ttl: SECOND,
  });

  constructor(store: StoreBreaker, secrets: VoterSecrets) {
    this.#store = store;
    this.#secrets = secrets;
  }

  /**
   * What became of the ballot; `undefined` for a code that was not made here.
   *
   * @throws FloodgateError `overloaded` when too many are asked for; StoreFailure when MySQL can't be asked.
   */
  async find(code: string): Promise<ReceiptReport | undefined> {
    const receipt = readReceiptCode(this.#secrets, code);
    if (!receipt) return undefined;
    const known = this.#remembered.get(receipt.code);
    if (known) return known;
    if (!this.#lookups.tryTake()) throw new FloodgateError("overloaded");
    const asking = this.#store.use(store => report(store, receipt));
    this.#remembered.set(receipt.code, asking);
    asking.catch(() => this.#remembered.delete(receipt.code));
    return asking;
  }
}

async function report(db: Database, receipt: Receipt): Promise<ReceiptReport> {
  const { code, pollId, voterStart, ballotEnd, revision } = receipt;
  const nothing = { code, poll: null, receivedAtMs: null, storedAtMs: null };
  const found = await findStanding(db, pollId, voterStart);
  if (!found) return { ...nothing, state: "gone" };
  const { slug, question, final } = found.poll;
  const known = { ...nothing, poll: { slug, question } };
  // One of a lower revision says nothing of this one, which may be on its way.
  const standing = found.ballots.find(ballot => ballot.revision >= revision);
  if (standing && standing.revision > revision) return { ...known, state: "replaced" };
  if (standing?.ballotId.endsWith(ballotEnd)) {
    const { receivedAtMs, storedAtMs, withdrawn } = standing;
    const state = withdrawn ? "withdrawn" : final ? "final" : "counted";
    return { ...known, receivedAtMs, storedAtMs, state };
  }
  if (standing) return { ...known, state: "duplicate" };
  if (await isSetAside(db, receipt)) return { ...known, state: "set_aside" };
  return { ...known, state: final ? "missing" : "waiting" };
}

async function isSetAside(db: Database, receipt: Receipt): Promise<boolean> {
  const letters = await letterBytes(db, receipt.pollId, lettersMax);
  return letters.some(bytes => holds(bytes, receipt));
}

function holds(bytes: Buffer, { voterStart, ballotEnd, revision }: Receipt): boolean {
  try {
    const ballots = decodeBatch(bytes)?.ballots ?? [];
    return ballots.some(
      ballot =>
        ballot.revision === revision &&
        ballot.voter.startsWith(voterStart) &&
        ballot.ballotId.endsWith(ballotEnd),
    );
  } catch {
    return false;
  }
}
