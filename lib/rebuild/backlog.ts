/**
 * The slots that wait after a snapshot's checkpoints, and the sum of what their ballots moved the tallies by. For
 * `rebuild.ts`.
 *
 * `read` asks memcached only and `addUp` MySQL only, so that a caller with frozen queues can limit the wait for
 * each.
 *
 * Invariant: a batch counts once, however many copies wait, and not at all when the snapshot has it.
 */
import { range } from "../base/lists.ts";
import type { Batch } from "../model/ballot.ts";
import type { Epoch, PollKey } from "../model/ids.ts";
import { pollKeyOf } from "../model/poll-key.ts";
import { SumsByPoll, type TallyChange } from "../model/tally-sums.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { readSlots } from "../queue/slots.ts";
import { knownBatches } from "../store/batches.ts";
import type { Database } from "../store/database.ts";
import type { FrozenQueue } from "./freeze-queues.ts";

const batchesPerQuery = 1_000;

export class Backlog {
  readonly #sums = new SumsByPoll(pollKeyOf);
  readonly #snapshot: Database;
  readonly #polls: ReadonlySet<PollKey>;
  readonly #checkpoints: ReadonlyMap<Epoch, number>;
  readonly #seen = new Set<string>();
  /** Batches that were read and not added up yet. */
  #fresh: Batch[] = [];
  /** By epoch: the newest number that was read, and the missing slots before it. */
  readonly #progress = new Map<Epoch, { last: number; missing: number[] }>();

  constructor(
    snapshot: Database,
    polls: ReadonlySet<PollKey>,
    checkpoints: ReadonlyMap<Epoch, number>,
  ) {
    this.#snapshot = snapshot;
    this.#polls = polls;
    this.#checkpoints = checkpoints;
  }

  /** The sums so far. */
  get sums(): ReadonlyMap<PollKey, TallyChange> {
    return this.#sums.byPoll;
  }

  /** True when a slot after a checkpoint was missing when it was last read. */
  get hasMissing(): boolean {
    return [...this.#progress.values()].some(({ missing }) => missing.length > 0);
  }

  /** Reads the slots since the last read, and those that were missing then; resolves with how many it found. */
  async read({ server, state }: FrozenQueue): Promise<number> {
    const before = this.#progress.get(state.epoch) ?? {
      last: this.#checkpoints.get(state.epoch) ?? 0,
      missing: [],
    };
    const wanted = [...before.missing, ...range(before.last + 1, state.pointer)];
    const found = await readSlots(server, state.queue, state.epoch, wanted);
    for (const bytes of found.values()) this.#add(batchIn(bytes));
    this.#progress.set(state.epoch, {
      last: Math.max(before.last, state.pointer),
      missing: wanted.filter(slot => !found.has(slot)),
    });
    return found.size;
  }

  #add(batch: Batch | null): void {
    const id = batch?.id.toString("hex");
    if (!batch || id === undefined || this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#fresh.push(batch);
  }

  /** Adds up the batches read since the last time, without those in the snapshot. No query when there are none. */
  async addUp(): Promise<void> {
    while (this.#fresh.length > 0) {
      const portion = this.#fresh.splice(0, batchesPerQuery);
      const stored = await knownBatches(
        this.#snapshot,
        portion.map(({ id }) => id),
      );
      const waiting = portion.filter(({ id }) => !stored.has(id.toString("hex")));
      for (const ballot of waiting.flatMap(({ ballots }) => ballots)) {
        if (this.#polls.has(pollKeyOf(ballot))) this.#sums.addMoved(ballot);
      }
    }
  }
}

/** A slot that does not decode counts for nothing: which tallies it moved can't be known. */
function batchIn(bytes: Buffer): Batch | null {
  try {
    return decodeBatch(bytes);
  } catch {
    return null;
  }
}
