import assert from "node:assert/strict";
import { it } from "node:test";
import { pino } from "pino";
import { AcceptedCount } from "../books/accepted-count.ts";
import { MemcachedClient } from "../memcached/client.ts";
import { Placement } from "../memcached/placement.ts";
import { ReplayRing } from "../queue/replay-ring.ts";
import { Store } from "../store/database.ts";
import { StoreBreaker } from "../store/store-breaker.ts";
import { StaleTallies } from "../tallies/stale-tallies.ts";
import { DirectCommit } from "./direct-commit.ts";
import { watchReplayRing } from "./replay.ts";

const server = new MemcachedClient({ host: "127.0.0.1", port: 1 });
const tallies = new Placement([server], 1);
const staleTallies = new StaleTallies();

/** What `watchReplayRing` logs until it is aborted. */
async function logged(ring: ReplayRing, stop: AbortSignal): Promise<unknown[]> {
  const lines: unknown[] = [];
  const log = pino(
    { base: null, timestamp: false, formatters: { level: label => ({ level: label }) } },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const url = "mysql://nobody@127.0.0.1:1/none";
  const store = new Store({ url, connectionsMax: 1, statementMs: 1_000 });
  const producer = Buffer.alloc(8);
  const acceptedCount = new AcceptedCount({
    producer,
    home: 0,
    directory: undefined,
    placement: tallies,
    log,
  });
  const directCommit = new DirectCommit({
    clock: { nowMs: Date.now },
    log,
    store: new StoreBreaker(store, log),
    tallies,
    staleTallies,
    acceptedCount,
    ballotsPerSecond: 1,
  });
  const targets = { queues: [], copies: 1, order: [server] };
  await watchReplayRing(
    {
      log,
      ring,
      targets,
      tallies,
      staleTallies,
      directCommit,
    },
    stop,
  );
  await store.close();
  return lines;
}

it("watchReplayRing warns how many batches a full ring has dropped", async () => {
  const ring = new ReplayRing(10);
  for (let batch = 0; batch < 4; batch++) ring.remember(Buffer.alloc(5), [], 0);
  assert.deepEqual(await logged(ring, AbortSignal.abort()), [
    { level: "warn", event: "replay_ring_full", dropped: 2 },
  ]);
});

it("watchReplayRing logs nothing while the ring is not full", async () => {
  const ring = new ReplayRing(10);
  ring.remember(Buffer.alloc(5), [], 0);
  assert.deepEqual(await logged(ring, AbortSignal.abort()), []);
});
