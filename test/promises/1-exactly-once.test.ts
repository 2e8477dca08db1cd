/**
 * Promise 1: every acknowledged ballot ends up in MySQL exactly once, although processes are killed.
 * Real processes, real `kill -9`, while real HTTP votes come in.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

const voters = 6_000;
const connections = 50;

describe("exactly once", () => {
  let site: Site;
  before(async () => {
    // Flushing is allowed here: one of the tests does what an operator must not do.
    const options = ["-M", "-U", "0", "-c", "1024", "-o", "idle_timeout=60,slab_automove_window=3"];
    site = await Site.start({ memcached: [{ memoryMb: 256, options }] });
  });
  after(() => site?.stop());

  it("every acknowledged ballot is in MySQL once without any fault", async () => {
    const ledger = new Ledger(site, await createPoll(site), voters);
    await ledger.run(connections);
    assert.equal(ledger.acknowledged, voters);
    await ledger.assertBooks();
    ledger.assertDuplicatesRefused();
  });

  it("every acknowledged ballot is in MySQL once when the worker is killed repeatedly", async () => {
    const ledger = new Ledger(site, await createPoll(site), voters);
    const [worker] = site.workers;
    assert.ok(worker);
    await ledger.run(connections, async () => {
      for (const share of [0.2, 0.35, 0.5, 0.65, 0.8]) {
        await ledger.reached(share);
        await worker.child.kill();
        await site.restartWorker(worker);
      }
    });
    assert.equal(ledger.acknowledged, voters);
    await ledger.assertBooks();
    ledger.assertDuplicatesRefused();
  });

  it("every acknowledged ballot is in MySQL once when more workers and cron runs flush concurrently", async () => {
    const more = [await site.addWorker(), await site.addWorker()];
    const ledger = new Ledger(site, await createPoll(site), voters);
    let loading = true;
    await Promise.all([
      ledger.run(connections).finally(() => {
        loading = false;
      }),
      (async () => {
        while (loading) {
          await site.run("flush");
          await sleep(20);
        }
      })(),
    ]);
    await ledger.assertBooks();
    for (const { child } of more) await child.stop();
    site.workers.splice(1);
  });

  it("every acknowledged ballot is in MySQL once when memcached is killed and returns empty while the front lives", async () => {
    const ledger = new Ledger(site, await createPoll(site), voters);
    await ledger.run(connections, async () => {
      await ledger.reached(0.4);
      const before = await directBatches(site);
      await site.memcached[0]?.child.kill();
      await waitUntil("a batch straight into MySQL", async () => {
        return (await directBatches(site)) > before;
      });
      await site.restartMemcached();
    });
    assert.equal(ledger.acknowledged, voters);
    await ledger.assertBooks();
  });

  it("every acknowledged ballot is in MySQL once when memcached dies with unflushed ballots", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const ledger = new Ledger(site, await createPoll(site), voters);
    await worker.child.pause();
    await ledger.run(connections);
    await site.memcached[0]?.child.kill();
    await site.restartMemcached();
    worker.child.signal("SIGCONT");
    assert.equal(ledger.acknowledged, voters);
    await ledger.assertBooks();
  });

  it("every acknowledged ballot is in MySQL once after flush_all", async () => {
    const ledger = new Ledger(site, await createPoll(site), voters);
    await ledger.run(connections, async () => {
      for (const share of [0.3, 0.6]) {
        await ledger.reached(share);
        await flushAll(site.memcached[0]?.port ?? 0);
      }
    });
    assert.equal(ledger.acknowledged, voters);
    await ledger.assertBooks();
  });

  it("every ballot that a killed front acknowledged counts once, and any other at most once", async () => {
    const front = await site.addFront();
    const ledger = new Ledger(site, await createPoll(site), voters, front);
    const { brokenConnections } = await ledger.run(connections, async () => {
      for (const share of [0.3, 0.6]) {
        await ledger.reached(share);
        await front.child.kill();
        await site.restartFront(front);
      }
    });
    assert.ok(brokenConnections > 0, "the fault must have taken effect");
    await ledger.assertBooks();
  });
});

/** Batches that fronts brought into MySQL themselves, because memcached was away. */
async function directBatches(site: Site): Promise<number> {
  const sql = "SELECT COUNT(*) AS n FROM batches WHERE epoch = 'direct'";
  const [row] = await site.query<RowDataPacket>(sql);
  return Number(row?.n);
}

async function flushAll(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.write("flush_all\r\n");
  await new Promise(resolve => socket.once("data", resolve));
  socket.destroy();
}
