/**
 * The queue on a real memcached: what two producers, a slow one, a worker that gives up on it and a
 * server that forgets everything do to each other.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { epochKey, pointerKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { enqueueBatch } from "#lib/queue/batch-write.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { placeTombstone } from "#lib/queue/slots.ts";
import { emptyBatch, newQueue, queueBench, to } from "#test/support/queue-bench.ts";

const { newProducer, flushAll } = await queueBench();

describe("epoch and pointer", () => {
  it("epoch and pointer are created once when many producers begin at the same moment", async () => {
    const queue = newQueue();
    const producers = Array.from({ length: 16 }, () => newProducer(queue));
    const tickets = await Promise.all(producers.map(producer => producer.takeTicket()));
    assert.equal(new Set(tickets.map(ticket => ticket.epoch)).size, 1);
    assert.deepEqual(
      tickets.map(ticket => Number(ticket.slot)).sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
  });

  it("epoch and pointer give exactly one producer the lock at a cold start", async () => {
    const queue = newQueue();
    const producers = Array.from({ length: 16 }, () => newProducer(queue));
    const tickets = await Promise.all(producers.map(producer => producer.takeTicket()));
    assert.equal(tickets.filter(ticket => ticket.lockedAtMs !== undefined).length, 1);
  });

  it("epoch and pointer begin a new epoch when the server loses its memory, and never use a number again", async () => {
    const producer = newProducer(newQueue());
    const before = await producer.takeTicket();
    await flushAll();
    const afterwards = await producer.takeTicket();
    assert.notEqual(afterwards.epoch, before.epoch);
    assert.equal(afterwards.slot, 1);
  });

  it("epoch and pointer end an epoch whose pointer alone was lost, instead of restarting its numbers", async () => {
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

describe("slots", () => {
  it("slots refuse a front that writes after the worker's tombstone", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    assert.equal(await placeTombstone(producer.client, queue, ticket.epoch, ticket.slot), "placed");
    const bytes = encodeBatch(emptyBatch());
    assert.equal((await producer.write(ticket, bytes)).outcome, "fenced");
  });

  it("slots refuse a tombstone after the front has written", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    await producer.write(ticket, encodeBatch(emptyBatch()));
    assert.equal(
      await placeTombstone(producer.client, queue, ticket.epoch, ticket.slot),
      "written",
    );
  });

  it("slots are enqueued again under another number after a tombstone", async () => {
    const queue = newQueue();
    const producer = newProducer(queue);
    const ticket = await producer.takeTicket();
    await producer.write(ticket, encodeBatch(emptyBatch()));
    const next = ticket.slot + 1;
    await placeTombstone(producer.client, queue, ticket.epoch, next);
    const result = await enqueueBatch(to(producer), emptyBatch(), performance.now() + 4_000);
    assert.equal(result.outcome, "enqueued");
    assert.ok(result.outcome === "enqueued" && (result.stored[0]?.slot ?? 0) > next);
  });

  it("slots are not written under a number that has aged", async () => {
    const producer = newProducer(newQueue());
    const ticket = await producer.takeTicket();
    const old = { ...ticket, takenAtMs: ticket.takenAtMs - 1_100 };
    assert.equal((await producer.write(old, encodeBatch(emptyBatch()))).outcome, "stale");
  });

  it("slots are not acknowledged when the memory was lost between number and slot", async () => {
    const producer = newProducer(newQueue());
    const ticket = await producer.takeTicket();
    await flushAll();
    assert.equal(
      (await producer.write(ticket, encodeBatch(emptyBatch()))).outcome,
      "epoch_changed",
    );
  });
});

it("the epoch's key holds nothing but the epoch", async () => {
  const queue = newQueue();
  const producer = newProducer(queue);
  const { epoch } = await producer.takeTicket();
  const p = new Pipeline();
  const value = p.get(epochKey(queue));
  assert.equal((await producer.client.send(p)).of(value)?.toString(), epoch);
});
