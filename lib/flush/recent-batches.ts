/**
 * Ids of batches that this process committed recently, so that their second copies need not be decoded or
 * looked up. An id that was evicted costs a look-up.
 *
 * Invariant: only ids of committed batches are added, and all are forgotten when MySQL may have lost a commit
 *   (`setbacks.ts`).
 */
import type { BatchId } from "../model/ids.ts";

const idsMax = 100_000;

export class RecentBatches {
  readonly #ids = new Set<string>();

  add(ids: Iterable<BatchId>): void {
    for (const id of ids) this.#ids.add(id.toString("latin1"));
    for (const oldest of this.#ids) {
      if (this.#ids.size <= idsMax) break;
      this.#ids.delete(oldest);
    }
  }

  clear(): void {
    this.#ids.clear();
  }

  has(id: BatchId): boolean {
    return this.#ids.has(id.toString("latin1"));
  }
}
