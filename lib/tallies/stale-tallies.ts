/**
 * Tallies that missed a move, because their server was away when ballots were accepted. A tally that is
 * known to be wrong is worse than none: as soon as its server is back it is taken away, and made again
 * exactly by whoever needs it first (`results.ts`, or the worker).
 *
 * The server's ballot-once marks missed something, too: the worker is told to put them back.
 *
 * What a front can't do because it died meanwhile, the worker's regular comparison does.
 */

import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenAway } from "../memcached/failure.ts";
import { marksRestoredKey, tallyKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { PollId } from "../model/ids.ts";

export class StaleTallies {
  readonly #polls = new Map<MemcachedClient, Set<PollId>>();

  note(server: MemcachedClient, polls: Iterable<PollId>): void {
    const missed = this.#polls.get(server) ?? new Set();
    this.#polls.set(server, missed);
    for (const poll of polls) missed.add(poll);
  }

  /** Nothing, nearly always, for no I/O; otherwise one write to each server that is back. */
  async withdraw(): Promise<void> {
    for (const [server, polls] of this.#polls) {
      if (!server.available) continue;
      const p = new Pipeline();
      for (const poll of polls) {
        p.delete(tallyKey(poll, "b"));
        p.delete(tallyKey(poll, "v"));
      }
      p.delete(marksRestoredKey);
      this.#polls.delete(server);
      await orWhenAway(server.send(p), () => this.note(server, polls));
    }
  }
}
