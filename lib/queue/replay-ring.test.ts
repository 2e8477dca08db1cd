import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemcachedClient } from "../memcached/client.ts";
import type { Epoch, QueueName } from "../model/ids.ts";
import { QueueProducer } from "./producer.ts";
import { ReplayRing } from "./replay-ring.ts";

const client = new MemcachedClient({ host: "127.0.0.1", port: 1 });
const producer = new QueueProducer("normal.0" as QueueName, client);
const storedAt = (slot: number) => [{ producer, epoch: "epoch" as Epoch, slot }];

describe("a full replay ring", () => {
  it("a full replay ring drops the oldest batches, and reports once how many", () => {
    const ring = new ReplayRing(10);
    for (let slot = 1; slot <= 4; slot++) ring.remember(Buffer.alloc(5, slot), storedAt(slot), 0);
    assert.equal(ring.takeDropped(), 2);
    assert.equal(ring.takeDropped(), 0);
    const kept = ring.takeOrphans(producer, undefined).map(({ bytes }) => bytes[0]);
    assert.deepEqual(kept, [3, 4]);
  });

  it("a full replay ring keeps a batch that is larger than itself until the next one comes", () => {
    const ring = new ReplayRing(10);
    ring.remember(Buffer.alloc(20, 1), storedAt(1), 0);
    assert.equal(ring.takeDropped(), 0);
    ring.remember(Buffer.alloc(5, 2), storedAt(2), 0);
    assert.equal(ring.takeDropped(), 1);
  });

  it("a full replay ring has memory again when MySQL has committed its batches", () => {
    const ring = new ReplayRing(10);
    ring.remember(Buffer.alloc(5), storedAt(1), 0);
    ring.remember(Buffer.alloc(5), storedAt(2), 0);
    ring.passed(producer, "epoch" as Epoch, 2);
    ring.remember(Buffer.alloc(10), storedAt(3), 0);
    assert.equal(ring.takeDropped(), 0);
  });
});

describe("a replay ring with two copies", () => {
  const other = new QueueProducer(
    "normal.0" as QueueName,
    new MemcachedClient({ host: "127.0.0.1", port: 2 }),
  );
  const epoch = "epoch" as Epoch;
  const onBoth = [...storedAt(1), { producer: other, epoch, slot: 1 }];

  it("a batch whose server came back empty has a copy missing until it is copied", () => {
    const ring = new ReplayRing(100, 2);
    ring.remember(Buffer.alloc(5), onBoth, 0);
    assert.equal([...ring.thinned()].length, 0);
    assert.deepEqual(ring.takeOrphans(other, "next" as Epoch), []);
    const [thinned] = ring.thinned();
    assert.ok(thinned);
    ring.copied(thinned, { producer: other, epoch: "next" as Epoch, slot: 1 });
    assert.equal([...ring.thinned()].length, 0);
    assert.deepEqual(ring.takeOrphans(producer, undefined), []);
    assert.equal(ring.takeOrphans(other, undefined).length, 1, "now no server has it");
  });

  it("a batch that was enqueued on one server has a copy missing until MySQL has it", () => {
    const ring = new ReplayRing(100, 2);
    ring.remember(Buffer.alloc(5), storedAt(1), 0);
    const [thinned] = ring.thinned();
    assert.ok(thinned);
    ring.passed(producer, epoch, 1);
    assert.equal([...ring.thinned()].length, 0);
    ring.copied(thinned, { producer: other, epoch, slot: 1 });
    assert.deepEqual(ring.takeOrphans(other, undefined), [], "a late copy is not remembered");
  });

  it("an orphan that was put back is replayed, and has no copy to make", () => {
    const ring = new ReplayRing(100, 2);
    ring.remember(Buffer.alloc(5), storedAt(1), 0);
    const [orphan] = ring.takeOrphans(producer, undefined);
    assert.ok(orphan);
    ring.putBack(producer, orphan);
    assert.equal([...ring.thinned()].length, 0);
    assert.equal(ring.takeOrphans(producer, undefined).length, 1);
  });
});
