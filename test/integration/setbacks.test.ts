/**
 * MySQL goes back to an earlier state under a living worker: what is still in memcached is flushed again, once, and the
 * flush goes on in any case.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { readBooks } from "#lib/books/books.ts";
import { CountGatherer } from "#lib/books/gather-counts.ts";
import type { Flusher, PassSummary } from "#lib/flush/flusher.ts";
import { RecentBatches } from "#lib/flush/recent-batches.ts";
import { commitWork } from "#lib/flush/transaction.ts";
import { acceptedKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import { type Epoch, type PollId, producerBytes } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { deleteSlots, readSlots } from "#lib/queue/slots.ts";
import { type Row, Store } from "#lib/store/database.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { Backup } from "#test/support/restored-backup.ts";

let setbacks = 0;
const bench = await startFlushBench({
  keep: { keepMs: 60_000, keepMarginMs: 0 },
  onSetback: () => {
    setbacks += 1;
  },
});
const { newFlusher, newPoll, producer, enqueue, totals, count, store } = bench;
const notKept = { keep: { keepMs: 0, keepMarginMs: 0 } };

const takeBackup = () => Backup.take(bench.database.adminUrl);

async function cast(poll: PollId, slots: number, home = 0): Promise<void> {
  for (let i = 0; i < slots; i++) await enqueue(producer(home), batch([ballot(poll)]));
}

/** Passes until MySQL has these ballots and nothing waits; resolves with the sums of all passes. */
async function flushed(
  flusher: Flusher,
  poll: PollId,
  ballots: number,
): Promise<Pick<PassSummary, "missing" | "counted">> {
  const sums = { missing: 0, counted: 0 };
  await waitUntil(
    `${ballots} ballots in MySQL`,
    async () => {
      const { waiting, missing, counted } = await flusher.pass();
      sums.missing += missing;
      sums.counted += counted;
      return waiting === 0 && (await totals(poll)).ballots === ballots;
    },
    { withinMs: 15_000 },
  );
  return sums;
}

const setbacksDuring = async (work: () => Promise<unknown>): Promise<number> => {
  const before = setbacks;
  await work();
  return setbacks - before;
};

describe("a worker whose MySQL went back", () => {
  it("a worker flushes kept slots again when its checkpoint is lower than it left it", async () => {
    const poll = await newPoll();
    const flusher = newFlusher();
    await cast(poll, 3);
    await flushed(flusher, poll, 3);
    const backup = await takeBackup();
    await cast(poll, 4);
    await flushed(flusher, poll, 7);
    const found = await setbacksDuring(async () => {
      await backup.restore();
      assert.equal((await totals(poll)).ballots, 3);
      await flushed(flusher, poll, 7);
      await sleep(1_100);
      await flusher.pass();
    });
    assert.equal(found, 1, "the setback is told once");
    assert.deepEqual(await totals(poll), { ballots: 7, duplicates: 0, votes: [7, 0, 0, 0] });
    assert.equal(await count("ballots", `poll_id = ${poll}`), 7);
  });

  it("a worker flushes kept slots again when the row of its checkpoint is gone, and goes on with new slots", async () => {
    const poll = await newPoll();
    const backup = await takeBackup();
    const flusher = newFlusher();
    await cast(poll, 5, 1);
    await flushed(flusher, poll, 5);
    const found = await setbacksDuring(async () => {
      await backup.restore();
      await cast(poll, 2, 1);
      const { missing } = await flushed(flusher, poll, 7);
      assert.equal(missing, 0);
    });
    assert.equal(found, 1);
    assert.equal(await count("ballots", `poll_id = ${poll}`), 7);
  });

  it("a worker passes deleted slots at once, and does not count them as missing", async () => {
    const poll = await newPoll();
    await cast(poll, 1, 2);
    const flusher = newFlusher({ ...notKept, graceMs: 60_000 });
    await flushed(flusher, poll, 1);
    for (const isRowGone of [false, true]) {
      const backup = await takeBackup();
      const { ballots } = await totals(poll);
      await cast(poll, 70, 2);
      await flushed(flusher, poll, ballots + 70);
      await backup.restore();
      if (isRowGone)
        await store.write("test.gone", "DELETE FROM checkpoints WHERE queue LIKE '%.2'");
      await cast(poll, 2, 2);
      const { missing } = await flushed(flusher, poll, ballots + 2);
      assert.equal(missing, 0);
    }
  });

  it("a worker passes deleted slots between kept ones", async () => {
    const poll = await newPoll();
    const backup = await takeBackup();
    const flusher = newFlusher({ graceMs: 60_000 });
    const slots = [];
    for (let i = 0; i < 6; i++) slots.push(await enqueue(producer(3), batch([ballot(poll)])));
    await flushed(flusher, poll, 6);
    const [, , third, fourth] = slots;
    assert.ok(third && fourth);
    const { queue } = producer(3);
    await deleteSlots(bench.client, queue, third.epoch, [third.slot, fourth.slot]);
    await backup.restore();
    const { missing } = await flushed(flusher, poll, 4);
    assert.equal(missing, 0);
  });

  it("a worker counts a batch once whose copies are in two queues, and no copy is skipped as known", async () => {
    const poll = await newPoll();
    const flusher = newFlusher();
    await cast(poll, 1, 0);
    await cast(poll, 1, 1);
    await flushed(flusher, poll, 2);
    const backup = await takeBackup();
    const twice = batch([ballot(poll), ballot(poll)]);
    for (const home of [0, 1]) await enqueue(producer(home), twice);
    await flushed(flusher, poll, 4);
    await backup.restore();
    await flushed(flusher, poll, 4);
    assert.equal(await count("ballots", `poll_id = ${poll}`), 4);
  });

  it("a worker that has just started finds the setback by the published checkpoint", async () => {
    const poll = await newPoll();
    await cast(poll, 1);
    const earlier = newFlusher(notKept);
    await flushed(earlier, poll, 1);
    const backup = await takeBackup();
    await cast(poll, 3);
    await flushed(earlier, poll, 4);
    await backup.restore();
    await cast(poll, 1);
    const found = await setbacksDuring(async () => {
      await flushed(newFlusher({ ...notKept, graceMs: 60_000 }), poll, 2);
    });
    assert.equal(found, 1);
  });

  it("a worker commits slots again that it had committed behind a missing slot", async () => {
    const poll = await newPoll();
    const flusher = newFlusher({ graceMs: 2_500 });
    const home = producer(1);
    await cast(poll, 1, 1);
    await flushed(flusher, poll, 1);
    const backup = await takeBackup();
    await home.takeTicket(); // and never writes its slot
    await sleep(2_050); // the lease of its lock
    await cast(poll, 2, 1);
    await flusher.pass();
    assert.equal((await totals(poll)).ballots, 3);
    await backup.restore();
    await flushed(flusher, poll, 3);
    assert.equal(await count("ballots", `poll_id = ${poll}`), 3);
  });
});

describe("a worker whose MySQL did not go back", () => {
  it("workers side by side that commit in turn find no setback", async () => {
    const poll = await newPoll();
    const [one, other] = [newFlusher(), newFlusher({ recent: new RecentBatches() })];
    const found = await setbacksDuring(async () => {
      for (let round = 1; round <= 12; round++) {
        await cast(poll, 3, round % 2);
        await Promise.all([one.pass(), other.pass()]);
        await sleep(200);
      }
      await flushed(one, poll, 36);
    });
    assert.equal(found, 0);
    assert.equal(await one.confirm(), true);
  });

  it("a locked checkpoint is busy, and one without a row is lost", async () => {
    const poll = await newPoll();
    await cast(poll, 1);
    await flushed(newFlusher(), poll, 1);
    const [row] = await store.rows<Row & { readonly epoch: Epoch; readonly slot: number }>(
      "test.epoch",
      "SELECT epoch, slot FROM checkpoints WHERE closed_at IS NULL LIMIT 1",
    );
    assert.ok(row);
    const from = Number(row.slot);
    const work = { from, to: from, slots: [], deadLetters: [], deleted: 0, missing: 0, before: [] };
    const commit = (epoch: Epoch) => commitWork(store, { ...work, epoch }, Date.now());
    await store.transaction(async db => {
      await db.rows("test.lock", "SELECT slot FROM checkpoints WHERE epoch = ? FOR UPDATE", [
        row.epoch,
      ]);
      assert.deepEqual(await commit(row.epoch), { outcome: "busy" });
    });
    assert.deepEqual(await commit("neveropened0" as Epoch), { outcome: "lost" });
  });
});

describe("the accepted counts that a worker gathers", () => {
  it("the accepted counts are copied into MySQL again after MySQL has lost them", async () => {
    const poll = await newPoll();
    const backup = await takeBackup();
    const placement = new Placement([bench.client], 1);
    const gatherer = new CountGatherer(store, placement);
    const sent = batch([ballot(poll)]);
    const pipeline = new Pipeline();
    pipeline.overwrite(acceptedKey(sent.id.subarray(0, producerBytes), keyOfId(poll)), "12", 60);
    await bench.client.send(pipeline);
    const accepted = async () => {
      await gatherer.gather();
      return (await readBooks(store, [poll])).get(poll)?.accepted;
    };
    gatherer.committed([sent]);
    assert.equal(await accepted(), 12);
    await backup.restore();
    assert.equal(await accepted(), 0, "the worker believes that MySQL has them");
    gatherer.startAgain();
    assert.equal(await accepted(), 12);
  });
});

describe("the keep time of committed slots", () => {
  it("the keep time does not end while MySQL does not answer", async t => {
    const poll = await newPoll();
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: bench.database.port });
    const url = bench.database.url.replace(`:${bench.database.port}/`, `:${proxy.port}/`);
    const proxied = new Store({ url, connectionsMax: 2, statementMs: 1_000 });
    t.after(async () => {
      await proxied.close();
      await proxy.stop();
    });
    const backup = await takeBackup();
    const keep = { keepMs: 1_000, keepMarginMs: 5_000 };
    const flusher = newFlusher({ store: proxied, keep });
    const ticket = await enqueue(producer(), batch([ballot(poll)]));
    await flushed(flusher, poll, 1);
    const { queue } = producer();
    const isThere = async () =>
      (await readSlots(bench.client, queue, ticket.epoch, [ticket.slot])).size === 1;
    proxy.refuse();
    proxy.reset();
    const untilMs = Date.now() + 9_000;
    while (Date.now() < untilMs) {
      await flusher.pass().catch(() => {});
      await sleep(300);
    }
    assert.equal(await isThere(), true, "longer than its keep time and the margin");
    await backup.restore();
    proxy.heal();
    await flushed(flusher, poll, 1);
    await waitUntil("the end of the keep time", async () => {
      await flusher.pass();
      return !(await isThere());
    });
  });
});
