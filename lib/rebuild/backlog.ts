/**
 * What waits behind a snapshot's checkpoints, and what it moved the tallies by; read in as many portions as it
 * takes. For `exact.ts`.
 *
 * `read` asks memcached only and `addUp` MySQL only, so that whoever holds the queues still can limit the time
 * that it waits for either.
 *
 * Invariant: a batch counts once, wherever its copies wait, and not at all when the snapshot has it.
 */
import { range } from "../base/lists.ts";
import type { Batch } from "../model/ballot.ts";
import type { Epoch, PollId } from "../model/ids.ts";
import { SumsByPoll, type TallyChange } from "../model/tally-sums.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { readSlots } from "../queue/slots.ts";
import { knownBatches } from "../store/batches.ts";
import type { Database } from "../store/database.ts";
import type { FrozenQueue } from "./freeze-queues.ts";

const batchesPerQuery = 1_000;

export class Backlog {
  readonly #sums = new SumsByPoll();
  readonly #snapshot: Database;
  readonly #polls: ReadonlySet<PollId>;
  readonly #checkpoints: ReadonlyMap<Epoch, number>;
  readonly #seen = new Set<string>();
  /** Read, and not added up yet. */
  #fresh: Batch[] = [];
  /** Newest number looked at, and the numbers before it that had no slot. */
  readonly #progress = new Map<Epoch, { last: number; missing: number[] }>();

  constructor(
    snapshot: Database,
    polls: ReadonlySet<PollId>,
    checkpoints: ReadonlyMap<Epoch, number>,
  ) {
    this.#snapshot = snapshot;
    this.#polls = polls;
    this.#checkpoints = checkpoints;
  }

  /** What was added up so far. */
  get sums(): ReadonlyMap<PollId, TallyChange> {
    return this.#sums.byPoll;
  }

  /** A number behind a checkpoint had no slot when it was looked for last. */
  get hasGaps(): boolean {
    return [...this.#progress.values()].some(({ missing }) => missing.length > 0);
  }

  /** Reads what came since the last time, and what was missing then; resolves with how many slots it found. */
  async read({ server, look }: FrozenQueue): Promise<number> {
    const before = this.#progress.get(look.epoch) ?? {
      last: this.#checkpoints.get(look.epoch) ?? 0,
      missing: [],
    };
    const wanted = [...before.missing, ...range(before.last + 1, look.pointer)];
    const found = await readSlots(server, look.queue, look.epoch, wanted);
    for (const bytes of found.values()) this.#take(batchIn(bytes));
    this.#progress.set(look.epoch, {
      last: Math.max(before.last, look.pointer),
      missing: wanted.filter(slot => !found.has(slot)),
    });
    return found.size;
  }

  #take(batch: Batch | null): void {
    const id = batch?.id.toString("hex");
    if (!batch || id === undefined || this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#fresh.push(batch);
  }

  /** Adds up what was read since the last time, but for what the snapshot has. No query when nothing came. */
  async addUp(): Promise<void> {
    while (this.#fresh.length > 0) {
      const portion = this.#fresh.splice(0, batchesPerQuery);
      const stored = await knownBatches(
        this.#snapshot,
        portion.map(({ id }) => id),
      );
      const waiting = portion.filter(({ id }) => !stored.has(id.toString("hex")));
      for (const ballot of waiting.flatMap(({ ballots }) => ballots)) {
        if (this.#polls.has(ballot.pollId)) this.#sums.addMoved(ballot);
      }
    }
  }
}

/** A slot that does not decode moved no tally that anybody could tell. */
function batchIn(bytes: Buffer): Batch | null {
  try {
    return decodeBatch(bytes);
  } catch {
    return null;
  }
}
