/**
 * Commits one piece of work: retries after contention, and splits the work after a refusal, down to the one ballot
 * that MySQL refuses.
 */
import { faultPoint } from "#faults";
import { describeError } from "../base/log.ts";
import { retry } from "../base/retry.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { readSlots } from "../queue/slots.ts";
import { type Checkpoint, readCheckpoint } from "../store/checkpoints.ts";
import type { DeadLetter } from "../store/dead-letters.ts";
import { isContended, isStoreFailure } from "../store/failure.ts";
import type { FlushDeps } from "./deps.ts";
import { findRefused } from "./find-refused.ts";
import { commitWork, type FlushOutcome, type FlushWork, pollsInWork } from "./transaction.ts";

type CommitterDeps = Pick<FlushDeps, "store" | "clock" | "log" | "correctTallies">;

const slotsPerCommitMax = 1_024;
const contentionRetry = { firstMs: 5, maxMs: 200, attemptsMax: 9, retryable: isContended };

export class Committer {
  readonly #deps: CommitterDeps;
  readonly #client: MemcachedClient;
  readonly #queue: Checkpoint["queue"];
  #slotsMax = slotsPerCommitMax;

  constructor(deps: CommitterDeps, client: MemcachedClient, queue: Checkpoint["queue"]) {
    this.#deps = deps;
    this.#client = client;
    this.#queue = queue;
  }

  /** Slots in one commit; halved when MySQL refuses a statement, doubled after each commit. */
  get slotsMax(): number {
    return this.#slotsMax;
  }

  /** @throws StoreFailure: nothing was committed. */
  async commit(work: FlushWork): Promise<FlushOutcome> {
    try {
      const result = await retry(() => {
        faultPoint("worker.before-transaction");
        return commitWork(this.#deps.store, work, this.#deps.clock.nowMs());
      }, contentionRetry);
      this.#slotsMax = Math.min(slotsPerCommitMax, this.#slotsMax * 2);
      return result;
    } catch (error) {
      if (isStoreFailure(error, "commit_unknown")) return this.#readBack(work);
      if (isStoreFailure(error, "too_large") || isStoreFailure(error, "invalid")) {
        return this.#narrowDown(work, error);
      }
      throw error;
    }
  }

  /** After a lost answer to COMMIT: only the checkpoint tells whether it was committed. */
  async #readBack(work: FlushWork): Promise<FlushOutcome> {
    const checkpoint = await readCheckpoint(this.#deps.store, work.epoch);
    this.#deps.log.warn({ event: "commit_unknown", epoch: work.epoch, found: checkpoint?.slot });
    await this.#deps.correctTallies(new Map(), pollsInWork(work));
    return { outcome: "moved", checkpoint: checkpoint?.slot ?? work.from };
  }

  /**
   * MySQL refused the statement itself: commit smaller pieces, down to one slot. Each ballot of that slot that
   * MySQL refuses becomes a dead letter; when every ballot is fine by itself, the whole slot does.
   */
  async #narrowDown(work: FlushWork, error: Error): Promise<FlushOutcome> {
    const [only] = work.slots;
    if (!only) throw error;
    if (work.slots.length > 1) {
      this.#slotsMax = Math.ceil(work.slots.length / 2);
      return { outcome: "moved", checkpoint: work.from };
    }
    if (!work.refused) {
      const refused = await findRefused(this.#deps.store, only.slot, only.batch);
      for (const reason of refused.values()) {
        this.#deps.log.error({ event: "ballot_refused", slot: only.slot, reason });
      }
      if (refused.size > 0) return this.commit({ ...work, refused });
    }
    const found = await readSlots(this.#client, this.#queue, work.epoch, [only.slot]);
    this.#deps.log.error({ event: "slot_refused", slot: only.slot, ...describeError(error) });
    const letter: DeadLetter = {
      pollId: only.batch.ballots[0]?.pollId,
      slot: only.slot,
      reason: error.message,
      bytes: found.get(only.slot) ?? Buffer.alloc(0),
      ballots: only.batch.ballots.length,
    };
    return this.commit({ ...work, slots: [], deadLetters: [...work.deadLetters, letter] });
  }
}
