/**
 * Commits one piece of work: retries after contention, and splits the work after a refusal, down to the one ballot
 * whose data MySQL refuses.
 *
 * Invariant: only a ballot whose own data is refused, again and again, becomes a dead letter. After every other error
 *   nothing is committed, and the pass fails: the ballots wait in memcached until MySQL takes them.
 */
import { faultPoint } from "#faults";
import { describeError } from "../base/log.ts";
import { retry } from "../base/retry.ts";
import { ballotsPerSlotMax } from "../model/ballot.ts";
import { readCheckpoint } from "../store/checkpoints.ts";
import { isContended, isStoreFailure } from "../store/failure.ts";
import type { FlushDeps } from "./deps.ts";
import { findRefused } from "./find-refused.ts";
import { commitWork, type FlushOutcome, type FlushWork, pollsInWork } from "./transaction.ts";

type CommitterDeps = Pick<FlushDeps, "store" | "clock" | "log" | "loading" | "correctTallies">;

const slotsPerCommitMax = 1_024;
/** After so many, the pass fails, and the next one follows after a pause. */
const uncommittedMax = 3;
const contentionRetry = { firstMs: 5, maxMs: 200, attemptsMax: 9, retryable: isContended };

export class Committer {
  readonly #deps: CommitterDeps;
  #slotsMax = slotsPerCommitMax;
  /** Ballots of a single slot in one statement; more than one slot are split into slots first. */
  #rowsPerInsert = ballotsPerSlotMax;
  /** Unknown commits in a row that turned out not to be committed. */
  #uncommitted = 0;

  constructor(deps: CommitterDeps) {
    this.#deps = deps;
  }

  /** Slots in one commit; halved when MySQL refuses a statement, doubled after each commit. */
  get slotsMax(): number {
    return this.#slotsMax;
  }

  /** @throws StoreFailure: nothing was committed. */
  async commit(work: FlushWork): Promise<FlushOutcome> {
    const { store, clock, loading } = this.#deps;
    let attempts = 0;
    try {
      const result = await retry(() => {
        faultPoint("worker.before-transaction");
        attempts += 1;
        // A load locks rows of other workers in another mode than the INSERTs after it, so it is not tried twice.
        const how = attempts === 1 ? loading : undefined;
        return commitWork(store, this.#portioned(work), clock.nowMs(), how);
      }, contentionRetry);
      this.#slotsMax = Math.min(slotsPerCommitMax, this.#slotsMax * 2);
      this.#rowsPerInsert = Math.min(ballotsPerSlotMax, this.#rowsPerInsert * 2);
      this.#uncommitted = 0;
      return result;
    } catch (error) {
      if (isStoreFailure(error, "commit_unknown")) return this.#readBack(work, error);
      if (isStoreFailure(error, "too_large")) return this.#shorten(work, error);
      if (isStoreFailure(error, "invalid")) return this.#narrowDown(work, error);
      throw error;
    }
  }

  #portioned(work: FlushWork): FlushWork {
    if (this.#rowsPerInsert === ballotsPerSlotMax) return work;
    return { ...work, rowsPerInsert: this.#rowsPerInsert };
  }

  /**
   * After a COMMIT without an answer that can be trusted: only the checkpoint tells whether it was committed. When it
   * never is, the pass fails.
   */
  async #readBack(work: FlushWork, error: Error): Promise<FlushOutcome> {
    const checkpoint = await readCheckpoint(this.#deps.store, work.epoch);
    const { log } = this.#deps;
    log.warn({
      event: "commit_unknown",
      epoch: work.epoch,
      found: checkpoint?.slot,
      ...describeError(error),
    });
    await this.#deps.correctTallies(new Map(), pollsInWork(work));
    this.#uncommitted = checkpoint?.slot === work.from ? this.#uncommitted + 1 : 0;
    if (this.#uncommitted >= uncommittedMax) throw error;
    return checkpoint ? { outcome: "moved", checkpoint: checkpoint.slot } : { outcome: "lost" };
  }

  /** A statement was too long for MySQL: commit smaller pieces, down to one slot; then fewer ballots a statement. */
  async #shorten(work: FlushWork, error: Error): Promise<FlushOutcome> {
    if (work.slots.length > 1) return this.#halve(work);
    const ballots = work.slots[0]?.batch.ballots.length ?? 0;
    const rows = Math.min(this.#rowsPerInsert, ballots);
    if (rows <= 1) throw error;
    this.#rowsPerInsert = Math.ceil(rows / 2);
    return this.commit(work);
  }

  /**
   * MySQL refused some data: commit smaller pieces, down to one slot. Each ballot of that slot that MySQL refuses
   * becomes a dead letter; when every ballot is fine by itself, the slot stays where it is.
   */
  async #narrowDown(work: FlushWork, error: Error): Promise<FlushOutcome> {
    const [only] = work.slots;
    if (!only) throw error;
    if (work.slots.length > 1) return this.#halve(work);
    const { store, clock, log } = this.#deps;
    const found = await findRefused(store, this.#portioned(work), clock.nowMs());
    if (!found) return { outcome: "moved", checkpoint: work.from };
    for (const reason of found.values()) {
      log.error({ event: "ballot_refused", slot: only.slot, reason });
    }
    const refused = new Map([...(work.refused ?? []), ...found]);
    if (refused.size > (work.refused?.size ?? 0)) return this.commit({ ...work, refused });
    log.error({ event: "slot_refused", slot: only.slot, ...describeError(error) });
    throw error;
  }

  /** The window is read again, and is half as long. */
  #halve({ slots, from }: FlushWork): FlushOutcome {
    this.#slotsMax = Math.ceil(slots.length / 2);
    return { outcome: "moved", checkpoint: from };
  }
}
