/**
 * Making tallies exact on a real memcached and MariaDB: how long the queues are held still for it, and what it
 * does when one of the servers does not answer just then.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { defaultTimeouts, MemcachedClient } from "#lib/memcached/client.ts";
import type { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId, Slug } from "#lib/model/ids.ts";
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

/** Longer than a test waits for anything: what is answered earlier has not waited for a statement to end. */
const statementMs = 8 * SECOND;
const patienceMs = 5 * SECOND;

const bench = await startFlushBench();

/** Counts what it sends. */
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

async function newPoll() {
  const [poll] = await newPolls(1);
  assert.ok(poll);
  return poll;
}

let homes = 0;
/** A queue that no other test uses. */
function newQueue(): { producer: QueueProducer; queueNames: TallyDeps["queueNames"] } {
  const home = homes++;
  return { producer: bench.producer(home), queueNames: [queueName("normal", home)] };
}

const depsFor = (
  queueNames: TallyDeps["queueNames"],
  change: Partial<TallyDeps> = {},
): TallyDeps => ({
  store: bench.store,
  log: createLog("test", "silent"),
  tallies: new Placement([bench.client], 1),
  queueServers: [bench.client],
  queueNames,
  copies: 1,
  ...change,
});

const vote = (producer: QueueProducer, poll: PollId) =>
  bench.enqueue(producer, batch([ballot(poll)]));

async function ballotsOf(poll: Parameters<typeof partsOf>[0] & { id: PollId }, at = bench.client) {
  return (await readTally(at, poll.id, partsOf(poll)))?.ballots;
}

/** What a rebuild asks, in its order, with a chance to step in. */
async function startWatched(queueNames: TallyDeps["queueNames"]) {
  const seen: ("snapshot" | "question" | "lock" | "slots")[] = [];
  const hooks: {
    onLock?: () => Promise<unknown>;
    onSlots?: () => Promise<unknown>;
    onHeldQuestion?: () => Promise<unknown>;
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
    const held = seen.lastIndexOf("lock") > seen.lastIndexOf("snapshot");
    seen.push("question");
    if (held) await hooks.onHeldQuestion?.();
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
  return { deps: depsFor(queueNames, { store, queueServers: [client] }), seen, hooks };
}

/** Does it once. */
function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let done = false;
  return async () => {
    if (done) return;
    done = true;
    await work();
  };
}

describe("making tallies exact", () => {
  it("holds the queues for as many round trips for forty polls as for one", async () => {
    const { producer, queueNames } = newQueue();
    const polls = await newPolls(41);
    for (const poll of polls) await vote(producer, poll.id);
    const roundTrips = async (some: typeof polls) => {
      const client = countingClient();
      const places = new Placement([client], 1);
      const deps = depsFor(queueNames, { tallies: places, queueServers: [client] });
      assert.equal((await rebuildTallies(deps, some))?.length, some.length * 5);
      for (const poll of some) assert.equal(await ballotsOf(poll), 1);
      return client.roundTrips;
    };
    const forOne = await roundTrips(polls.slice(0, 1));
    assert.equal(await roundTrips(polls.slice(1)), forOne);
  });

  it("reads with the locks held only what came since it looked last", async () => {
    const { producer, queueNames } = newQueue();
    const poll = await newPoll();
    for (let i = 0; i < 40; i++) await vote(producer, poll.id);
    const { deps, seen, hooks } = await startWatched(queueNames);
    hooks.onSlots = once(async () => {
      for (let i = 0; i < 40; i++) await vote(producer, poll.id);
    });
    await rebuildTallies(deps, [poll]);
    assert.equal(await ballotsOf(poll), 80);
    assert.ok(!seen.slice(seen.indexOf("lock")).includes("slots"), seen.join(" "));
  });

  it("begins again without taking a lock when slots were flushed while it read", async () => {
    const { producer, queueNames } = newQueue();
    const poll = await newPoll();
    for (let i = 0; i < 3; i++) await vote(producer, poll.id);
    const { deps, seen, hooks } = await startWatched(queueNames);
    hooks.onSlots = once(() => bench.newFlusher().pass());
    await rebuildTallies(deps, [poll]);
    assert.equal(await ballotsOf(poll), 3);
    assert.equal(seen.filter(event => event === "snapshot").length, 2);
    assert.ok(seen.indexOf("lock") > seen.lastIndexOf("snapshot"), seen.join(" "));
  });

  it("begins again when slots were flushed just before it had the locks", async () => {
    const { producer, queueNames } = newQueue();
    const poll = await newPoll();
    await vote(producer, poll.id);
    const { deps, hooks } = await startWatched(queueNames);
    hooks.onLock = once(async () => {
      await vote(producer, poll.id);
      await bench.newFlusher().pass();
    });
    await rebuildTallies(deps, [poll]);
    assert.equal(await ballotsOf(poll), 2);
  });
});

describe("while the queues are held", () => {
  /** `before` is done just before the locks are taken; from then on MySQL does not answer. */
  async function withSilentMysql(
    before: (producer: QueueProducer, poll: PollId) => Promise<unknown>,
  ) {
    const { producer, queueNames } = newQueue();
    const poll = await newPoll();
    await vote(producer, poll.id);
    const { deps, seen, hooks } = await startWatched(queueNames);
    const silence = new AbortController();
    hooks.onLock = once(() => before(producer, poll.id));
    hooks.onHeldQuestion = () => sleep(statementMs, silence.signal);
    const rebuild = rebuildTallies(deps, [poll]).then(
      () => "done",
      error => error,
    );
    const patience = new AbortController();
    const outcome = await Promise.race([rebuild, sleep(patienceMs, patience.signal)]);
    patience.abort();
    assert.ok(isStoreFailure(outcome, "unavailable"), `still waiting: ${seen.join(" ")}`);
    assert.equal(await ballotsOf(poll), undefined, "nothing was written on a guess");
    // What the locks are for goes on although MySQL is still silent.
    await vote(producer, poll.id);
    silence.abort();
    await rebuildTallies(depsFor(queueNames), [poll]);
    return { ballots: await ballotsOf(poll), seen };
  }

  it("MySQL that is silent about a batch lets voting go on", async () => {
    const { ballots, seen } = await withSilentMysql(vote);
    assert.equal(ballots, 3);
    assert.equal(seen.filter(event => event === "lock").length, 2, "taken and given back");
  });

  it("MySQL that is silent about a missing slot lets voting go on", async () => {
    const { ballots, seen } = await withSilentMysql(async producer => {
      await producer.unlock(await producer.waitForLock(await producer.takeTicket()));
    });
    assert.equal(ballots, 2);
    assert.equal(seen.filter(event => event === "lock").length, 2, "taken and given back");
  });

  it("a server with tallies that answers after the lease is written nothing", async () => {
    const { producer, queueNames } = newQueue();
    const poll = await newPoll();
    await vote(producer, poll.id);
    const { port } = await testMemcached();
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port });
    const client = new MemcachedClient(proxy.address, { connectMs: 400, answerMs: patienceMs });
    after(async () => {
      client.close();
      await proxy.stop();
    });
    // The counters are read, under the locks; before the answer comes, somebody else has them and votes.
    const late = once(async () => {
      await producer.unlock(await producer.waitForLock(await producer.takeTicket()));
      await vote(producer, poll.id);
    });
    proxy.interceptRequests(async request => {
      if (request.includes(`t:${poll.id}:`)) await late();
    });
    await rebuildTallies(depsFor(queueNames, { tallies: new Placement([client], 1) }), [poll]);
    assert.equal(await ballotsOf(poll, client), 2);
  });
});

describe("the counters of very many polls", () => {
  const manyPolls = async () => {
    const poll = await newPoll();
    return Array.from({ length: 2_000 }, (_, i) => ({ ...poll, id: (100_000 + i) as PollId }));
  };

  it("are written in a few portions, not at all when the time is over", async () => {
    const client = countingClient();
    const places = new Placement([client], 1);
    const polls = await manyPolls();
    assert.equal(await correctCounters(places, polls, () => 3, monotonicMs()), undefined);
    assert.equal(await ballotsOf(polls[0] ?? assert.fail()), undefined);
    const before = client.roundTrips;
    const untilMs = monotonicMs() + defaultTimeouts.answerMs * 20;
    const mended = await correctCounters(places, polls, () => 3, untilMs);
    assert.equal(mended?.length, polls.length * 5);
    assert.ok(client.roundTrips - before <= 8, `${client.roundTrips - before} round trips`);
    for (const poll of [polls[0], polls.at(-1)])
      assert.equal(await ballotsOf(poll ?? assert.fail()), 3);
  });
});
