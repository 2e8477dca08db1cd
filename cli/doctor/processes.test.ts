/** What the doctor says of the worker, and of queues that stand still. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { QueueName } from "#lib/model/ids.ts";
import type { QueueDepth } from "#lib/queue/depth.ts";
import { ok } from "./finding.ts";
import { judgeFront, judgeWorker, stillQueues, type WorkerFacts } from "./processes.ts";

const now = Date.UTC(2026, 10, 20, 18, 0, 0);
const levels = (found: readonly { level: string }[]) => found.map(({ level }) => level);

describe("findings about the worker", () => {
  const queue = (slots: number, waitMs?: number) => ({
    slots,
    oldestAtMs: waitMs === undefined ? undefined : now - waitMs,
  });
  const judge = (
    health: WorkerFacts["health"],
    queues: WorkerFacts["queues"],
    still: WorkerFacts["still"] = [],
    allAnswer = true,
  ) => {
    const watched = { still, allAnswer, watchedMs: 7_000 };
    return judgeWorker({ health, queues, ...watched, nowMs: now, address: "127.0.0.1:3001" });
  };

  it("the doctor warns about an absent worker, and reports it when votes wait", () => {
    assert.deepEqual(levels(judge("ok", [queue(0), queue(4, 200)])), ["ok"]);
    assert.deepEqual(levels(judge("none", [queue(0)])), ["warn"]);
    assert.deepEqual(levels(judge("none", [queue(1, 100)])), ["wrong"]);
    assert.deepEqual(levels(judge("stale", [queue(0)])), ["wrong"]);
    assert.deepEqual(levels(judge("ok", [queue(900, 300_000)])), ["wrong"]);
  });

  it("the doctor says that a worker flushes only when it saw that, or that nothing waits", () => {
    assert.deepEqual(judge("ok", [queue(0)]), [ok("worker", "answers; nothing waits")]);
    const part = "answers; nothing waits on the memcached servers that answer";
    assert.deepEqual(judge("ok", [], [], false), [ok("worker", part)]);
    assert.match(judge("ok", [queue(4, 200)])[0]?.says ?? "", /^flushes; 4 slots/);
    const stuck = { server: "m:1", queue: "normal.0" as QueueName, slots: 246 };
    const [found] = judge("ok", [queue(246, 56_000)], [stuck]);
    assert.equal(found?.level, "wrong");
    assert.equal(
      found?.says,
      "246 slots of normal.0 on m:1 stood still for 7 seconds; 246 slots of ballots waiting, for 56 seconds at most",
    );
  });

  it("stillQueues gives the queues of which nothing is flushed in time", async () => {
    const depth = (epoch: string, checkpoint: number, slots: number) =>
      ({ epoch, checkpoint, slots }) as unknown as QueueDepth;
    const before = [
      depth("moves", 3, 5),
      depth("ends", 3, 5),
      depth("still", 3, 5),
      depth("e", 9, 0),
    ];
    let reads = 0;
    const read = async () => {
      reads += 1;
      return [depth("moves", reads > 1 ? 4 : 3, 9), depth("still", 3, 9), depth("e", 9, 0)];
    };
    const still = await stillQueues(before, read, 500);
    assert.deepEqual(
      still.map(({ epoch }) => epoch),
      ["still"],
    );
    assert.deepEqual(await stillQueues([depth("e", 9, 0)], () => assert.fail("not read"), 500), []);
  });
});

describe("findings about the front", () => {
  it("the doctor warns when a proxy names readers in a way that makes all of them one", () => {
    const judge = (clientAddresses: readonly ("unreadable" | "proxy_not_trusted")[]) =>
      judgeFront({ status: "ok", clientAddresses }, "127.0.0.1:3000");
    assert.deepEqual(levels(judge([])), ["ok"]);
    assert.deepEqual(levels(judge(["unreadable"])), ["ok", "warn"]);
    assert.deepEqual(levels(judge(["unreadable", "proxy_not_trusted"])), ["ok", "warn", "warn"]);
  });

  it("the doctor takes a front of an earlier release, which says nothing of clients' addresses", () => {
    assert.deepEqual(levels(judgeFront({ status: "ok" }, "127.0.0.1:3000")), ["ok"]);
    assert.deepEqual(levels(judgeFront({}, "127.0.0.1:3000")), ["warn"]);
  });
});
