/**
 * Stale tallies: those that missed a move, because their server was away when ballots were accepted. A wrong tally
 * is worse than none, so it is removed as soon as its server is back. The next reader of the results, or the
 * worker, rebuilds it.
 *
 * The server's marks are incomplete as well; the same write makes the worker restore them.
 *
 * **On failure:** when the front dies first, the worker's regular comparison finds the tally.
 */
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { marksRestoredKeys, tallyKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { PollKey } from "../model/ids.ts";

export class StaleTallies {
  readonly #polls = new Map<MemcachedClient, Set<PollKey>>();

  note(server: MemcachedClient, polls: Iterable<PollKey>): void {
    const stale = this.#polls.get(server) ?? new Set();
    this.#polls.set(server, stale);
    for (const poll of polls) stale.add(poll);
  }

  /** **Cost:** one write to each server that is back; usually there is none, and no I/O. */
  async removeFromMemcached(): Promise<void> {
    // A copy: a write that fails notes its server again, for the next call.
    for (const [server, polls] of [...this.#polls]) {
      if (!server.available) continue;
      const pipeline = new Pipeline();
      for (const poll of polls) {
        pipeline.delete(tallyKey(poll, "b"));
        pipeline.delete(tallyKey(poll, "v"));
      }
      for (const key of marksRestoredKeys) pipeline.delete(key);
      this.#polls.delete(server);
      await orWhenMemcachedFails(server.send(pipeline), () => this.note(server, polls));
    }
  }
}
