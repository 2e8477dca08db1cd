import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MemcachedClient } from "../memcached/client.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import type { Pipeline } from "../memcached/pipeline.ts";
import type { PollKey } from "../model/ids.ts";
import { StaleTallies } from "./stale-tallies.ts";

/** A server that records the number of deletions in each write. */
function serverOf() {
  const writes: number[] = [];
  const server = {
    available: true,
    failing: false,
    send: async (pipeline: Pipeline) => {
      if (server.failing) throw new MemcachedFailure("unknown", "x");
      writes.push(pipeline.size);
    },
  };
  return { server, client: server as unknown as MemcachedClient, writes };
}

const polls = (...keys: number[]) => keys.map(String) as PollKey[];

describe("StaleTallies", () => {
  it("StaleTallies writes nothing when no tally is stale", async () => {
    const { writes } = serverOf();
    await new StaleTallies().removeFromMemcached();
    assert.deepEqual(writes, []);
  });

  it("StaleTallies deletes two counters of each stale tally and the progress of marks, once", async () => {
    const { client, writes } = serverOf();
    const stale = new StaleTallies();
    stale.note(client, polls(1, 2));
    stale.note(client, polls(2));
    await stale.removeFromMemcached();
    await stale.removeFromMemcached();
    assert.deepEqual(writes, [2 * 2 + 2]);
  });

  it("StaleTallies deletes the progress of marks also when no poll is named", async () => {
    const { client, writes } = serverOf();
    const stale = new StaleTallies();
    stale.note(client, []);
    await stale.removeFromMemcached();
    assert.deepEqual(writes, [2]);
  });

  it("StaleTallies waits while the server is away", async () => {
    const { server, client, writes } = serverOf();
    const stale = new StaleTallies();
    server.available = false;
    stale.note(client, polls(1));
    await stale.removeFromMemcached();
    assert.deepEqual(writes, []);
    server.available = true;
    await stale.removeFromMemcached();
    assert.deepEqual(writes, [4]);
  });

  it("StaleTallies tries again after a write that failed", async () => {
    const { server, client, writes } = serverOf();
    const stale = new StaleTallies();
    stale.note(client, polls(1));
    server.failing = true;
    await stale.removeFromMemcached();
    server.failing = false;
    await stale.removeFromMemcached();
    assert.deepEqual(writes, [4]);
  });
});
