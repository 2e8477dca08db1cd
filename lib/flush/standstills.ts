/** Queues that stand still: their turn comes, their ballots wait, and the checkpoint does not move. */
import { monotonicMs, SECOND } from "../base/clock.ts";
import type { Epoch, QueueName } from "../model/ids.ts";
import { depthOf, type LaneQueue } from "./drive-queues.ts";

export interface Standstill {
  readonly server: string;
  readonly queue: QueueName;
  readonly slots: number;
  readonly forMs: number;
}

interface Seen {
  readonly queue: LaneQueue;
  readonly slot: number;
  readonly sinceMs: number;
  readonly isTold: boolean;
}

/** Several passes; a missing slot may hold a queue up for the grace time besides. */
const standstillMs = 10 * SECOND;

export class Standstills {
  readonly #seen = new Map<Epoch, Seen>();
  readonly #afterMs: number;
  readonly #now: () => number;

  /** @param graceMs - how long a missing slot is waited for. */
  constructor(graceMs: number, now: () => number = monotonicMs) {
    this.#afterMs = standstillMs + graceMs;
    this.#now = now;
  }

  /** Notes a queue after its turn. One that had no turn, because of other lanes, does not stand still. */
  note(queue: LaneQueue): void {
    const { epoch, slot } = queue.flush.checkpoint;
    const before = this.#seen.get(epoch);
    if (depthOf(queue) === 0) this.#seen.delete(epoch);
    else if (before?.slot === slot) this.#seen.set(epoch, { ...before, queue });
    else this.#seen.set(epoch, { queue, slot, sinceMs: this.#now(), isTold: false });
  }

  /** Forgets all other queues: their epochs are over, or their servers away, which is told elsewhere. */
  keepOnly(queues: readonly LaneQueue[]): void {
    const epochs = new Set(queues.map(({ flush }) => flush.checkpoint.epoch));
    for (const epoch of this.#seen.keys()) if (!epochs.has(epoch)) this.#seen.delete(epoch);
  }

  /** The queues that stand still now, longest first. */
  get all(): Standstill[] {
    return this.#standing.map(seen => this.#describe(seen)).sort((a, b) => b.forMs - a.forMs);
  }

  /** Those that were not taken before: each standstill once. */
  takeNew(): Standstill[] {
    const untold = this.#standing.filter(({ isTold }) => !isTold);
    for (const seen of untold) {
      this.#seen.set(seen.queue.flush.checkpoint.epoch, { ...seen, isTold: true });
    }
    return untold.map(seen => this.#describe(seen));
  }

  get #standing(): Seen[] {
    const nowMs = this.#now();
    return [...this.#seen.values()].filter(({ sinceMs }) => nowMs - sinceMs >= this.#afterMs);
  }

  #describe({ queue, sinceMs }: Seen): Standstill {
    return {
      server: queue.server.name,
      queue: queue.flush.checkpoint.queue,
      slots: depthOf(queue),
      forMs: this.#now() - sinceMs,
    };
  }
}
