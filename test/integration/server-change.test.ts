/** The change from one list of servers to the next, step by step, as workers carry it out. */
import assert from "node:assert/strict";
import { after, beforeEach, describe, it } from "node:test";
import { HOUR, monotonicMs, sleep } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { loadConfig } from "#lib/config/config.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { publishedKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { Slug } from "#lib/model/ids.ts";
import { addArrived } from "#lib/store/acceptances.ts";
import { endProcesses } from "#lib/store/fleet-processes.ts";
import { insertServerList, readServerLists } from "#lib/store/server-lists.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { testClient, testMemcached } from "#test/support/services.ts";
import { ServerChange } from "../../worker/server-change.ts";
import { buildWorker, type WorkerParts } from "../../worker/worker-parts.ts";

const { database, memcached, newPoll, store } = await startFlushBench();
const added = await testMemcached();
const addedClient = testClient(added.port);
after(() => addedClient.close());
const running = new Set<TestWorker>();

/** A worker whose settings name both servers, while the site has agreed on the first one. */
class TestWorker {
  readonly parts: WorkerParts;
  readonly #change: ServerChange;

  constructor() {
    const config = loadConfig({
      DATABASE_URL: database.url,
      MEMCACHED_SERVERS: `${memcached.address},${added.address}`,
      FLOODGATE_QUEUE_SERVERS: memcached.address,
      FLOODGATE_QUEUE_COPIES: "2",
      FLOODGATE_SECRET: "a secret of the tests with 32 letters",
      NODE_ENV: "test",
    });
    this.parts = buildWorker(config, createLog("test", "silent"));
    this.#change = new ServerChange(this.parts);
    running.add(this);
  }

  /** Takes the newest step and says so in the fleet record. */
  async report(): Promise<void> {
    const { agreed, registration } = this.parts;
    await agreed.take();
    await registration.report({ heldSinceMs: undefined, clockAheadMs: 0 });
  }

  /** One pass, and what can be done for the change after it. */
  async step(): Promise<void> {
    await this.report();
    await this.#pass();
  }

  /** As a command that makes one pass: it is not in the fleet record. */
  async passOnce(): Promise<void> {
    const { agreed, background } = this.parts;
    await agreed.take();
    await this.#pass();
    await background.ended();
  }

  async #pass(): Promise<void> {
    const { flusher, placement } = this.parts;
    const startedMs = monotonicMs();
    const summary = await placement.hold(() => flusher.pass());
    await this.#change.advance({ summary, startedMs, lastDisturbanceMs: 0 });
  }

  /** This worker's client of the new server. */
  get added(): MemcachedClient {
    return this.parts.placement.clientOf(added.address);
  }

  async stop(): Promise<void> {
    running.delete(this);
    await endProcesses(store, [this.parts.registration.identity.id]);
    await this.parts.close();
  }
}

async function position(): Promise<string> {
  const lists = await readServerLists(store);
  return `${lists?.newest.version} ${lists?.step}`;
}

/** The workers go on, in turns, until the change has come to a step. */
const reaches = (wanted: string, workers: readonly TestWorker[]) =>
  waitUntil(
    `step ${wanted}`,
    async () => {
      for (const worker of workers) await worker.step();
      return (await position()) === wanted;
    },
    { withinMs: 30_000 },
  );

async function goOn(workers: readonly TestWorker[], ms: number): Promise<void> {
  const untilMs = monotonicMs() + ms;
  while (monotonicMs() < untilMs) {
    for (const worker of workers) await worker.step();
    await sleep(20);
  }
}

/** Holds the next request to a server until it may go on. */
function heldRequest(server: MemcachedClient) {
  const send = server.send.bind(server);
  const held = { isHeld: false, goOn: () => {} };
  const gate = new Promise<void>(resolve => {
    held.goOn = resolve;
  });
  server.send = async pipeline => {
    server.send = send;
    held.isHeld = true;
    await gate;
    return send(pipeline);
  };
  return held;
}

async function slugOfNewPoll(opensInMs: number): Promise<Slug> {
  const id = await newPoll();
  const opensAt = new Date(Date.now() + opensInMs);
  await store.write("test.opens", "UPDATE polls SET opens_at = ? WHERE id = ?", [opensAt, id]);
  const [row] = await store.rows("test.slug", "SELECT slug FROM polls WHERE id = ?", [id]);
  return row?.slug as Slug;
}

async function isOnAdded(slug: Slug): Promise<boolean> {
  const pipeline = new Pipeline();
  const op = pipeline.get(publishedKey(slug));
  return (await addedClient.read(pipeline)).of(op) !== null;
}

describe("a change of servers", { concurrency: false }, () => {
  beforeEach(async () => {
    for (const worker of running) await worker.stop();
    for (const table of ["server_lists", "processes", "acceptances"]) {
      await store.write("test.empty", `DELETE FROM ${table}`);
    }
    const servers = { memcached: [memcached.address], queues: [memcached.address] };
    await insertServerList(store, { version: 1, rule: "rendezvous", ...servers }, "settled");
    const longAgo = new Date(Date.now() - HOUR);
    await store.write("test.list", "UPDATE server_lists SET changed_at = ?", [longAgo]);
  });
  after(async () => {
    for (const worker of running) await worker.stop();
  });

  it("a poll that opens later is published on the new server", async () => {
    const slug = await slugOfNewPoll(HOUR);
    const worker = new TestWorker();
    await reaches("2 settled", [worker]);
    assert.equal(await isOnAdded(slug), true);
  });

  it("a new server that is away does not count as filled", async () => {
    const slug = await slugOfNewPoll(-HOUR);
    const worker = new TestWorker();
    await reaches("2 joining", [worker]);
    await added.child.pause();
    try {
      worker.added.suspend();
      await goOn([worker], 3_000);
      assert.equal(await position(), "2 joining");
    } finally {
      added.child.signal("SIGCONT");
    }
    await waitUntil("the server", () => worker.added.available);
    await reaches("2 settled", [worker]);
    assert.equal(await isOnAdded(slug), true);
  });

  it("a worker that is slow to empty a new server removes nothing that others have placed there", async () => {
    const slug = await slugOfNewPoll(-HOUR);
    const leftover = new Pipeline();
    leftover.overwrite(publishedKey(slug), "of an earlier list", 0);
    await addedClient.send(leftover);
    const [slow, quick] = [new TestWorker(), new TestWorker()];
    for (const worker of [slow, quick]) await worker.report();
    const removal = heldRequest(slow.added);
    try {
      await slow.step();
      await waitUntil("the slow worker", () => removal.isHeld);
      await reaches("2 joining", [quick]);
      await goOn([slow, quick], 3_000);
    } finally {
      removal.goOn();
    }
    await reaches("2 settled", [slow, quick]);
    assert.equal(await isOnAdded(slug), true);
  });

  it("a change does not wait for fronts that MySQL has forgotten, whose ballots are in a poll that is not final", async () => {
    const pollId = await newPoll();
    const producer = Buffer.from("unknown!");
    await addArrived(store, [{ pollId, producer, ballots: 1 }]);
    await store.write("test.accepted", "UPDATE acceptances SET accepted = 1");
    await reaches("2 settled", [new TestWorker()]);
  });

  it("a change goes on when each pass is made by a command of its own", async () => {
    const process = new TestWorker();
    const makesProgress = async () => {
      await process.report();
      const command = new TestWorker();
      await command.passOnce();
      await command.stop();
      return (await position()) === "2 settled";
    };
    await waitUntil("step 2 settled", makesProgress, { withinMs: 30_000 });
  });
});
