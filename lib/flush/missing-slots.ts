/**
 * Missing slots: numbers that were taken and have no slot. Each has a grace time; after it, the slot is given up.
 *
 * Invariant: a slot is given up only by winning the `add` of its tombstone (`queue/slots.ts`).
 */
import { monotonicMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { placeTombstone } from "../queue/slots.ts";
import type { Checkpoint } from "../store/checkpoints.ts";
import type { FlushDeps } from "./deps.ts";
import type { Window } from "./window.ts";

export class MissingSlots {
  readonly #deps: Pick<FlushDeps, "log" | "graceMs">;
  readonly #client: MemcachedClient;
  readonly #queue: Pick<Checkpoint, "queue" | "epoch">;
  /** When each slot was first found missing; monotonic. */
  readonly #missingSince = new Map<number, number>();

  constructor(
    deps: Pick<FlushDeps, "log" | "graceMs">,
    client: MemcachedClient,
    queue: Pick<Checkpoint, "queue" | "epoch">,
  ) {
    this.#deps = deps;
    this.#client = client;
    this.#queue = queue;
  }

  /**
   * Writes tombstones for the window's missing slots whose grace time is over. True when a slot turned out to
   * be written after all.
   */
  async giveUpOverdue(window: Window): Promise<boolean> {
    const { queue, epoch } = this.#queue;
    const now = monotonicMs();
    for (const slot of this.#missingSince.keys()) {
      if (slot <= window.last && !window.missing.has(slot)) this.#missingSince.delete(slot);
    }
    let wasWritten = false;
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
          { event: "missing_slot_passed", queue, epoch, slot },
          "a slot was not written within its grace time; a tombstone is in its place",
        );
      }
      wasWritten ||= result === "written";
    }
    return wasWritten;
  }
}
