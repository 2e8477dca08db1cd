/**
 * Room: which lanes' ballots the queue servers still have memory for.
 *
 * While MySQL is away, or the worker falls behind, slots pile up. Before a server is full, the lanes are refused
 * one after the other, so that the memory that is left goes to what is higher:
 *
 *     0 %                 FLOODGATE_QUEUE_MEMORY_PERCENT                                100 %
 *     |--- all are taken ---|-- no low --|-- no normal --|-- nothing at all --|
 *
 * The two other marks divide what is above the share into three. What else lives on the server (ballot-once marks,
 * tallies) fills it, too; but with a worker that keeps up, a slot needs its memory for less than a second, and
 * nothing is refused.
 *
 * Memory comes in pages, each for items of about one size, so a server may refuse a slot before its items amount to
 * the share. A refused slot is an answer like any other: it closes all lanes for a moment, and the lower ones
 * for some more.
 *
 * A front looks once a second, whatever the number of votes; a look is one round trip, four when the share is
 * reached. The worker draws the same conclusions from its own survey.
 */

import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenAway } from "../memcached/failure.ts";
import { readMemory } from "../memcached/memory-stats.ts";
import { serversUp } from "../memcached/placement.ts";
import type { Epoch, QueueName } from "../model/ids.ts";
import { type Lane, lanes } from "../model/lane.ts";
import { readCheckpoints, readQueues } from "./slots.ts";

/** What is known of one server's memory. */
export interface ServerMemory {
  readonly usedPercent: number;
  /** Slots wait that had to be flushed long ago. */
  readonly behind: boolean;
}

/** Slots that wait for so long are no passing burst: nobody is flushing, or not fast enough. */
export const behindMs = 3 * SECOND;
const lookMs = SECOND;
const fullMs = SECOND;
const nearlyFullMs = 5 * SECOND;

/** How many thirds of what is above the share a lane may use. */
const thirds: Readonly<Record<Lane, number>> = { high: 2, normal: 1, low: 0 };

/** From how much of a server's memory on a lane is refused. */
export function refusedFromPercent(lane: Lane, sharePercent: number): number {
  return sharePercent + ((100 - sharePercent) * thirds[lane]) / 3;
}

/**
 * The lanes that are to be refused.
 *
 * @param servers - those that can be asked. As many of them as there are `copies` must have room.
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

interface RoomOptions {
  readonly servers: readonly MemcachedClient[];
  readonly queueNames: readonly QueueName[];
  readonly copies: number;
  readonly sharePercent: number;
}

/** The newest slot of each queue at some earlier moment. */
interface Before {
  readonly atMs: number;
  readonly pointers: ReadonlyMap<Epoch, number>;
}

/** What a front knows of the room on all servers. */
export class MemoryLimits {
  readonly #options: RoomOptions;
  readonly #before = new Map<MemcachedClient, Before[]>();
  #without: readonly Lane[] = [];
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Lanes whose ballots are to be refused now. No I/O. */
  get lanesRefused(): readonly Lane[] {
    const sinceMs = monotonicMs() - this.#fullAtMs;
    if (sinceMs < fullMs) return lanes;
    if (sinceMs < nearlyFullMs)
      return lanes.filter(lane => lane !== "high" || this.#isWithout(lane));
    return this.#without;
  }

  /** A server refused a slot for want of memory, and no other one took it. */
  noteFull(): void {
    this.#fullAtMs = monotonicMs();
  }

  /** Looks once a second until `signal` is aborted. Never rejects. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(lookMs, signal);
      await this.look();
    }
  }

  /** Asks every server that is up. */
  async look(): Promise<void> {
    const { servers, copies, sharePercent } = this.#options;
    const up = serversUp(servers);
    const found = await Promise.all(
      up.map(server => orWhenAway(this.#ask(server), () => undefined)),
    );
    const known = found.filter(room => room !== undefined);
    this.#without = refusedLanes(known, copies, sharePercent);
    // Slots leave as they come: what there is no room for now there is room for soon.
    const draining = known.some(({ usedPercent }) => usedPercent >= sharePercent);
    if (draining && !known.some(({ behind }) => behind)) this.#fullAtMs = Number.NEGATIVE_INFINITY;
  }

  #isWithout(lane: Lane): boolean {
    return this.#without.includes(lane);
  }

  /** @throws MemcachedFailure. */
  async #ask(server: MemcachedClient): Promise<ServerMemory> {
    const { usedBytes, limitBytes } = await readMemory(server);
    const usedPercent = (usedBytes / limitBytes) * 100;
    if (usedPercent >= this.#options.sharePercent) {
      return { usedPercent, behind: await this.#isBehind(server) };
    }
    this.#before.delete(server);
    return { usedPercent, behind: false };
  }

  /** Compares the checkpoints, as the worker publishes them, with the pointers of some seconds ago. */
  async #isBehind(server: MemcachedClient): Promise<boolean> {
    const looks = await readQueues(server, this.#options.queueNames);
    const checkpoints = await readCheckpoints(server, looks);
    const now = monotonicMs();
    const before = this.#before.get(server) ?? [];
    before.push({ atMs: now, pointers: new Map(looks.map(look => [look.epoch, look.pointer])) });
    // The youngest of those that are old enough is what to compare with.
    while (before[1] && now - before[1].atMs >= behindMs) before.shift();
    this.#before.set(server, before);
    const [then] = before;
    if (!then || now - then.atMs < behindMs) return false;
    return looks.some(
      ({ epoch }, index) => (checkpoints[index] ?? 0) < (then.pointers.get(epoch) ?? 0),
    );
  }
}
