/**
 * Looks up a receipt code and reports the state of its ballot.
 *
 * The code's MAC proves that the ballot was accepted (`receipts/receipt-code.ts`). So a ballot that MySQL does not have
 * is waiting before the poll is final, and missing afterwards. It is lost when the books of its poll have lost ballots,
 * and MySQL does not have it after all queues were seen empty.
 *
 * Invariant: a forged code never reaches MySQL. Valid codes do within a rate limit, behind a circuit breaker, and the
 *   same code at most once a second.
 */
import { LRUCache } from "lru-cache";
import { SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import type { Database } from "../store/database.ts";
import { deadLettersOfVoter, findStanding, type ReceiptPoll } from "../store/receipts.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { noOutcomes, readOutcomes } from "../store/totals.ts";
import type { KnownSecrets } from "../voters/voter-secrets.ts";
import { isReceiptOf, type Receipt, readReceiptCode } from "./receipt-code.ts";

/**
 * - `waiting`: received, not in MySQL yet.
 * - `counted`: stored, and part of the running results. `final`: stored, and part of the final results.
 * - `replaced`: its voter has changed or withdrawn it. `withdrawn`: a withdrawal that stands.
 * - `duplicate`: another ballot of the same voter counts.
 * - `set_aside`: it could not be counted, and is kept as a dead letter.
 * - `lost`: it was accepted, and is found nowhere. Its voter can vote again while the poll is open.
 * - `missing`: the results are final without it.
 * - `gone`: the poll was deleted, or MySQL went back to before it was made.
 */
export const receiptStates = [
  "waiting",
  "counted",
  "final",
  "replaced",
  "withdrawn",
  "duplicate",
  "set_aside",
  "lost",
  "missing",
  "gone",
] as const;
export type ReceiptState = (typeof receiptStates)[number];

export interface ReceiptReport {
  readonly code: string;
  readonly state: ReceiptState;
  /** `null` when it was deleted. */
  readonly poll: Omit<ReceiptPoll, "final" | "key"> | null;
  /** `null` until the ballot is stored. */
  readonly receivedAtMs: number | null;
  /** `null` when not stored, or when the time is no longer kept. */
  readonly storedAtMs: number | null;
}

const lookupsPerSecondMax = 100;
const reportsMax = 2_000;

export interface ReceiptDeps {
  readonly store: StoreBreaker;
  readonly secrets: KnownSecrets;
  /** True when every queue is seen to be empty at this moment. */
  readonly nothingWaits: (mysql: Database) => Promise<boolean>;
}

export class Receipts {
  readonly #deps: ReceiptDeps;
  readonly #lookups = new TokenBucket(lookupsPerSecondMax);
  readonly #reports = new LRUCache<string, ReceiptReport, Receipt>({
    max: reportsMax,
    ttl: SECOND,
    ignoreFetchAbort: true,
    fetchMethod: async (_code, _stale, { context: receipt }) => {
      if (!this.#lookups.tryTake()) throw new FloodgateError("overloaded");
      const { store, nothingWaits } = this.#deps;
      return store.use(mysql => report(mysql, receipt, nothingWaits));
    },
  });

  constructor(deps: ReceiptDeps) {
    this.#deps = deps;
  }

  /**
   * Reports the state of a code's ballot; `undefined` for a forged code.
   *
   * @throws FloodgateError `overloaded` above the rate limit; StoreFailure when MySQL can't be asked.
   */
  async find(code: string): Promise<ReceiptReport | undefined> {
    const receipt = readReceiptCode(this.#deps.secrets, code);
    if (!receipt) return undefined;
    return this.#reports.forceFetch(receipt.code, { context: receipt });
  }
}

async function report(
  db: Database,
  receipt: Receipt,
  nothingWaits: ReceiptDeps["nothingWaits"],
): Promise<ReceiptReport> {
  const before = await lookUp(db, receipt);
  if (before.state !== "waiting") return before;
  const { lost } = (await readOutcomes(db, [receipt.pollId])).get(receipt.pollId) ?? noOutcomes;
  if (lost === 0 || !(await nothingWaits(db))) return before;
  // The queues were empty after the first look: now MySQL has every ballot that was on its way.
  const after = await lookUp(db, receipt);
  return after.state === "waiting" ? { ...after, state: "lost" } : after;
}

async function lookUp(db: Database, receipt: Receipt): Promise<ReceiptReport> {
  const { code, pollId, voterStart, ballotEnd, revision } = receipt;
  const unknown = { code, poll: null, receivedAtMs: null, storedAtMs: null };
  const found = await findStanding(db, pollId, voterStart);
  if (!found || !isReceiptOf(receipt, found.poll.key)) return { ...unknown, state: "gone" };
  const { slug, question, final } = found.poll;
  const known = { ...unknown, poll: { slug, question } };
  // A lower revision proves nothing: the ballot itself may still be waiting.
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
  const deadLetters = await deadLettersOfVoter(db, receipt.pollId, receipt.voterStart);
  return deadLetters.some(bytes => containsBallot(bytes, receipt));
}

function containsBallot(bytes: Buffer, { voterStart, ballotEnd, revision }: Receipt): boolean {
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
