/** What the doctor makes of the numbers of a queue. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Epoch, QueueName } from "#lib/model/ids.ts";
import { lineOf } from "./finding.ts";
import { judgeCheckpoints, judgeQueue, type QueueNumbers } from "./queues.ts";

describe("findings about queues", () => {
  const numbers = (change: Partial<QueueNumbers> = {}): QueueNumbers => ({
    server: "127.0.0.1:11211",
    queue: "normal.0" as QueueName,
    epoch: "abcdefghijkl" as Epoch,
    published: 7,
    committed: 8,
    pointer: 9,
    ...change,
  });

  it("the doctor accepts published checkpoint ≤ MySQL's checkpoint ≤ pointer", () => {
    assert.deepEqual(judgeQueue(numbers()), []);
    assert.deepEqual(judgeQueue(numbers({ published: 9, committed: 9 })), []);
    const newborn = { published: 0, committed: undefined, pointer: 3 };
    assert.deepEqual(judgeQueue(numbers(newborn)), []);
  });

  it("the doctor reports queue numbers in any other order", () => {
    const output = (change: Partial<QueueNumbers>) => judgeQueue(numbers(change))[0]?.says ?? "";
    assert.match(output({ published: 9 }), /checkpoint is 9, and MySQL has slots up to 8/);
    assert.match(output({ committed: 12 }), /MySQL has slot 12/);
    assert.match(output({ committed: "closed" }), /is over/);
    assert.match(output({ committed: undefined }), /went back in time/);
    assert.match(output({ pointer: null }), /its pointer is not/);
  });

  it("the doctor reports queues on servers that are not listed any more", () => {
    const listed = ["m:1"];
    assert.deepEqual(judgeCheckpoints([{ server: "m:1" }], listed), []);
    const found = judgeCheckpoints([{ server: "m:1" }, { server: "n:1" }], listed);
    assert.match(found.map(lineOf).join(), /queues on n:1/);
  });
});
