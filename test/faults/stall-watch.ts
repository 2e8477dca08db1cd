/** Measures how long voting stalled while a fault went on, in fronts that lived through it. */
import { monotonicMs } from "#lib/base/clock.ts";
import type { Process, Site } from "#test/support/site.ts";
import { Control, longestStall } from "#test/support/stalls.ts";
import type { Clients } from "./clients.ts";

/** Looks for stalls between `begin` and `end`; knows from its construction on when the machine stood still. */
export class StallWatch {
  readonly #site: Site;
  readonly #control: Control;
  #fromMs = monotonicMs();
  #alive: readonly { readonly front: Process; readonly pid: number }[] = [];

  constructor(site: Site) {
    this.#site = site;
    this.#control = new Control(`${site.workers[0]?.url}/healthz`);
  }

  begin(): void {
    this.#fromMs = monotonicMs();
    this.#alive = this.#site.fronts.map(front => ({ front, pid: front.child.pid }));
  }

  /** The longest one of any front that has lived all the while, in milliseconds. */
  async end(acknowledged: Clients["acknowledged"]): Promise<number> {
    const span = { from: this.#fromMs, to: monotonicMs() };
    const control = await this.#control.stop();
    const stalls = this.#alive
      .filter(({ front, pid }) => front.child.pid === pid)
      .map(({ front }) => longestStall(acknowledged.get(front.port) ?? [], control, span));
    return Math.round(Math.max(0, ...stalls));
  }
}
