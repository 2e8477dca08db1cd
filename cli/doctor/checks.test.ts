/** What the doctor makes of what servers report, without servers: clocks, versions, queues, words. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Epoch, QueueName } from "#lib/model/ids.ts";
import type { QueueDepth } from "#lib/queue/depth.ts";
import { checkClock, isOlder, skewMs } from "./clocks.ts";
import { judgeBooks, type WatchedBooks } from "./counts.ts";
import { lineOf, ok, verdictOf, warn, wrong } from "./finding.ts";
import { judgeMemcached, type ServerFacts } from "./memcached.ts";
import { type DatabaseFacts, judgeMysql } from "./mysql.ts";
import { judgeWorker, stillQueues, type WorkerFacts } from "./processes.ts";
import { judgeCheckpoints, judgeQueue, type QueueNumbers } from "./queues.ts";

const now = Date.UTC(2026, 10, 20, 18, 0, 0);
const levels = (found: readonly { level: string }[]) => found.map(({ level }) => level);

describe("clocks", () => {
  const reading = {
    about: "memcached",
    theirMs: now,
    resolutionMs: 1_000,
    notBeforeMs: now,
    notAfterMs: now + 40,
  };

  it("the doctor accepts a clock within its resolution and the round trip", () => {
    assert.equal(skewMs(reading), 0);
    assert.equal(skewMs({ ...reading, theirMs: now - 1_000 }), 0);
    assert.deepEqual(checkClock({ ...reading, theirMs: now - 2_900 }), []);
  });

  it("the doctor reports a clock that is ahead or behind", () => {
    const [ahead] = checkClock({ ...reading, theirMs: now + 90_000 });
    assert.match(ahead?.says ?? "", /90 s ahead of/);
    const [behind] = checkClock({ ...reading, theirMs: now - 91_000 });
    assert.match(behind?.says ?? "", /90 s behind/);
  });
});

describe("versions", () => {
  it("isOlder compares versions number by number", () => {
    for (const version of ["1.5.22", "1.4", "0.9"]) assert.ok(isOlder(version, "1.6"), version);
    for (const version of ["1.6", "1.6.0", "1.10.1", "2"]) assert.ok(!isOlder(version, "1.6"));
    assert.ok(isOlder("10.6.12-MariaDB-1", "10.11"));
    assert.ok(!isOlder("10.11.6-MariaDB-0+deb12u1", "10.11"));
  });
});

describe("findings about memcached", () => {
  const facts = (
    stats: Record<string, string> = {},
    settings: Record<string, string> = {},
    change: Partial<ServerFacts> = {},
  ): ServerFacts => ({
    name: "127.0.0.1:11211",
    stats: new Map(
      Object.entries({
        version: "1.6.18",
        time: String(now / 1_000),
        bytes: "1000",
        limit_maxbytes: String(512 * 1_048_576),
        ...stats,
      }),
    ),
    settings: new Map(
      Object.entries({
        evictions: "off",
        item_size_max: "1048576",
        idle_timeout: "60",
        flush_enabled: "no",
        maxconns: "1024",
        inter: "127.0.0.1",
        ...settings,
      }),
    ),
    items: new Map(),
    askedAtMs: now,
    answeredAtMs: now + 5,
    holdsQueues: true,
    connectionsNeeded: 6,
    ...change,
  });

  it("the doctor prints one ok line for a server that is well", () => {
    assert.deepEqual(judgeMemcached(facts()), [
      ok("memcached 127.0.0.1:11211", "1.6.18, -M, 0 of 512 MB used"),
    ]);
  });

  it("the doctor only warns about evictions on a server without queues", () => {
    const evicting = { evictions: "on" };
    assert.deepEqual(levels(judgeMemcached(facts({}, evicting))), ["wrong"]);
    const cache = facts({}, evicting, { holdsQueues: false });
    assert.deepEqual(levels(judgeMemcached(cache)), ["warn"]);
  });

  it("the doctor reports an old memcached, a wrong clock and a full server", () => {
    const output = (stats: Record<string, string>) =>
      judgeMemcached(facts(stats)).map(lineOf).join();
    assert.match(output({ version: "1.5.6" }), /wrong .*is version 1\.5\.6/);
    assert.match(output({ time: String(now / 1_000 + 60) }), /wrong .*60 s ahead/);
    const limit = 512 * 1_048_576;
    assert.match(output({ bytes: String(0.85 * limit) }), /warn .*85 % full/);
    assert.match(output({ bytes: String(0.97 * limit) }), /wrong .*97 % full/);
    assert.match(output({ rejected_connections: "3" }), /warn .*rejected 3/);
  });

  it("the doctor adds up refused items over all slab classes", () => {
    const items = new Map([
      ["items:1:outofmemory", "3"],
      ["items:1:evicted", "0"],
      ["items:12:outofmemory", "4"],
    ]);
    const output = judgeMemcached(facts({}, {}, { items }))
      .map(lineOf)
      .join();
    assert.match(output, /warn .*refused 7/);
  });

  it("the doctor warns about a memcached that others can reach without a password", () => {
    const reached = (settings: Record<string, string>) =>
      levels(judgeMemcached(facts({}, settings))).includes("warn");
    for (const inter of ["NULL", "0.0.0.0", "10.0.0.5", "127.0.0.1,10.0.0.5", "::"]) {
      assert.ok(reached({ inter }), inter);
    }
    for (const inter of ["127.0.0.1", "localhost", "::1", "127.0.0.1,::1"]) {
      assert.ok(!reached({ inter }), inter);
    }
    assert.ok(!reached({ inter: "NULL", auth_enabled_sasl: "yes" }));
  });
});

describe("findings about MySQL", () => {
  const facts = (change: Partial<DatabaseFacts> = {}): DatabaseFacts => ({
    version: "8.0.36",
    readOnly: false,
    connectionsMax: 151,
    connectionsNeeded: 59,
    packetBytesMax: 64 * 1_048_576,
    flushAtCommit: 1,
    timeZone: "+00:00",
    timeMs: now,
    askedAtMs: now,
    answeredAtMs: now + 5,
    ...change,
  });

  it("the doctor prints one ok line for a server that is well", () => {
    assert.deepEqual(levels(judgeMysql(facts())), ["ok"]);
    assert.deepEqual(levels(judgeMysql(facts({ version: "10.11.6-MariaDB" }))), ["ok"]);
  });

  it("the doctor reports MySQL settings that would lose or refuse ballots", () => {
    const output = (change: Partial<DatabaseFacts>) => judgeMysql(facts(change)).map(lineOf).join();
    assert.match(output({ version: "5.7.40" }), /wrong .*is MySQL 5\.7\.40/);
    assert.match(output({ version: "10.6.12-MariaDB" }), /wrong .*is MariaDB 10\.6/);
    assert.match(output({ readOnly: true }), /wrong .*takes no writes/);
    assert.match(output({ flushAtCommit: 2 }), /wrong .*loses up to a second/);
    assert.match(output({ connectionsMax: 50 }), /wrong .*takes 50 connections/);
    assert.match(output({ packetBytesMax: 16_384 }), /warn .*no statement over 16 kB/);
    assert.match(output({ timeZone: "SYSTEM" }), /wrong .*time zone SYSTEM/);
    assert.match(output({ timeMs: now - 7_000 }), /wrong .*7 s behind/);
  });
});

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

  it("the doctor reports queues on servers outside the settings", () => {
    const config = { queueServers: [{ host: "m", port: 1 }] };
    assert.deepEqual(judgeCheckpoints([{ server: "m:1" }], config), []);
    const found = judgeCheckpoints([{ server: "m:1" }, { server: "n:1" }], config);
    assert.match(found.map(lineOf).join(), /queues on n:1/);
  });
});

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

describe("findings about the books", () => {
  const judge = (after: Partial<WatchedBooks>) =>
    judgeBooks(waiting, { ...waiting, ...after }, [], 5_000);
  const none = { replaced: 0, withdrawn: 0, duplicate: 0, setAside: 0, lost: 0, repeated: 0 };
  const waiting = { ...none, accepted: 20, counted: 14, waiting: 6, balanced: true, slots: 1 };

  it("the doctor accepts waiting ballots only when some arrive", () => {
    assert.deepEqual(levels(judge({ counted: 20, waiting: 0, slots: 0 })), ["ok"]);
    assert.deepEqual(levels(judge({ accepted: 25, counted: 15, waiting: 10 })), ["ok"]);
    const [still] = judge({});
    assert.equal(still?.level, "warn");
    assert.equal(still?.says, "6 of 20 accepted ballots wait, and none arrived for 5 seconds");
    assert.deepEqual(levels(judge({ accepted: 30, waiting: 16 })), ["warn"]);
    const unknown = judge({ accepted: 14, waiting: 0 });
    assert.match(unknown[0]?.says ?? "", /^ballots wait in 1 slot, and none arrived/);
  });
});

describe("the doctor's output", () => {
  it("the doctor prints one line for ok, two for others, and a verdict", () => {
    const found = [
      ok("schema", "every migration is applied"),
      warn("front", "votes-are-refused", "none answers", "Start it."),
      wrong("MySQL", "mysql-is-away", "can't be used", "Start it."),
    ];
    assert.deepEqual(found.map(lineOf), [
      "ok     schema: every migration is applied",
      "warn   front: none answers\n       Start it. (docs/runbook.md#votes-are-refused)",
      "wrong  MySQL: can't be used\n       Start it. (docs/runbook.md#mysql-is-away)",
    ]);
    assert.equal(verdictOf(found), "doctor: 1 problem, 1 note, 1 check passed");
    assert.equal(verdictOf(found.slice(0, 1)), "doctor: no problems, 1 check passed");
  });
});
