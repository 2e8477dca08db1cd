/**
 * The flush of one epoch of a queue: read a window of slots, commit it, delete the committed slots.
 *
 * All state that matters is in MySQL and memcached, so a worker may be killed at any point and another may
 * take over. What is kept between steps only saves work:
 *
 * - `slot`: the checkpoint as last read. Every commit checks it again under its row lock.
 * - `ahead`: slots committed after a missing one. The checkpoint can't pass the missing slot yet, and they
 *   need not be read again. Forgetting them costs a read: their batches are in `batches`. The commit that passes
 *   them checks that MySQL still has them.
 *
 * Invariant: once MySQL lacks a commit of this queue, no further step is taken here: what was kept may be wrong.
 *   `open-queues.ts` starts the queue again (`setbacks.ts`).
 */

import { faultPoint } from "#faults";
import { range } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { BatchId } from "../model/ids.ts";
import { publishCheckpoint } from "../queue/slots.ts";
import { type Checkpoint, readCheckpoint } from "../store/checkpoints.ts";
import { Committer } from "./committer.ts";
import { addCommit, type FlushCounts } from "./counts.ts";
import type { FlushDeps } from "./deps.ts";
import { MissingSlots } from "./missing-slots.ts";
import { SlotCleanup } from "./slot-cleanup.ts";
import type { Committed, FlushWork } from "./transaction.ts";
import { reachOf, readWindow, type Window } from "./window.ts";

/**
 * - `empty`: nothing waits.
 * - `progress`: something was committed; step again.
 * - `waiting`: the rest waits for a missing slot.
 * - `busy`: another worker has locked the queue's checkpoint.
 * - `lost`: MySQL lacks an earlier commit; the queue has to be started again.
 */
export type StepState = "empty" | "progress" | "waiting" | "busy" | "lost";

/** How many committed slots are looked for in memcached at most. Older ones were deleted by the worker that committed them. */
const lookedForMax = 100_000;

/** The newest of these slots: a checkpoint may leap by any distance. */
const newest = (first: number, last: number): number[] =>
  range(Math.max(first, last - lookedForMax + 1), last);

export class QueueFlush {
  readonly #deps: FlushDeps;
  readonly #client: MemcachedClient;
  readonly #opened: Checkpoint;
  readonly #committer: Committer;
  readonly #missingSlots: MissingSlots;
  readonly #cleanup: SlotCleanup;
  readonly #onceUpTo: number;
  /** With the batch of each; a dead letter has none. */
  readonly #ahead = new Map<number, BatchId | undefined>();
  #slot: number;
  #lacks: "a checkpoint" | "a batch" | undefined;

  /** @param onceUpTo - slots up to this one were committed once; MySQL has lost what lies after the checkpoint. */
  constructor(deps: FlushDeps, client: MemcachedClient, checkpoint: Checkpoint, onceUpTo: number) {
    this.#deps = deps;
    this.#client = client;
    this.#opened = checkpoint;
    this.#onceUpTo = onceUpTo;
    this.#committer = new Committer(deps);
    this.#missingSlots = new MissingSlots(deps, client, checkpoint);
    this.#cleanup = new SlotCleanup(client, checkpoint, deps.keep);
    this.#slot = checkpoint.slot;
  }

  get checkpoint(): Checkpoint {
    return { ...this.#opened, slot: this.#slot, deleted: this.#cleanup.deleted };
  }

  /** Every slot up to this one was committed, or closed with a tombstone, at some time. */
  get onceUpTo(): number {
    return Math.max(this.#slot, this.#onceUpTo);
  }

  /** What MySQL turned out to lack, if anything. */
  get lacks(): "a checkpoint" | "a batch" | undefined {
    return this.#lacks;
  }

  /** Reads the checkpoint from MySQL again; another worker may have moved it. One query. */
  async refresh(): Promise<void> {
    const checkpoint = await readCheckpoint(this.#deps.store, this.#opened.epoch);
    if (!checkpoint || checkpoint.slot < this.#slot) this.#lacks = "a checkpoint";
    if (!checkpoint || checkpoint.slot <= this.#slot) return;
    const firstUnchecked = Math.max(this.#slot, checkpoint.deleted) + 1;
    this.#cleanup.addUnchecked(newest(firstUnchecked, checkpoint.slot));
    this.#cleanup.deletedUpTo(checkpoint.deleted);
    this.#slot = checkpoint.slot;
    this.#ahead.clear();
  }

  /** Finds slots that an earlier worker committed and did not delete. Called once, before the first step. */
  async findUndeleted(): Promise<void> {
    await this.#cleanup.findCommitted(newest(this.#cleanup.deleted + 1, this.#slot));
  }

  /** MySQL has every commit of this queue: deletes the slots that were kept long enough. */
  async confirm(): Promise<void> {
    this.#cleanup.confirm();
    await this.#cleanup.deleteDue();
  }

  /** MySQL does not answer: committed slots stay until it does. */
  async prolongKeeping(): Promise<void> {
    await this.#cleanup.prolong();
  }

  /**
   * Commits one window of what waits up to `pointer`, if anything can be committed.
   *
   * @param counts - increased by what was committed.
   * @throws MemcachedFailure, StoreFailure: nothing was committed, or the next step reads that it was.
   */
  async step(pointer: number, counts: FlushCounts): Promise<StepState> {
    if (this.#lacks) return "lost";
    await this.#cleanup.deleteDue();
    if (pointer <= this.#slot) {
      await this.#cleanup.checkUnchecked();
      await this.#cleanup.deleteDue();
      return "empty";
    }
    const window = await this.#read(pointer);
    const wasWritten = await this.#missingSlots.giveUpOverdue(window);
    const to = reachOf(window, this.#slot);
    const nothingNew = window.slots.length === 0 && window.deadLetters.length === 0;
    if (nothingNew && to === this.#slot) return wasWritten ? "progress" : "waiting";

    const work: FlushWork = {
      epoch: this.#opened.epoch,
      from: this.#slot,
      to,
      slots: window.slots,
      deadLetters: window.deadLetters,
      deleted: this.#cleanup.deleted,
      missing: [...window.tombstones].filter(slot => slot <= to).length,
      before: [...this.#ahead].flatMap(([slot, batch]) => (slot <= to && batch ? [batch] : [])),
    };
    const result = await this.#committer.commit(work);
    if (result.outcome === "busy") return "busy";
    if (result.outcome === "lost") await this.#lost();
    if (result.outcome === "moved") await this.refresh();
    if (result.outcome !== "committed") return this.#lacks ? "lost" : "progress";
    addCommit(counts, work, result, window.copies.length);
    await this.#committed(work, window, result);
    return "progress";
  }

  /** A commit found that MySQL lacks the checkpoint's row, or a batch. */
  async #lost(): Promise<void> {
    await this.refresh();
    this.#lacks ??= "a batch";
  }

  #read(pointer: number): Promise<Window> {
    const { ballotsPerCommit, recent } = this.#deps;
    const bounds = { pointer, slotsMax: this.#committer.slotsMax, ballotsMax: ballotsPerCommit };
    const before = { ahead: this.#ahead, recent, onceUpTo: this.#onceUpTo };
    return readWindow(this.#client, this.checkpoint, bounds, before);
  }

  async #committed(work: FlushWork, window: Window, result: Committed): Promise<void> {
    faultPoint("worker.committed");
    const { queue, epoch } = this.#opened;
    const { verdict, doubtful, hasHomeless } = result;
    if (hasHomeless) this.#deps.onGonePoll();
    this.#deps.recent.add(work.slots.map(({ batch }) => batch.id));
    for (const { slot, batch } of work.slots) this.#ahead.set(slot, batch.id);
    for (const { slot } of work.deadLetters) this.#ahead.set(slot, undefined);
    const passed = range(work.from + 1, work.to);
    for (const slot of passed) this.#ahead.delete(slot);
    this.#slot = work.to;
    const slots = passed.filter(slot => !window.tombstones.has(slot));
    this.#cleanup.add(slots, work.to);

    this.#deps.committed(work.slots.map(({ batch }) => batch));
    if (verdict.corrections.size > 0 || doubtful === "all" || doubtful.size > 0) {
      await this.#deps.correctTallies(verdict.corrections, doubtful);
    }
    await publishCheckpoint(this.#client, queue, epoch, work.to);
    await this.#cleanup.expire(slots, work.to);
    faultPoint("worker.before-delete");
    await this.confirm();
  }
}
