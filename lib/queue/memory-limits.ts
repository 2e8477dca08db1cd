/**
 * Memory limits: which lanes' ballots the queue servers still have memory for.
 *
 * While MySQL is away, or the worker falls behind, slots pile up. Before a server is full, the lanes are refused one
 * after the other, so that the memory that is left goes to the higher ones:
 *
 *     0 %           the share (FLOODGATE_QUEUE_MEMORY_PERCENT)              100 %
 *     |--- all lanes -------|-- no low --|-- no normal --|-- no lane --------|
 *
 * The two other limits divide the rest above the share into three. Marks and tallies fill the server too; but while the
 * worker keeps up, a slot needs its memory for less than a second, and nothing is refused.
 *
 * Memory is divided into slab pages, each for a slab class, so a server may refuse a slot below the share. Then all
 * lanes are refused for a moment, and the lower ones for some seconds.
 *
 * A front measures once a second, whatever the number of votes, in one round trip; four when the share is reached. The
 * worker applies the same rule to its own measurements.
 */

import { monotonicMs, SECOND } from "../base/clock.ts";
import { every } from "../base/every.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { readMemory } from "../memcached/memory-stats.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Epoch } from "../model/ids.ts";
import { type Lane, lanes } from "../model/lane.ts";
import type { QueueHomes } from "./queue-homes.ts";
import { readCheckpoints, readQueues } from "./slots.ts";

/** The memory of one server. */
export interface ServerMemory {
  readonly usedPercent: number;
  /** Slots have been waiting for longer than `behindMs`. */
  readonly behind: boolean;
}

/** Slots that wait for longer are no passing burst: flushing has stopped, or is too slow. */
export const behindMs = 3 * SECOND;
const measureEveryMs = SECOND;
const fullMs = SECOND;
const nearlyFullMs = 5 * SECOND;

/** How many thirds of the rest above the share a lane may use. */
const thirds: Readonly<Record<Lane, number>> = { high: 2, normal: 1, low: 0 };

/** The percentage of a server's memory from which on a lane is refused. */
export function refusedFromPercent(lane: Lane, sharePercent: number): number {
  return sharePercent + ((100 - sharePercent) * thirds[lane]) / 3;
}

/**
 * The lanes to refuse.
 *
 * @param servers - the servers that are up; `copies` of them must have memory for a lane.
 */
export function refusedLanes(
  servers: readonly ServerMemory[],
  copies: number,
  sharePercent: number,
): readonly Lane[] {
  const used = servers.map(({ usedPercent, behind }) => (behind ? usedPercent : 0));
  const decisive = used.sort((a, b) => a - b)[Math.min(copies, used.length) - 1] ?? 0;
  return lanes.filter(lane => decisive >= refusedFromPercent(lane, sharePercent));
}

interface MemoryLimitsOptions {
  readonly placement: Pick<Placement, "enqueueServers">;
  readonly homes: Pick<QueueHomes, "names">;
  readonly copies: number;
  readonly sharePercent: number;
}

/** The newest slot of each queue at an earlier moment. */
interface Before {
  readonly atMs: number;
  readonly pointers: ReadonlyMap<Epoch, number>;
}

/** A front's knowledge of the memory of all queue servers. */
export class MemoryLimits {
  readonly #options: MemoryLimitsOptions;
  readonly #before = new Map<MemcachedClient, Before[]>();
  #refused: readonly Lane[] = [];
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: MemoryLimitsOptions) {
    this.#options = options;
  }

  /** The lanes to refuse now. No I/O. */
  get lanesRefused(): readonly Lane[] {
    const sinceMs = monotonicMs() - this.#fullAtMs;
    if (sinceMs < fullMs) return lanes;
    if (sinceMs < nearlyFullMs)
      return lanes.filter(lane => lane !== "high" || this.#isRefused(lane));
    return this.#refused;
  }

  /** Call it when a server had no memory for a slot, and no other server took it. */
  noteFull(): void {
    this.#fullAtMs = monotonicMs();
  }

  /** Measures once a second until `signal` is aborted. */
  watch(signal: AbortSignal): Promise<void> {
    return every(measureEveryMs, () => this.measureAll(), signal);
  }

  /** Measures every server that is up. */
  async measureAll(): Promise<void> {
    const { placement, copies, sharePercent } = this.#options;
    const up = serversUp(placement.enqueueServers);
    const measured = await Promise.all(
      up.map(server => orWhenMemcachedFails(this.#measure(server), () => undefined)),
    );
    const known = measured.filter(memory => memory !== undefined);
    this.#refused = refusedLanes(known, copies, sharePercent);
    // Slots leave as fast as they arrive, so a full server has memory again soon.
    const draining = known.some(({ usedPercent }) => usedPercent >= sharePercent);
    if (draining && !known.some(({ behind }) => behind)) this.#fullAtMs = Number.NEGATIVE_INFINITY;
  }

  #isRefused(lane: Lane): boolean {
    return this.#refused.includes(lane);
  }

  /** @throws MemcachedFailure. */
  async #measure(server: MemcachedClient): Promise<ServerMemory> {
    const { usedBytes, limitBytes } = await readMemory(server);
    const usedPercent = (usedBytes / limitBytes) * 100;
    if (usedPercent >= this.#options.sharePercent) {
      return { usedPercent, behind: await this.#isBehind(server) };
    }
    this.#before.delete(server);
    return { usedPercent, behind: false };
  }

  /** Compares the published checkpoints with the pointers of some seconds ago. */
  async #isBehind(server: MemcachedClient): Promise<boolean> {
    const queues = await readQueues(server, this.#options.homes.names);
    const checkpoints = await readCheckpoints(server, queues);
    const now = monotonicMs();
    const before = this.#before.get(server) ?? [];
    before.push({
      atMs: now,
      pointers: new Map(queues.map(({ epoch, pointer }) => [epoch, pointer])),
    });
    // Compare with the newest of those that are old enough.
    while (before[1] && now - before[1].atMs >= behindMs) before.shift();
    this.#before.set(server, before);
    const [then] = before;
    if (!then || now - then.atMs < behindMs) return false;
    return queues.some(
      ({ epoch }, index) => (checkpoints[index] ?? 0) < (then.pointers.get(epoch) ?? 0),
    );
  }
}
