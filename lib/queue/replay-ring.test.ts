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
