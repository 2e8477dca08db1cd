/**
 * Promise 1 with two copies: one of two memcached servers may die, stop, refuse, dawdle or come back empty,
 * also together with a front: no acknowledged ballot is lost, and answers stay fast.
 * `test/faults/catalogue/copy-faults.ts` checks that voting pauses for less than a second.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { createPoll, Ledger, results, vote } from "#test/support/ledger.ts";
import { rerouted } from "#test/support/rerouted.ts";
import { Site } from "#test/support/site.ts";
import { Control, expectWithin, longestSilence } from "#test/support/stalls.ts";

const voters = 5_000;
const connections = 50;
/** Longest wait for one vote: two deadlines and a busy machine. */
const waitMsMax = 1_500;

/** Votes with a ledger and returns the longest wait for an answer in milliseconds, without stalls of the machine. */
async function longestWait(
  site: Site,
  ledger: Ledger,
  during: () => Promise<void>,
): Promise<number> {
  const from = monotonicMs();
  const control = new Control(`${site.workers[0]?.url}/healthz`);
  const { latencies } = await ledger.run(connections, during);
  assert.equal(ledger.acknowledged, voters);
  const span = { from, to: monotonicMs() };
  return (latencies.at(-1) ?? 0) - longestSilence(await control.stop(), span);
}

describe("with two copies", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ memcached: [{}, {}], env: { FLOODGATE_QUEUE_COPIES: "2" } });
  });
  after(() => site?.stop());

  const healed = () =>
    waitUntil("both servers are used again", async () => (await site.step()) === "normal", {
      withinMs: 15_000,
    });

  /** Votes come in all the time; gives the longest wait for an answer. */
  async function underFault(fault: (ledger: Ledger) => Promise<void>): Promise<number> {
    const ledger = new Ledger(site, await createPoll(site), voters);
    const longestMs = await longestWait(site, ledger, () => fault(ledger));
    await healed();
    await ledger.assertBooks();
    return longestMs;
  }

  it("with two copies each batch is on both servers and counted once", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    await worker.child.pause();
    const slug = await createPoll(site);
    for (let i = 0; i < 5; i++) {
      assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
    }
    worker.child.signal("SIGCONT");
    await site.drained();
    assert.equal((await results(site, slug)).ballots, 5);
    await underFault(async () => {});
  });

  for (const index of [0, 1]) {
    it(`with two copies server ${index} is killed, returns empty and nothing is lost`, async () => {
      const longestMs = await underFault(async ledger => {
        await ledger.reached(0.3);
        await site.memcached[index]?.child.kill();
        assert.equal((await vote(site.url, ledger.slug, { choices: ["9"] })).status, 400);
        await ledger.reached(0.6);
        await site.restartMemcached(index);
      });
      assert.ok(longestMs < waitMsMax, `${longestMs} ms`);
    });

    it(`with two copies server ${index} is stopped for a while and nothing is lost`, async () => {
      const longestMs = await underFault(async ledger => {
        await ledger.reached(0.3);
        await site.memcached[index]?.child.pause();
        const isNoticed = async () => (await site.step()) === "fewer_servers";
        await expectWithin(5_000, "it is noticed", isNoticed);
        await ledger.reached(0.8);
        await sleep(2_000);
        site.memcached[index]?.child.signal("SIGCONT");
      });
      assert.ok(longestMs < waitMsMax, `${longestMs} ms`);
    });
  }

  it("with two copies a server dies with unflushed ballots together with their front and nothing is lost", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const front = await site.addFront();
    const ledger = new Ledger(site, await createPoll(site), voters, front);
    await worker.child.pause();
    await ledger.run(connections);
    assert.equal(ledger.acknowledged, voters);
    await site.memcached[1]?.child.kill();
    await front.child.kill();
    worker.child.signal("SIGCONT");
    await site.restartMemcached(1);
    await healed();
    await ledger.assertBooks();
  });

  it("with two copies results come from the other server while one is away", async () => {
    const slugs = [await createPoll(site), await createPoll(site)];
    for (const slug of slugs) {
      assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
      assert.equal((await results(site, slug)).ballots, 1);
    }
    await site.memcached[0]?.child.kill();
    for (const slug of slugs) {
      assert.equal((await vote(site.url, slug, { choices: ["2"] })).status, 202);
      const isShown = async () => (await results(site, slug)).ballots === 2;
      await expectWithin(5_000, "the vote shows", isShown);
    }
    await site.restartMemcached(0);
    await healed();
    for (const slug of slugs) {
      assert.equal((await vote(site.url, slug, { choices: ["2"] })).status, 202);
      await waitUntil("the vote shows", async () => (await results(site, slug)).ballots === 3, {
        withinMs: 10_000,
      });
    }
  });
});

describe("with two copies, over a bad line", () => {
  let site: Site;
  let proxy: FaultProxy;
  before(async () => {
    site = await Site.start({
      memcached: [{}, {}],
      fronts: 0,
      env: { FLOODGATE_QUEUE_COPIES: "2" },
    });
    proxy = await FaultProxy.start({ host: "127.0.0.1", port: site.memcached[1]?.port ?? 0 });
    // The front alone sees the second server through the proxy; the worker sees it as it is.
    await site.addFront(rerouted(site.memcached[1]?.port ?? 0, proxy.port));
  });
  after(async () => {
    await site?.stop();
    await proxy?.stop();
  });

  const faults: Record<string, () => void> = {
    slow: () => proxy.delay(600),
    "cut off": () => proxy.stall(),
    refusing: () => {
      proxy.refuse();
      proxy.reset();
    },
  };
  for (const [name, fault] of Object.entries(faults)) {
    it(`with two copies nothing is lost while the second server is ${name}`, async () => {
      const ledger = new Ledger(site, await createPoll(site), voters);
      const longestMs = await longestWait(site, ledger, async () => {
        await ledger.reached(0.3);
        fault();
        await ledger.reached(0.8);
        proxy.heal();
      });
      assert.ok(longestMs < waitMsMax, `${longestMs} ms`);
      await ledger.assertBooks();
    });
  }
});
