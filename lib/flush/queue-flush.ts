/**
 * Flushing one queue in one of its lives: read a window of slots, commit it, delete what was committed.
 *
 * What it keeps between steps is only what saves work; all that matters is in MySQL and memcached, so a
 * worker may be killed at any point and another may take over at any point.
 *
 * - `slot`: the checkpoint as we last saw it. Every commit checks it again under its row lock.
 * - `ahead`: slots committed behind a hole; the checkpoint can't pass the hole yet, so they are
 *   remembered here in order not to be read again. Forgetting them costs a look, no more: their batches
 *   are in `batches`.
 * - `missingSince`: when a number was first seen without a slot.
 * - `passedUnseen`: numbers that the checkpoint passed without us knowing: another worker's commits, or
 *   our own whose answer was lost. Whoever committed them may not live to delete them, so we look.
 *
 * Invariant: a slot is deleted only after a commit that moved the checkpoint past it.
 */
import { faultPoint } from "#faults";
import { monotonicMs, SECOND, sleep, wallMs } from "../clock.ts";
import { isFloodgateError } from "../errors.ts";
import type { PollId } from "../ids.ts";
import { describeError, type Log } from "../log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import {
  deleteSlots,
  expireSlots,
  placeTombstone,
  publishCheckpoint,
  readSlots,
} from "../queue/drain.ts";
import type { Relief } from "../queue/lanes.ts";
import { type Batch, decodeBatch, isTombstone, plainBatchId } from "../queue/slot-codec.ts";
import { backoffMs } from "../retry.ts";
import { type Checkpoint, readCheckpoint } from "../store/checkpoints.ts";
import type { DeadLetter } from "../store/dead-letters.ts";
import { isStoreFailure, type Store } from "../store/pool.ts";
import type { TallyChange } from "../tallies/sums.ts";
import { findRefused } from "./find-refused.ts";
import type { RecentBatches } from "./recent-batches.ts";
import {
  type Committed,
  commitWork,
  type FlushOutcome,
  type FlushWork,
  pollsOf,
} from "./transaction.ts";

export interface FlushDeps {
  readonly store: Store;
  readonly log: Log;
  readonly recent: RecentBatches;
  readonly relief: Relief;
  /** For relief; gives numbers in [0, 1). */
  readonly random?: () => number;
  /** Milliseconds before a missing slot is given up: longer than any producer holds a number. */
  readonly graceMs: number;
  /** One commit: enough to be worth it, little enough to be short. Whole slots, so it may be some more. */
  readonly ballotsPerCommit: number;
  /** Milliseconds a committed slot stays in memcached, for a replica that is promoted late. */
  readonly keepMs: number;
  /** Told of batches that are in MySQL now. */
  readonly committed: (batches: readonly Batch[]) => void;
  /**
   * Moves the tallies by what a flush found them off by, and remembers the polls whose tallies may be
   * off in a way that it can't tell.
   */
  readonly correctTallies: (
    corrections: ReadonlyMap<PollId, TallyChange>,
    doubtful: ReadonlySet<PollId>,
  ) => Promise<void>;
}

export interface FlushCounts {
  /** Transactions. */
  commits: number;
  slots: number;
  counted: number;
  duplicates: number;
  redelivered: number;
  /** Changes and withdrawals. */
  replaced: number;
  /** Slots whose batch was in MySQL already: a second copy, a replay. */
  repeated: number;
  letters: number;
  holes: number;
}

export const noCounts = (): FlushCounts => ({
  commits: 0,
  slots: 0,
  counted: 0,
  duplicates: 0,
  redelivered: 0,
  replaced: 0,
  repeated: 0,
  letters: 0,
  holes: 0,
});

/**
 * `drained`: nothing is waiting. `progress`: something was committed, look again. `waiting`: the rest
 * waits for a missing slot. `busy`: another worker is at it.
 */
export type StepState = "drained" | "progress" | "waiting" | "busy";

const slotsPerCommitMax = 1_024;
const slotsPerRead = 32;
const contentionTriesMax = 8;
const contentionBackoff = { firstMs: 5, maxMs: 200 };

/** What reading a window found. */
interface Window {
  /** Last number looked at. */
  readonly last: number;
  readonly slots: { slot: number; batch: Batch }[];
  /** Slots whose batch was committed by this process, from another server. */
  readonly copies: number[];
  readonly letters: DeadLetter[];
  readonly tombstones: Set<number>;
  readonly missing: Set<number>;
}

export class QueueFlush {
  readonly #deps: FlushDeps;
  readonly #client: MemcachedClient;
  readonly #checkpoint: Checkpoint;
  #slot: number;
  #deleted: number;
  /** Slots in one commit; goes down when MySQL refuses a statement, and up again afterwards. */
  #slotsPerCommit = slotsPerCommitMax;
  readonly #ahead = new Set<number>();
  readonly #missingSince = new Map<number, number>();
  #passedUnseen: number[] = [];
  readonly #doomed: { readonly slots: number[]; readonly to: number; readonly atMs: number }[] = [];

  constructor(deps: FlushDeps, client: MemcachedClient, checkpoint: Checkpoint) {
    this.#deps = deps;
    this.#client = client;
    this.#checkpoint = checkpoint;
    this.#slot = checkpoint.slot;
    this.#deleted = checkpoint.deleted;
  }

  get checkpoint(): Checkpoint {
    return { ...this.#checkpoint, slot: this.#slot, deleted: this.#deleted };
  }

  /** Reads the checkpoint from MySQL again; another worker may have moved it. One query. */
  async refresh(): Promise<void> {
    const checkpoint = await readCheckpoint(this.#deps.store, this.#checkpoint.epoch);
    if (!checkpoint || checkpoint.slot === this.#slot) return;
    this.#passedUnseen.push(...range(this.#slot + 1, checkpoint.slot));
    this.#slot = checkpoint.slot;
    this.#deleted = Math.max(this.#deleted, checkpoint.deleted);
    this.#ahead.clear();
    for (const slot of this.#missingSince.keys()) {
      if (slot <= this.#slot) this.#missingSince.delete(slot);
    }
  }

  /**
   * Deletes slots that an earlier worker committed and did not live to delete. Called once, when this
   * queue is taken up.
   */
  async clearLeftovers(): Promise<void> {
    await this.#doomWhatIsLeft(range(this.#deleted + 1, this.#checkpoint.slot));
  }

  /** A portion at a time: kept for long, they may be as many as a whole day's. */
  async #doomWhatIsLeft(numbers: readonly number[]): Promise<void> {
    const { queue, epoch } = this.#checkpoint;
    for (let at = 0; at < numbers.length; at += slotsPerRead) {
      const portion = numbers.slice(at, at + slotsPerRead);
      const left = await readSlots(this.#client, queue, epoch, portion);
      const slots = [...left].filter(([, bytes]) => !isTombstone(bytes)).map(([n]) => n);
      const to = portion.at(-1) ?? 0;
      this.#doom(slots, to);
      await this.#letExpire(slots, to);
    }
  }

  /**
   * Commits one window of what waits up to `pointer`, if anything can be committed.
   *
   * @param counts - added to.
   * @throws MemcachedFailure, StoreFailure: nothing was committed, or it will be found out next time.
   */
  async step(pointer: number, counts: FlushCounts): Promise<StepState> {
    await this.deleteDue();
    if (pointer <= this.#slot) {
      await this.#doomWhatIsLeft(this.#passedUnseen);
      this.#passedUnseen = [];
      await this.deleteDue();
      return "drained";
    }
    const window = await this.#read(pointer);
    const waited = await this.#passHoles(window);
    const to = this.#reach(window);
    const nothingNew = window.slots.length === 0 && window.letters.length === 0;
    if (nothingNew && to === this.#slot) return waited ? "progress" : "waiting";

    const work: FlushWork = {
      epoch: this.#checkpoint.epoch,
      from: this.#slot,
      to,
      slots: window.slots,
      letters: window.letters,
      deleted: this.#deleted,
      holes: [...window.tombstones].filter(slot => slot <= to).length,
    };
    const result = await this.#commit(work);
    if (result.outcome === "busy") return "busy";
    if (result.outcome === "moved") {
      await this.refresh();
      return "progress";
    }
    await this.#committed(work, window, result, counts);
    return "progress";
  }

  /** Deletes the slots whose time to be kept is over. */
  async deleteDue(): Promise<void> {
    const { queue, epoch } = this.#checkpoint;
    const now = monotonicMs();
    for (let due = this.#doomed[0]; due && due.atMs <= now; due = this.#doomed[0]) {
      await deleteSlots(this.#client, queue, epoch, due.slots);
      if (this.#passedUnseen.length === 0) this.#deleted = Math.max(this.#deleted, due.to);
      this.#doomed.shift();
    }
  }

  async #read(pointer: number): Promise<Window> {
    const { queue, epoch } = this.#checkpoint;
    const window: Window = {
      last: this.#slot,
      slots: [],
      copies: [],
      letters: [],
      tombstones: new Set(),
      missing: new Set(),
    };
    let ballots = 0;
    let last = this.#slot;
    while (
      last < pointer &&
      ballots < this.#deps.ballotsPerCommit &&
      window.slots.length < this.#slotsPerCommit
    ) {
      const room = this.#slotsPerCommit - window.slots.length;
      const count = Math.min(slotsPerRead, room, this.#deps.ballotsPerCommit);
      const numbers = range(last + 1, Math.min(pointer, last + count));
      last = numbers.at(-1) ?? last;
      const wanted = numbers.filter(slot => !this.#ahead.has(slot));
      const found = await readSlots(this.#client, queue, epoch, wanted);
      for (const slot of wanted) ballots += this.#classify(window, slot, found.get(slot));
    }
    return { ...window, last };
  }

  /** Files one number under what is in its slot; gives the number of ballots. */
  #classify(window: Window, slot: number, bytes: Buffer | undefined): number {
    if (!bytes) {
      window.missing.add(slot);
      return 0;
    }
    this.#missingSince.delete(slot);
    const id = plainBatchId(bytes);
    if (id && this.#deps.recent.has(id)) {
      window.copies.push(slot);
      return 0;
    }
    try {
      const batch = decodeBatch(bytes);
      if (batch) window.slots.push({ slot, batch });
      else window.tombstones.add(slot);
      return batch?.ballots.length ?? 0;
    } catch (error) {
      if (!isFloodgateError(error, "slot_corrupt")) throw error;
      const reason = error.detail ?? "does not decode";
      window.letters.push({ pollId: undefined, slot, reason, bytes, ballots: 0 });
      return 0;
    }
  }

  /** Passes missing numbers whose grace time is over. True when one turned out to be written. */
  async #passHoles(window: Window): Promise<boolean> {
    const { queue, epoch } = this.#checkpoint;
    const now = monotonicMs();
    let cameLate = false;
    for (const slot of [...window.missing]) {
      const since = this.#missingSince.get(slot) ?? now;
      this.#missingSince.set(slot, since);
      if (now - since < this.#deps.graceMs) continue;
      const result = await placeTombstone(this.#client, queue, epoch, slot);
      if (result === "placed") {
        window.missing.delete(slot);
        window.tombstones.add(slot);
        this.#missingSince.delete(slot);
        this.#deps.log.warn(
          { event: "hole_passed", queue, epoch, slot },
          "a slot was never written",
        );
      }
      cameLate ||= result === "written";
    }
    return cameLate;
  }

  /** The newest number that has no missing one before it. */
  #reach(window: Window): number {
    let to = this.#slot;
    while (to < window.last && !window.missing.has(to + 1)) to += 1;
    return to;
  }

  /** Commits, trying again after contention and in halves after a refusal. */
  async #commit(work: FlushWork): Promise<FlushOutcome> {
    for (let attempt = 0; ; attempt++) {
      try {
        faultPoint("worker.before-transaction");
        const result = await commitWork(this.#deps.store, work, wallMs());
        this.#slotsPerCommit = Math.min(slotsPerCommitMax, this.#slotsPerCommit * 2);
        return result;
      } catch (error) {
        const contended = isStoreFailure(error, "contention") || isStoreFailure(error, "duplicate");
        if (contended && attempt < contentionTriesMax) {
          await sleep(backoffMs(contentionBackoff, attempt));
          continue;
        }
        if (isStoreFailure(error, "commit_unknown")) return this.#settle(work);
        if (isStoreFailure(error, "too_large") || isStoreFailure(error, "invalid")) {
          return this.#refused(work, error);
        }
        throw error;
      }
    }
  }

  /** After a lost answer to COMMIT: only the checkpoint knows. */
  async #settle(work: FlushWork): Promise<FlushOutcome> {
    const checkpoint = await readCheckpoint(this.#deps.store, work.epoch);
    this.#deps.log.warn({ event: "commit_unknown", epoch: work.epoch, found: checkpoint?.slot });
    await this.#deps.correctTallies(new Map(), pollsOf(work.slots));
    return { outcome: "moved", checkpoint: checkpoint?.slot ?? work.from };
  }

  /**
   * MySQL refused the statement itself: smaller pieces, down to one slot; of that, the ballots that it refuses go to
   * the letters one by one; and if it is none of them, the slot does.
   */
  async #refused(work: FlushWork, error: Error): Promise<FlushOutcome> {
    const [only] = work.slots;
    if (!only) throw error;
    if (work.slots.length > 1) {
      this.#slotsPerCommit = Math.ceil(work.slots.length / 2);
      return { outcome: "moved", checkpoint: work.from };
    }
    if (!work.refused) {
      const refused = await findRefused(this.#deps.store, only.slot, only.batch);
      for (const reason of refused.values()) {
        this.#deps.log.error({ event: "ballot_refused", slot: only.slot, reason });
      }
      if (refused.size > 0) return this.#commit({ ...work, refused });
    }
    const bytes = (
      await readSlots(this.#client, this.#checkpoint.queue, work.epoch, [only.slot])
    ).get(only.slot);
    this.#deps.log.error({ event: "slot_refused", slot: only.slot, ...describeError(error) });
    const letter: DeadLetter = {
      pollId: only.batch.ballots[0]?.pollId,
      slot: only.slot,
      reason: error.message,
      bytes: bytes ?? Buffer.alloc(0),
      ballots: only.batch.ballots.length,
    };
    return this.#commit({ ...work, slots: [], letters: [...work.letters, letter] });
  }

  async #committed(
    work: FlushWork,
    window: Window,
    result: Committed,
    counts: FlushCounts,
  ): Promise<void> {
    faultPoint("worker.committed");
    const { queue, epoch } = this.#checkpoint;
    const { verdict, doubtful } = result;
    counts.commits += 1;
    counts.slots += work.slots.length + window.copies.length;
    counts.counted += verdict.counted;
    counts.duplicates += verdict.duplicates;
    counts.redelivered += verdict.redelivered;
    counts.replaced += verdict.replaced;
    counts.repeated += result.repeated + window.copies.length;
    counts.letters += result.letters;
    counts.holes += work.holes;

    this.#deps.recent.add(work.slots.map(({ batch }) => batch.id));
    for (const { slot } of [...work.slots, ...work.letters]) this.#ahead.add(slot);
    const slots = range(work.from + 1, work.to).filter(slot => !window.tombstones.has(slot));
    for (const slot of range(work.from + 1, work.to)) this.#ahead.delete(slot);
    this.#slot = work.to;
    this.#doom(slots, work.to);

    this.#deps.committed(work.slots.map(({ batch }) => batch));
    if (verdict.corrections.size + doubtful.size > 0) {
      await this.#deps.correctTallies(verdict.corrections, doubtful);
    }
    await publishCheckpoint(this.#client, queue, epoch, work.to);
    await this.#letExpire(slots, work.to);
    faultPoint("worker.before-delete");
    await this.deleteDue();
  }

  #doom(slots: number[], to: number): void {
    this.#doomed.push({ slots, to, atMs: monotonicMs() + this.#deps.keepMs });
  }

  /** Slots that are kept go by themselves when their time is over: a one-shot is not there to delete them. */
  async #letExpire(slots: readonly number[], to: number): Promise<void> {
    const { keepMs } = this.#deps;
    if (keepMs === 0) return;
    const { queue, epoch } = this.#checkpoint;
    // A time to live of n seconds ends somewhere within the n-th.
    await expireSlots(this.#client, queue, epoch, slots, Math.ceil(keepMs / SECOND) + 1);
    if (this.#passedUnseen.length === 0) this.#deleted = Math.max(this.#deleted, to);
  }
}

/** Whole numbers from `first` to `last`, both included. */
function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
