/** The fleet record's copies in memcached. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { every } from "#lib/base/every.ts";
import { FleetCopies } from "#lib/fleet/fleet-copies.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { fleetKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { ProcessIdentity } from "#lib/store/fleet-processes.ts";
import { type MemcachedServer, startMemcached } from "#scripts/services/memcached.ts";

const state = { heldSinceMs: undefined, clockAheadMs: 0 };

function processOf(number: number, copies = "1"): ProcessIdentity {
  return {
    id: number.toString(16).padStart(16, "0"),
    role: "front",
    home: number,
    homes: 8,
    machine: "web-1",
    pid: 4711 + number,
    pidSpace: "",
    version: "0.3.0",
    settings: { FLOODGATE_QUEUE_COPIES: copies },
  };
}

describe("the fleet record in memcached", { concurrency: true }, () => {
  const servers: MemcachedServer[] = [];
  const clients: MemcachedClient[] = [];
  before(async () => {
    for (let i = 0; i < 9; i++) servers.push(await startMemcached());
    for (const { port } of servers) clients.push(new MemcachedClient({ host: "127.0.0.1", port }));
  });
  after(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map(({ child }) => child.kill()));
  });
  const on = (...indexes: number[]) =>
    new FleetCopies(() => indexes.map(index => clients[index] as MemcachedClient));

  /** Keeps a process's entry up to date while `work` runs. */
  async function running<T>(copies: FleetCopies, self: ProcessIdentity, work: () => Promise<T>) {
    await copies.exchange(self, state, Date.now());
    const stop = new AbortController();
    const exchange = async () => void (await copies.exchange(self, state, Date.now()));
    const kept = every(100, exchange, stop.signal);
    try {
      return await work();
    } finally {
      stop.abort();
      await kept;
    }
  }

  it("a process that starts finds the one that it differs from, also when each lacks a server of the other", async () => {
    const found = await running(on(0, 1), processOf(1), () =>
      on(1, 2).conflictAtStart(processOf(2, "2")),
    );
    assert.ok(found !== "unknown");
    assert.match(
      found?.sentence ?? "",
      /^FLOODGATE_QUEUE_COPIES is 2 here and 1 in the front of home 1/,
    );
    const same = await on(1, 2).conflictAtStart(processOf(3));
    assert.equal(same, undefined);
  });

  it("a process that starts knows nothing when memcached has no entries, or is away", async () => {
    assert.equal(await on(3).conflictAtStart(processOf(1)), "unknown");
    const away = new MemcachedClient({ host: "127.0.0.1", port: 1 });
    assert.equal(await new FleetCopies(() => [away]).conflictAtStart(processOf(1)), "unknown");
    away.close();
  });

  it("a value that no process wrote is replaced", async () => {
    for (const value of ["not JSON", "{}"]) {
      const pipeline = new Pipeline();
      pipeline.overwrite(fleetKey, value, 60);
      await clients[3]?.send(pipeline);
      assert.equal(await on(3).conflictAtStart(processOf(1)), "unknown");
    }
    await on(3).exchange(processOf(1), state, 1_000);
    assert.equal(await on(3).conflictAtStart(processOf(2)), undefined);
  });

  it("a process that was killed keeps none from starting that differs from it", async () => {
    await on(4).exchange(processOf(1), state, Date.now() + 3_600_000);
    assert.equal(await on(4).conflictAtStart(processOf(2, "2")), undefined);
  });

  it("a process learns of the highest number of homes, and of none that is no number of homes", async () => {
    const copies = on(8);
    await on(8).exchange({ ...processOf(1), homes: 2, home: 4 }, state, Date.now());
    await on(8).exchange({ ...processOf(2), homes: 2_000_000 }, state, Date.now());
    await copies.exchange({ ...processOf(3), homes: 3 }, state, Date.now());
    assert.equal(copies.homes, 5);
  });

  it("of two running processes that differ, the one that started later gives way", async () => {
    const [first, second] = [on(5), on(5)];
    const exchange = (copies: FleetCopies, number: number, nowMs: number) =>
      copies.exchange(processOf(number, String(number)), state, nowMs);
    assert.equal(await exchange(first, 1, 1_000), undefined);
    assert.equal(await exchange(second, 2, 2_000), undefined);
    assert.equal(await exchange(first, 1, 1_001), undefined);
    assert.equal((await exchange(second, 2, 2_001))?.member.pid, 4712);
    assert.equal(await exchange(first, 1, 1_002), undefined);
  });

  it("entries that many processes write at once are all there, and those of processes that left are not", async () => {
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    const all = numbers.map(number => ({ copies: on(6, 7), self: processOf(number) }));
    const idsOn = async (index: number) => {
      const pipeline = new Pipeline();
      const op = pipeline.get(fleetKey);
      const found = await clients[index]?.read(pipeline);
      const entries = JSON.parse(found?.of(op)?.toString() ?? "[]") as { id: string }[];
      return entries.map(({ id }) => id).sort();
    };
    await Promise.all(all.map(({ copies, self }) => copies.exchange(self, state, Date.now())));
    const ids = all.map(({ self }) => self.id);
    for (const index of [6, 7]) assert.deepEqual(await idsOn(index), ids);
    for (const { copies, self } of all.slice(1)) await copies.leave(self);
    for (const index of [6, 7]) assert.deepEqual(await idsOn(index), ids.slice(0, 1));
  });
});
