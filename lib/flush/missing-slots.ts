/**
 * Numbers that were taken and whose slots nobody wrote: each is waited for, and passed when its grace time is over.
 *
 * Invariant: a number is passed only by winning the `add` of a tombstone (`queue/slots.ts`).
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
  /** When each number was first seen without a slot; monotonic. */
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

  /** Makes tombstones of a window's missing numbers whose time is over. True when one turned out to be written. */
  async pass(window: Window): Promise<boolean> {
    const { queue, epoch } = this.#queue;
    const now = monotonicMs();
    for (const slot of this.#missingSince.keys()) {
      if (slot <= window.last && !window.missing.has(slot)) this.#missingSince.delete(slot);
    }
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
}
