/** Locks of queues on a real memcached: who gets one, who waits, and what becomes of it when its holder is gone. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lockKey } from "#lib/memcached/keys.ts";
import { counterValue, Pipeline } from "#lib/memcached/pipeline.ts";
import type { QueueName } from "#lib/model/ids.ts";
import { enqueueBatch } from "#lib/queue/batch-write.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { decodeBatch, encodeBatch } from "#lib/queue/slot-codec.ts";
import { readQueues, readSlots } from "#lib/queue/slots.ts";
import { freezeQueues } from "#lib/rebuild/freeze-queues.ts";
import { emptyBatch, newQueue, queueBench, to } from "#test/support/queue-bench.ts";
import { timed, undisturbed } from "#test/support/stalls.ts";

const { newClient, newProducer } = await queueBench();

/** Somebody holds the lock of a queue for longer than any lease, however long this machine stands still. */
async function holdLock(queue: QueueName): Promise<void> {
  const { epoch, session } = await newProducer(queue).takeTicket();
  const pipeline = new Pipeline();
  pipeline.delete(lockKey(queue, epoch));
  pipeline.incr(lockKey(queue, epoch), 1, { initial: 1, ttlSeconds: 60 });
  await session.send(pipeline, 500);
}

describe("the lock of a queue", () => {
  it("the lock of a queue is released after its slot is written", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    assert.notEqual(ticket.lockedAtMs, undefined);
    assert.equal((await producer.write(ticket, encodeBatch(emptyBatch()))).outcome, "written");
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("the lock of a queue is free after the lease of a producer that died", () =>
    undisturbed(async () => {
      const queue = newQueue();
      await newProducer(queue).takeTicket(); // and is never heard of again
      const second = newProducer(queue);
      const ticket = await second.takeTicket();
      assert.equal(ticket.lockedAtMs, undefined);
      const { result: locked, tookMs } = await timed(() => second.waitForLock(ticket));
      assert.notEqual(locked.lockedAtMs, undefined);
      assert.ok(tookMs <= 2_300, `${tookMs} ms`);
    }));

  it("the lock of a queue comes with another number when the first has aged during the wait, and is released", () =>
    undisturbed(async () => {
      const queue = newQueue();
      await newProducer(queue).takeTicket(); // dies with the lock
      const second = newProducer(queue);
      const ticket = await second.takeTicket();
      const locked = await second.waitForLock(ticket);
      assert.ok(locked.slot > ticket.slot, "the first number is too old to be written");
      assert.equal((await second.write(locked, encodeBatch(emptyBatch()))).outcome, "written");
      assert.notEqual((await second.takeTicket()).lockedAtMs, undefined);
    }));

  it("the lock of a queue is released by a holder whose number has aged", async () => {
    const producer = newProducer(newQueue());
    const ticket = await producer.takeTicket();
    const aged = { ...ticket, takenAtMs: ticket.takenAtMs - 1_100 };
    assert.equal((await producer.write(aged, encodeBatch(emptyBatch()))).outcome, "stale");
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("the lock of a queue is not deleted by a holder whose lease may have ended", async () => {
    const queue = newQueue();
    const slow = newProducer(queue);
    const ticket = await slow.takeTicket();
    const late = { ...ticket, lockedAtMs: (ticket.lockedAtMs ?? 0) - 950 };
    await slow.write(late, encodeBatch(emptyBatch()));
    const p = new Pipeline();
    const lock = p.get(lockKey(queue, ticket.epoch));
    assert.equal(counterValue((await slow.client.send(p)).of(lock)), 1n);
  });

  it("the lock of a queue passes quickly between producers, and every batch is enqueued once", async () => {
    const queue = newQueue();
    const producers = Array.from({ length: 6 }, () => newProducer(queue));
    const batches = producers.flatMap(producer =>
      Array.from({ length: 40 }, () => ({ producer, batch: emptyBatch() })),
    );
    await Promise.all(
      producers.map(async producer => {
        for (const { batch } of batches.filter(entry => entry.producer === producer)) {
          const result = await enqueueBatch(to(producer), batch, performance.now() + 5_000);
          assert.equal(result.outcome, "enqueued");
        }
      }),
    );
    const [first] = producers;
    assert.ok(first);
    const [read] = await readQueues(first.client, [queue]);
    assert.ok(read);
    const numbers = Array.from({ length: read.pointer }, (_, i) => i + 1);
    const slots = await readSlots(first.client, queue, read.epoch, numbers);
    const ids = [...slots.values()].map(bytes => decodeBatch(bytes)?.id.toString("hex"));
    assert.equal(new Set(ids).size, batches.length);
  });
});

describe("a lock whose holder is dead", () => {
  it("a lock whose holder is dead sends batches to another home until its lease ends", async () => {
    const client = newClient();
    const homes = [newQueue(), newQueue()].map(queue => new QueueProducer(queue, client));
    const [own, other] = homes;
    assert.ok(own && other);
    await holdLock(own.queue);
    const targets = { queues: [homes], copies: 1, order: [client] };
    for (let i = 0; i < 3; i++) {
      const result = await enqueueBatch(targets, emptyBatch(), Number.MAX_VALUE);
      assert.equal(result.outcome, "enqueued");
      if (result.outcome === "enqueued") assert.equal(result.stored[0]?.producer, other);
    }
    const [read] = await readQueues(client, [own.queue]);
    assert.equal(read?.pointer, 2, "one number was taken in vain, not one for each batch");
  });
});

describe("freezing the queues", () => {
  it("freezing the queues keeps producers waiting until the release", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    await producer.write(await producer.takeTicket(), encodeBatch(emptyBatch()));
    const holder = newProducer(queue).client;
    const hold = await freezeQueues([holder], [queue]);
    assert.equal((await producer.takeTicket()).lockedAtMs, undefined);
    await hold.release();
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("freezing the queues fails, and keeps no lock, when a lock stays busy", async () => {
    const [free, busy] = [newQueue(), newQueue()];
    const producer = newProducer(free);
    await producer.write(await producer.takeTicket(), encodeBatch(emptyBatch()));
    await holdLock(busy);
    await assert.rejects(freezeQueues([producer.client], [free, busy]));
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("freezing the queues takes no lock on a server without queues", async () => {
    const hold = await freezeQueues([newProducer(newQueue()).client], [newQueue()]);
    assert.deepEqual(hold.queues, []);
    await hold.release();
  });
});
