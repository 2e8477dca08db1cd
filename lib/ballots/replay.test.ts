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
const missed = new StaleTallies();

/** What watching over a ring logs until it is called off. */
async function logged(ring: ReplayRing, calledOff: AbortSignal): Promise<unknown[]> {
  const lines: unknown[] = [];
  const log = pino(
    { base: null, timestamp: false, formatters: { level: label => ({ level: label }) } },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const url = "mysql://nobody@127.0.0.1:1/none";
  const store = new Store({ url, connectionsMax: 1, statementMs: 1_000 });
  const producer = Buffer.alloc(8);
  const tape = new AcceptedCount({
    producer,
    home: 0,
    directory: undefined,
    placement: tallies,
    log,
  });
  const fallback = new DirectCommit({
    log,
    store: new StoreBreaker(store, log),
    tallies,
    staleTallies: missed,
    acceptedCount: tape,
    ballotsPerSecond: 1,
  });
  const targets = { sides: [], copies: 1, order: [server] };
  await watchReplayRing(
    {
      log,
      ring,
      targets,
      tallies,
      staleTallies: missed,
      markServers: [server],
      directCommit: fallback,
    },
    calledOff,
  );
  await store.close();
  return lines;
}

it("says that batches were let go because the ring was full, and how many", async () => {
  const ring = new ReplayRing(10);
  for (let batch = 0; batch < 4; batch++) ring.remember(Buffer.alloc(5), []);
  assert.deepEqual(await logged(ring, AbortSignal.abort()), [
    { level: "warn", event: "replay_ring_full", dropped: 2 },
  ]);
});

it("says nothing of a ring that has room", async () => {
  const ring = new ReplayRing(10);
  ring.remember(Buffer.alloc(5), []);
  assert.deepEqual(await logged(ring, AbortSignal.abort()), []);
});
