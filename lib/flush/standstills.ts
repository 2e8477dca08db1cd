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
    else this.#seen.set(epoch, { queue, slot, sinceMs: this.#now() });
  }

  /** Forgets all other queues: their epochs are over, or their servers away, which is told elsewhere. */
  keepOnly(queues: readonly LaneQueue[]): void {
    const epochs = new Set(queues.map(({ flush }) => flush.checkpoint.epoch));
    for (const epoch of this.#seen.keys()) if (!epochs.has(epoch)) this.#seen.delete(epoch);
  }

  /** The queues that stand still now, longest first. */
  get all(): Standstill[] {
    const nowMs = this.#now();
    return [...this.#seen.values()]
      .map(({ queue, sinceMs }) => ({
        server: queue.server.name,
        queue: queue.flush.checkpoint.queue,
        slots: depthOf(queue),
        forMs: nowMs - sinceMs,
      }))
      .filter(({ forMs }) => forMs >= this.#afterMs)
      .sort((a, b) => b.forMs - a.forMs);
  }
}
