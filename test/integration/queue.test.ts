/**
 * The queue on a real memcached: what two producers, a slow one, a worker that gives up on it and a
 * server that forgets everything do to each other.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { after, describe, it } from "node:test";
import { sleep } from "#lib/clock.ts";
import type { BatchId, QueueName } from "#lib/ids.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure, isOutOfMemory } from "#lib/memcached/failure.ts";
import { epochKey, type Key, lockKey, pointerKey } from "#lib/memcached/keys.ts";
import { counterValue, Pipeline } from "#lib/memcached/pipeline.ts";
import { deleteSlots, lookAtQueues, placeTombstone, readSlots } from "#lib/queue/drain.ts";
import { enqueueBatch, type Rider } from "#lib/queue/enqueue.ts";
import { holdQueues } from "#lib/queue/hold.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { type Batch, decodeBatch, encodeBatch } from "#lib/queue/slot-codec.ts";
import { testMemcached } from "#test/support/services.ts";

const server = await testMemcached({
  options: ["-M", "-U", "0", "-c", "1024", "-o", "slab_automove_window=3"],
});
const address = { host: "127.0.0.1", port: server.port };
const clients: MemcachedClient[] = [];
after(() => {
  for (const client of clients) client.close();
});

let queues = 0;
const newQueue = () => `test.${++queues}` as QueueName;

function newProducer(queue: QueueName): QueueProducer {
  const client = new MemcachedClient(address);
  clients.push(client);
  return new QueueProducer(queue, client);
}

const emptyBatch = (): Batch => ({
  id: randomBytes(12) as BatchId,
  ballots: [],
  talliesDoubtful: false,
});

const noRider: Rider = {
  before: () => Promise.resolve(),
  ride: () => {},
  arrived: () => {},
  lost: () => {},
};

const to = (producer: QueueProducer) => ({
  sides: [[producer]],
  copies: 1,
  order: [producer.client],
});

/** Takes all the memory that there is for items of these sizes. */
async function fill(client: MemcachedClient, sizes: readonly number[]): Promise<void> {
  for (const size of sizes) {
    for (let full = false, index = 0; !full; ) {
      const p = new Pipeline();
      const ops = Array.from({ length: 100 }, () =>
        p.add(`fill:${size}:${index++}` as Key, Buffer.alloc(size), 0),
      );
      const replies = await client.send(p);
      full = ops.some(op => replies.of(op) === "full");
    }
  }
}

async function flushAll(): Promise<void> {
  const socket = connect(server.port, "127.0.0.1");
  socket.write("flush_all\r\n");
  await new Promise(resolve => socket.once("data", resolve));
  socket.destroy();
  await sleep(20);
}

describe("epoch and pointer", () => {
  it("are born once, however many begin at the same moment", async () => {
    const queue = newQueue();
    const producers = Array.from({ length: 16 }, () => newProducer(queue));
    const tickets = await Promise.all(producers.map(producer => producer.takeTicket()));
    assert.equal(new Set(tickets.map(ticket => ticket.epoch)).size, 1);
    assert.deepEqual(
      tickets.map(ticket => Number(ticket.slot)).sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
  });

  it("give one of them the lock at a cold start, and only one", async () => {
    const queue = newQueue();
    const producers = Array.from({ length: 16 }, () => newProducer(queue));
    const tickets = await Promise.all(producers.map(producer => producer.takeTicket()));
    assert.equal(tickets.filter(ticket => ticket.lockedAtMs !== undefined).length, 1);
  });

  it("begin a new life when the server forgets everything, and never use a number again", async () => {
    const producer = newProducer(newQueue());
    const before = await producer.takeTicket();
    await flushAll();
    const afterwards = await producer.takeTicket();
    assert.notEqual(afterwards.epoch, before.epoch);
    assert.equal(afterwards.slot, 1);
  });

  it("end an epoch whose pointer alone was lost, instead of counting from the start again", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const before = await producer.takeTicket();
    const p = new Pipeline();
    p.delete(pointerKey(queue, before.epoch));
    await producer.client.send(p);
    const afterwards = await producer.takeTicket();
    assert.notEqual(afterwards.epoch, before.epoch);
  });
});

describe("lock", () => {
  it("is released behind the slot", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    assert.notEqual(ticket.lockedAtMs, undefined);
    assert.equal((await producer.write(ticket, encodeBatch(emptyBatch()))).outcome, "written");
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("of a producer that died is free after its lease", async () => {
    const queue = newQueue();
    await newProducer(queue).takeTicket(); // and is never heard of again
    const second = newProducer(queue);
    const ticket = await second.takeTicket();
    assert.equal(ticket.lockedAtMs, undefined);
    const started = Date.now();
    const locked = await second.waitForLock(ticket);
    assert.notEqual(locked.lockedAtMs, undefined);
    assert.ok(Date.now() - started <= 2_300);
  });

  it("that was waited for until the number aged comes with another number, and is released", async () => {
    const queue = newQueue();
    await newProducer(queue).takeTicket(); // dies with the lock
    const second = newProducer(queue);
    const ticket = await second.takeTicket();
    const locked = await second.waitForLock(ticket);
    assert.ok(locked.slot > ticket.slot, "the first number is too old to be written");
    assert.equal((await second.write(locked, encodeBatch(emptyBatch()))).outcome, "written");
    assert.notEqual((await second.takeTicket()).lockedAtMs, undefined);
  });

  it("is given back by a holder whose number has aged", async () => {
    const producer = newProducer(newQueue());
    const ticket = await producer.takeTicket();
    const aged = { ...ticket, takenAtMs: ticket.takenAtMs - 1_100 };
    assert.equal((await producer.write(aged, encodeBatch(emptyBatch()))).outcome, "stale");
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("is left alone by a holder whose lease may have ended", async () => {
    const queue = newQueue();
    const slow = newProducer(queue);
    const ticket = await slow.takeTicket();
    const late = { ...ticket, lockedAtMs: (ticket.lockedAtMs ?? 0) - 950 };
    await slow.write(late, encodeBatch(emptyBatch()));
    const p = new Pipeline();
    const lock = p.get(lockKey(queue, ticket.epoch));
    assert.equal(counterValue((await slow.client.send(p)).of(lock)), 1n);
  });

  it("is passed on quickly between producers, and every batch gets in once", async () => {
    const queue = newQueue();
    const producers = Array.from({ length: 6 }, () => newProducer(queue));
    const batches = producers.flatMap(producer =>
      Array.from({ length: 40 }, () => ({ producer, batch: emptyBatch() })),
    );
    await Promise.all(
      producers.map(async producer => {
        for (const { batch } of batches.filter(entry => entry.producer === producer)) {
          const result = await enqueueBatch(
            to(producer),
            batch,
            noRider,
            performance.now() + 5_000,
          );
          assert.equal(result.outcome, "enqueued");
        }
      }),
    );
    const [first] = producers;
    assert.ok(first);
    const [look] = await lookAtQueues(first.client, [queue]);
    assert.ok(look);
    const numbers = Array.from({ length: look.pointer }, (_, i) => i + 1);
    const slots = await readSlots(first.client, queue, look.epoch, numbers);
    const ids = [...slots.values()].map(bytes => decodeBatch(bytes)?.id.toString("hex"));
    assert.equal(new Set(ids).size, batches.length);
  });
});

describe("a lock whose holder is gone", () => {
  it("is left alone: batches go to another home until its lease is over", async () => {
    const client = new MemcachedClient(address);
    clients.push(client);
    const homes = [newQueue(), newQueue()].map(queue => new QueueProducer(queue, client));
    const [own, other] = homes;
    assert.ok(own && other);
    const ghost = await own.takeTicket();
    assert.notEqual(ghost.lockedAtMs, undefined);
    const targets = { sides: [homes], copies: 1, order: [client] };
    for (let i = 0; i < 3; i++) {
      const result = await enqueueBatch(targets, emptyBatch(), noRider, Number.MAX_VALUE);
      assert.equal(result.outcome, "enqueued");
      if (result.outcome === "enqueued") assert.equal(result.places[0]?.producer, other);
    }
    const [look] = await lookAtQueues(client, [own.queue]);
    assert.equal(look?.pointer, 2, "one number was taken in vain, not one for each batch");
  });
});

describe("slots", () => {
  it("refuse a front that comes after the worker has given up", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    assert.equal(await placeTombstone(producer.client, queue, ticket.epoch, ticket.slot), "placed");
    const bytes = encodeBatch(emptyBatch());
    assert.equal((await producer.write(ticket, bytes)).outcome, "fenced");
  });

  it("refuse a worker that gives up after the front has written", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    await producer.write(ticket, encodeBatch(emptyBatch()));
    assert.equal(
      await placeTombstone(producer.client, queue, ticket.epoch, ticket.slot),
      "written",
    );
  });

  it("are enqueued again under another number after a fence", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    await producer.write(ticket, encodeBatch(emptyBatch()));
    const next = ticket.slot + 1;
    await placeTombstone(producer.client, queue, ticket.epoch, next);
    const result = await enqueueBatch(
      to(producer),
      emptyBatch(),
      noRider,
      performance.now() + 4_000,
    );
    assert.equal(result.outcome, "enqueued");
    assert.ok(result.outcome === "enqueued" && (result.places[0]?.slot ?? 0) > next);
  });

  it("abandon a number that was held for too long", async () => {
    const producer = newProducer(newQueue());
    const ticket = await producer.takeTicket();
    const old = { ...ticket, takenAtMs: ticket.takenAtMs - 1_100 };
    assert.equal((await producer.write(old, encodeBatch(emptyBatch()))).outcome, "stale");
  });

  it("are not acknowledged when the memory was lost between number and slot", async () => {
    const producer = newProducer(newQueue());
    const ticket = await producer.takeTicket();
    await flushAll();
    assert.equal(
      (await producer.write(ticket, encodeBatch(emptyBatch()))).outcome,
      "epoch_changed",
    );
  });

  it("are reported as not written by a full server, and get in when there is room", async () => {
    const full = await testMemcached({ memoryMb: 2 });
    const client = new MemcachedClient({ host: "127.0.0.1", port: full.port });
    clients.push(client);
    const producer = new QueueProducer(newQueue(), client);
    const big = Buffer.alloc(60_000);
    const written: number[] = [];
    let epoch: Awaited<ReturnType<typeof producer.takeTicket>>["epoch"] | undefined;
    for (;;) {
      const ticket = await producer.waitForLock(await producer.takeTicket());
      epoch = ticket.epoch;
      const { outcome } = await producer.write(ticket, big);
      if (outcome === "full") break;
      assert.equal(outcome, "written");
      written.push(ticket.slot);
    }
    assert.ok(epoch && written.length > 5);
    const kept = await readSlots(client, producer.queue, epoch, written);
    assert.equal(
      kept.size,
      written.length,
      "nothing that was written may be dropped for something new",
    );
    await deleteSlots(client, producer.queue, epoch, written);
    const ticket = await producer.waitForLock(await producer.takeTicket());
    assert.equal((await producer.write(ticket, big)).outcome, "written");
  });
});

describe("holding all queues", () => {
  it("keeps producers out until it lets go", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    await producer.write(await producer.takeTicket(), encodeBatch(emptyBatch()));
    const holder = newProducer(queue).client;
    const hold = await holdQueues([holder], [queue]);
    assert.equal((await producer.takeTicket()).lockedAtMs, undefined);
    await hold.release();
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("gives up, holding nothing, when a lock can't be had in time", async () => {
    const [free, busy] = [newQueue(), newQueue()];
    const producer = newProducer(free);
    await producer.write(await producer.takeTicket(), encodeBatch(emptyBatch()));
    await newProducer(busy).takeTicket();
    await assert.rejects(holdQueues([producer.client], [free, busy]));
    assert.notEqual((await producer.takeTicket()).lockedAtMs, undefined);
  });

  it("has nothing to hold where no queue was ever used", async () => {
    const hold = await holdQueues([newProducer(newQueue()).client], [newQueue()]);
    assert.deepEqual(hold.queues, []);
    await hold.release();
  });
});

it("keeps the epoch's key free of anything but the epoch", async () => {
  const queue = newQueue();
  const producer = newProducer(queue);
  const { epoch } = await producer.takeTicket();
  const p = new Pipeline();
  const value = p.get(epochKey(queue));
  assert.equal((await producer.client.send(p)).of(value)?.toString(), epoch);
});

describe("a full server", () => {
  it("says so at once, hands out numbers that grow by a digit, and lets a number be passed", async () => {
    const small = await testMemcached({ memoryMb: 8 });
    const client = new MemcachedClient({ host: "127.0.0.1", port: small.port });
    clients.push(client);
    const queue = newQueue();
    const producer = new QueueProducer(queue, client);
    const first = await producer.takeTicket();
    await producer.write(first, encodeBatch(emptyBatch()));
    const smallItems = Array.from({ length: 40 }, (_, index) => 1 + index * 8);
    await fill(client, smallItems);

    for (let i = 0; i < 12; i++) {
      await assert.rejects(producer.takeTicket(), e => isMemcachedFailure(e) && isOutOfMemory(e));
    }
    const [look] = await lookAtQueues(client, [queue]);
    assert.equal(look?.pointer, 13);

    const enqueued = await enqueueBatch(to(producer), emptyBatch(), noRider, Number.MAX_VALUE);
    assert.equal(enqueued.outcome, "full");
    assert.equal(await placeTombstone(client, queue, first.epoch, 2), "placed");
    const found = await readSlots(client, queue, first.epoch, [2]);
    assert.equal(decodeBatch(found.get(2) ?? Buffer.alloc(0)), null);
  });
});
