/** The work of a worker besides flushing, on a real memcached and MariaDB. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { loadConfig } from "#lib/config/config.ts";
import type { OptionNumber, PollId } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { partOf } from "#lib/model/tally-parts.ts";
import { readTally } from "#lib/tallies/counters.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { Maintenance, onePass } from "../../worker/maintenance.ts";
import { buildWorker } from "../../worker/worker-parts.ts";

const bench = await startFlushBench();

function newWorker() {
  const config = loadConfig({
    NODE_ENV: "test",
    DATABASE_URL: bench.database.url,
    MEMCACHED_SERVERS: bench.client.name,
    FLOODGATE_SECRET: "x".repeat(32),
  });
  const worker = buildWorker(config, createLog("test", "silent"));
  const maintenance = new Maintenance(worker);
  after(() => worker.close());
  return { ...worker, pass: () => onePass(worker, maintenance, { waitForMissing: false }) };
}

describe("doubtful tallies", () => {
  it("doubtful tallies are corrected in portions, and stay doubtful until then", async () => {
    const { doubtful, pass } = newWorker();
    const polls: PollId[] = [];
    for (let i = 0; i < 250; i++) polls.push(await bench.newPoll());
    doubtful.add(polls);
    await pass();
    assert.equal(doubtful.ids.size, 50, "the rest is left for the next pass");
    const isRebuilt = async (poll: PollId) =>
      (await readTally(bench.client, keyOfId(poll), [partOf(1 as OptionNumber, 0)])) !== undefined;
    for (const poll of polls) assert.ok(doubtful.ids.has(poll) || (await isRebuilt(poll)));
    const restIsRebuilt = async () => {
      await pass();
      return doubtful.ids.size === 0;
    };
    await waitUntil("the rest", restIsRebuilt, { withinMs: 20_000 });
    for (const poll of polls) assert.ok(await isRebuilt(poll));
  });

  it("doubtful tallies are dropped when their poll is final", async () => {
    const { doubtful, pass } = newWorker();
    const poll = await bench.newPoll();
    await bench.store.write("test.final", "UPDATE polls SET finalized_at = ? WHERE id = ?", [
      new Date(),
      poll,
    ]);
    doubtful.add([poll]);
    await pass();
    assert.equal(doubtful.ids.size, 0);
  });
});
