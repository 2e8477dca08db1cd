/**
 * The rebuild of tallies on a real memcached and MariaDB: for how many round trips the queues are frozen, and what
 * happens when a server does not answer meanwhile.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { defaultTimeouts, MemcachedClient } from "#lib/memcached/client.ts";
import type { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId, PollKey, Slug } from "#lib/model/ids.ts";
import { partsOf } from "#lib/model/tally-parts.ts";
import type { QueueProducer } from "#lib/queue/producer.ts";
import { queueName } from "#lib/queue/queue-names.ts";
import { correctCounters } from "#lib/rebuild/correct-counters.ts";
import { rebuildTallies, type TallyDeps } from "#lib/rebuild/rebuild.ts";
import { Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { findPoll } from "#lib/store/polls.ts";
import { readTally } from "#lib/tallies/counters.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { testMemcached } from "#test/support/services.ts";
import { undisturbed } from "#test/support/stalls.ts";

/** Longer than any wait of these tests: an earlier answer did not wait for a statement's deadline. */
const statementMs = 8 * SECOND;
const patienceMs = 5 * SECOND;

const bench = await startFlushBench();

/** Counts its round trips. */
class CountingClient extends MemcachedClient {
  roundTrips = 0;
  override send(pipeline: Pipeline) {
    this.roundTrips += 1;
    return super.send(pipeline);
  }
  override read(pipeline: Pipeline) {
    this.roundTrips += 1;
    return super.read(pipeline);
  }
}

function countingClient(): CountingClient {
  const client = new CountingClient(bench.client.address);
  after(() => client.close());
  return client;
}

async function newPolls(count: number) {
  const polls = [];
  for (let i = 0; i < count; i++) {
    const poll = await findPoll(bench.store, `poll-${await bench.newPoll()}` as Slug);
    assert.ok(poll);
    polls.push(poll);
  }
  return polls;
}

const newPoll = async () => (await newPolls(1))[0] ?? assert.fail();

let homes = 0;
/** A queue that no other test uses. */
function newQueue(): { producer: QueueProducer; homes: TallyDeps["homes"] } {
  const home = homes++;
  return {
    producer: bench.producer(home),
    homes: { names: [queueName("normal", home)], raiseTo: () => {} },
  };
}

const depsFor = (homes: TallyDeps["homes"], change: Partial<TallyDeps> = {}): TallyDeps => ({
  clock: { nowMs: Date.now },
  store: bench.store,
  log: createLog("test", "silent"),
  placement: new Placement([bench.client], 1),
  homes,
  copies: 1,
  ...change,
});

const vote = (producer: QueueProducer, poll: PollId) =>
  bench.enqueue(producer, batch([ballot(poll)]));

async function ballotsOf(
  poll: Parameters<typeof partsOf>[0] & { key: PollKey },
  at = bench.client,
) {
  return (await readTally(at, poll.key, partsOf(poll)))?.ballots;
}

/** Dependencies whose requests are recorded in order, with hooks to act between them. */
async function startWatched(homes: TallyDeps["homes"]) {
  const seen: ("snapshot" | "question" | "lock" | "slots")[] = [];
  const hooks: {
    onLock?: () => Promise<unknown>;
    onSlots?: () => Promise<unknown>;
    onFrozenQuestion?: () => Promise<unknown>;
  } = {};
  const database = await FaultProxy.start({ host: "127.0.0.1", port: bench.database.port });
  const memcached = await FaultProxy.start(bench.client.address);
  const url = new URL(bench.database.url);
  url.port = String(database.port);
  const store = new Store({ url: url.href, connectionsMax: 3, statementMs });
  const client = new MemcachedClient(memcached.address, { connectMs: 400, answerMs: patienceMs });
  after(async () => {
    client.close();
    await database.stop();
    await memcached.stop();
    await store.close().catch(() => {});
  });
  database.interceptRequests(async request => {
    if (request.includes("START TRANSACTION")) seen.push("snapshot");
    if (!request.includes("batches.known") && !request.includes("checkpoints.open")) return;
    const frozen = seen.lastIndexOf("lock") > seen.lastIndexOf("snapshot");
    seen.push("question");
    if (frozen) await hooks.onFrozenQuestion?.();
  });
  memcached.interceptRequests(async request => {
    if (request.includes(":s:")) {
      seen.push("slots");
      await hooks.onSlots?.();
    }
    if (request.includes(":l:")) {
      seen.push("lock");
      await hooks.onLock?.();
    }
  });
  return {
    deps: depsFor(homes, { store, placement: new Placement([bench.client], 1, [client]) }),
    seen,
    hooks,
  };
}

/** `work`, at the first call only. */
function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let done = false;
  return async () => {
    if (done) return;
    done = true;
    await work();
  };
}

describe("rebuildTallies", () => {
  it("rebuildTallies freezes the queues for as many round trips with forty polls as with one", async () => {
    const { producer, homes } = newQueue();
    const polls = await newPolls(41);
    for (const poll of polls) await vote(producer, poll.id);
    const roundTrips = async (some: typeof polls) => {
      const client = countingClient();
      const placement = new Placement([client], 1);
      const deps = depsFor(homes, { placement });
      assert.equal((await rebuildTallies(deps, some))?.length, some.length * 5);
      for (const poll of some) assert.equal(await ballotsOf(poll), 1);
      return client.roundTrips;
    };
    const forOne = await roundTrips(polls.slice(0, 1));
    assert.equal(await roundTrips(polls.slice(1)), forOne);
  });

  it("rebuildTallies reads no slot again while the queues are frozen", async () => {
    const { producer, homes } = newQueue();
    const poll = await newPoll();
    for (let i = 0; i < 40; i++) await vote(producer, poll.id);
    const { deps, seen, hooks } = await startWatched(homes);
    hooks.onSlots = once(async () => {
      for (let i = 0; i < 40; i++) await vote(producer, poll.id);
    });
    await rebuildTallies(deps, [poll]);
    assert.equal(await ballotsOf(poll), 80);
    assert.ok(!seen.slice(seen.indexOf("lock")).includes("slots"), seen.join(" "));
  });

  it("rebuildTallies starts again before it takes a lock when slots were flushed while it read", async () => {
    const { producer, homes } = newQueue();
    const poll = await newPoll();
    for (let i = 0; i < 3; i++) await vote(producer, poll.id);
    const { deps, seen, hooks } = await startWatched(homes);
    hooks.onSlots = once(() => bench.newFlusher().pass());
    await rebuildTallies(deps, [poll]);
    assert.equal(await ballotsOf(poll), 3);
    assert.equal(seen.filter(event => event === "snapshot").length, 2);
    assert.ok(seen.indexOf("lock") > seen.lastIndexOf("snapshot"), seen.join(" "));
  });

  it("rebuildTallies starts again when slots were flushed just before it had the locks", async () => {
    const { producer, homes } = newQueue();
    const poll = await newPoll();
    await vote(producer, poll.id);
    const { deps, hooks } = await startWatched(homes);
    hooks.onLock = once(async () => {
      await vote(producer, poll.id);
      await bench.newFlusher().pass();
    });
    await rebuildTallies(deps, [poll]);
    assert.equal(await ballotsOf(poll), 2);
  });
});

describe("rebuildTallies with frozen queues", () => {
  /** Runs `before` just before the locks are taken; from then on, MySQL does not answer. */
  async function withSilentMysql(
    before: (producer: QueueProducer, poll: PollId) => Promise<unknown>,
  ) {
    const { producer, homes } = newQueue();
    const poll = await newPoll();
    await vote(producer, poll.id);
    const { deps, seen, hooks } = await startWatched(homes);
    const silence = new AbortController();
    hooks.onLock = once(() => before(producer, poll.id));
    hooks.onFrozenQuestion = () => sleep(statementMs, silence.signal);
    const rebuild = rebuildTallies(deps, [poll]).then(
      () => "done",
      error => error,
    );
    const patience = new AbortController();
    const outcome = await Promise.race([rebuild, sleep(patienceMs, patience.signal)]);
    patience.abort();
    assert.ok(isStoreFailure(outcome, "unavailable"), `still waiting: ${seen.join(" ")}`);
    assert.equal(await ballotsOf(poll), undefined, "no counter was written without MySQL's answer");
    // Votes go on although MySQL is still silent.
    await vote(producer, poll.id);
    silence.abort();
    await rebuildTallies(depsFor(homes), [poll]);
    return { ballots: await ballotsOf(poll), seen };
  }

  it("rebuildTallies with frozen queues lets votes go on when MySQL does not answer about a batch", () =>
    undisturbed(async () => {
      const { ballots, seen } = await withSilentMysql(vote);
      assert.equal(ballots, 3);
      assert.equal(seen.filter(event => event === "lock").length, 2, "acquired and released");
    }));

  it("rebuildTallies with frozen queues lets votes go on when MySQL does not answer about a missing slot", () =>
    undisturbed(async () => {
      const { ballots, seen } = await withSilentMysql(async producer => {
        await producer.unlock(await producer.waitForLock(await producer.takeTicket()));
      });
      assert.equal(ballots, 2);
      assert.equal(seen.filter(event => event === "lock").length, 2, "acquired and released");
    }));

  it("rebuildTallies with frozen queues writes nothing to a server that answers after the lease", () =>
    undisturbed(async () => {
      const { producer, homes } = newQueue();
      const poll = await newPoll();
      await vote(producer, poll.id);
      const { port } = await testMemcached();
      const proxy = await FaultProxy.start({ host: "127.0.0.1", port });
      const client = new MemcachedClient(proxy.address, { connectMs: 400, answerMs: patienceMs });
      after(async () => {
        client.close();
        await proxy.stop();
      });
      // The counters are read with the queues frozen; before the answer arrives, the locks expire and a vote is cast.
      let late: Promise<void> | undefined;
      const voteLate = async () => {
        await producer.unlock(await producer.waitForLock(await producer.takeTicket()));
        await vote(producer, poll.id);
      };
      proxy.interceptRequests(async request => {
        if (!request.includes(`t:${poll.id}:`)) return;
        late ??= voteLate();
        await Promise.allSettled([late]);
      });
      await rebuildTallies(
        depsFor(homes, { placement: new Placement([client], 1, [bench.client]) }),
        [poll],
      );
      await late;
      assert.equal(await ballotsOf(poll, client), 2);
    }));
});

describe("correctCounters with 2,000 polls", () => {
  const manyPolls = async () => {
    const poll = await newPoll();
    return Array.from({ length: 2_000 }, (_, i) => ({ ...poll, id: (100_000 + i) as PollId }));
  };

  it("correctCounters with 2,000 polls writes a few portions, and nothing when the time is over", async () => {
    const client = countingClient();
    const deps = { placement: new Placement([client], 1), clock: { nowMs: Date.now } };
    const polls = await manyPolls();
    assert.equal(await correctCounters(deps, polls, () => 3, monotonicMs()), undefined);
    assert.equal(await ballotsOf(polls[0] ?? assert.fail()), undefined);
    const before = client.roundTrips;
    const untilMs = monotonicMs() + defaultTimeouts.answerMs * 20;
    const corrections = await correctCounters(deps, polls, () => 3, untilMs);
    assert.equal(corrections?.length, polls.length * 5);
    assert.ok(client.roundTrips - before <= 8, `${client.roundTrips - before} round trips`);
    for (const poll of [polls[0], polls.at(-1)])
      assert.equal(await ballotsOf(poll ?? assert.fail()), 3);
  });
});
