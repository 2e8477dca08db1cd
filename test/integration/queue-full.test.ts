/** The queue on a memcached that has no memory left: the caller gets an error, and no slot is lost. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMemcachedFailure, isOutOfMemory } from "#lib/memcached/failure.ts";
import { enqueueBatch } from "#lib/queue/batch-write.ts";
import { decodeBatch, encodeBatch } from "#lib/queue/slot-codec.ts";
import { deleteSlots, placeTombstone, readQueues, readSlots } from "#lib/queue/slots.ts";
import { fill, smallItems } from "#test/support/full-memcached.ts";
import { emptyBatch, newQueue, queueBench, to } from "#test/support/queue-bench.ts";
import { checkMemcached } from "../../cli/doctor/memcached.ts";

describe("a full queue server", () => {
  it("a full queue server reports to the doctor how many items it refused", async () => {
    const { newClient } = await queueBench(2);
    const client = newClient();
    const says = async () =>
      (await checkMemcached(client, { frontProcesses: 1 }, true)).map(finding => finding.says);
    assert.doesNotMatch((await says()).join(), /has refused/);
    await fill(client, smallItems);
    assert.match((await says()).join(), /has refused \d+ items/);
  });

  it("a full queue server is reported at once, gives numbers that grow by a digit, and takes a tombstone", async () => {
    const { newProducer } = await queueBench(8);
    const queue = newQueue();
    const producer = newProducer(queue);
    const { client } = producer;
    const first = await producer.takeTicket();
    await producer.write(first, encodeBatch(emptyBatch()));
    await fill(client, smallItems);

    for (let i = 0; i < 12; i++) {
      await assert.rejects(producer.takeTicket(), e => isMemcachedFailure(e) && isOutOfMemory(e));
    }
    const [read] = await readQueues(client, [queue]);
    assert.equal(read?.pointer, 13);

    const enqueued = await enqueueBatch(to(producer), emptyBatch(), Number.MAX_VALUE);
    assert.equal(enqueued.outcome, "full");
    assert.equal(await placeTombstone(client, queue, first.epoch, 2), "placed");
    const found = await readSlots(client, queue, first.epoch, [2]);
    assert.equal(decodeBatch(found.get(2) ?? Buffer.alloc(0)), null);
  });

  it("a full queue server refuses a slot, and takes it when it has memory again", async () => {
    const { newProducer } = await queueBench(2);
    const producer = newProducer(newQueue());
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
    const kept = await readSlots(producer.client, producer.queue, epoch, written);
    assert.equal(
      kept.size,
      written.length,
      "nothing that was written may be dropped for something new",
    );
    await deleteSlots(producer.client, producer.queue, epoch, written);
    const ticket = await producer.waitForLock(await producer.takeTicket());
    assert.equal((await producer.write(ticket, big)).outcome, "written");
  });
});
