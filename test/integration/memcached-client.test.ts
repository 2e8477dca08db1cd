/**
 * The memcached client against a real server: what each operation answers, and what memjs used
 * naively gets wrong.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import type { Key } from "#lib/memcached/keys.ts";
import { readMemory } from "#lib/memcached/memory-stats.ts";
import { counterValue, Pipeline } from "#lib/memcached/pipeline.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { fill, smallItems } from "#test/support/full-memcached.ts";
import { testClient, testMemcached } from "#test/support/services.ts";

const server = await testMemcached({ memoryMb: 2 });
const client = testClient(server.port);
after(() => client.close());

let keys = 0;
const freshKey = () => `test:${++keys}` as Key;

describe("a memcached operation", () => {
  it("a memcached operation reports what get, add, overwrite, replace and delete did", async () => {
    const key = freshKey();
    const p = new Pipeline();
    const miss = p.get(key);
    const notThere = p.replace(key, "x", 0);
    const added = p.add(key, "one", 0);
    const refused = p.add(key, "two", 0);
    const read = p.get(key);
    const replaced = p.replace(key, "three", 0);
    const overwritten = p.overwrite(key, "four", 0);
    const last = p.get(key);
    const deleted = p.delete(key);
    const nothingLeft = p.delete(key);
    const anew = p.overwrite(key, "five", 0);
    const there = p.get(key);
    const r = await client.send(p);
    assert.equal(r.of(miss), null);
    assert.equal(r.of(notThere), "missing");
    assert.equal(r.of(added), "stored");
    assert.equal(r.of(refused), "exists");
    assert.equal(r.of(read)?.toString(), "one");
    assert.equal(r.of(replaced), "stored");
    assert.equal(r.of(overwritten), "stored");
    assert.equal(r.of(last)?.toString(), "four");
    assert.equal(r.of(deleted), true);
    assert.equal(r.of(nothingLeft), false);
    assert.equal(r.of(anew), "stored");
    assert.equal(r.of(there)?.toString(), "five");
  });

  it("a memcached operation creates a counter only on request, with exactly the initial value", async () => {
    const [plain, created] = [freshKey(), freshKey()];
    const p = new Pipeline();
    const missing = p.incr(plain, 1);
    const down = p.decr(plain, 1);
    const first = p.incr(created, 1, { initial: 1, ttlSeconds: 60 });
    const second = p.incr(created, 1, { initial: 1, ttlSeconds: 60 });
    const r = await client.send(p);
    assert.equal(r.of(missing), null);
    assert.equal(r.of(down), null);
    assert.equal(r.of(first), 1n);
    assert.equal(r.of(second), 2n);
  });

  it("a memcached operation counts beyond 2^32, where memjs's own decoding is wrong", async () => {
    const key = freshKey();
    const p = new Pipeline();
    p.add(key, "4294967295", 0);
    const past = p.incr(key, 1);
    const far = p.incr(key, 4294967295);
    const text = p.get(key);
    const r = await client.send(p);
    assert.equal(r.of(past), 4294967296n);
    assert.equal(r.of(far), 8589934591n);
    assert.equal(counterValue(r.of(text)), 8589934591n);
  });

  it("a memcached operation decrements a counter below 0, and increments it again", async () => {
    const key = freshKey();
    const p = new Pipeline();
    p.add(key, "1", 0);
    const down = p.decr(key, 3);
    const text = p.get(key);
    const up = p.incr(key, 4);
    const again = p.get(key);
    const r = await client.send(p);
    assert.equal(r.of(down), -2n);
    assert.equal(counterValue(r.of(text)), -2n);
    assert.equal(r.of(up), 2n);
    assert.equal(counterValue(r.of(again)), 2n);
  });

  it("a memcached operation adds more than 2^32 to a counter, as for a version above another copy's", async () => {
    const key = freshKey();
    const p = new Pipeline();
    p.add(key, "7", 0);
    const up = p.incr(key, 2 ** 33 + 5);
    const down = p.decr(key, 2 ** 33 + 6);
    const r = await client.send(p);
    assert.equal(r.of(up), 8589934604n);
    assert.equal(r.of(down), 6n);
  });

  it("a memcached operation reads a counter that became shorter and is padded with blanks", async () => {
    const key = freshKey();
    const p = new Pipeline();
    p.add(key, "1000", 0);
    p.decr(key, 991);
    const text = p.get(key);
    const r = await client.send(p);
    assert.match(r.of(text)?.toString() ?? "", /^9 +$/);
    assert.equal(counterValue(r.of(text)), 9n);
  });

  it("a memcached operation keeps a value with a time to live of more than 30 days", async () => {
    const key = freshKey();
    const p = new Pipeline();
    p.add(key, "x", 40 * 24 * 3600);
    const read = p.get(key);
    const r = await client.send(p);
    assert.equal(r.of(read)?.toString(), "x");
  });

  it("a memcached operation reports only the refused ones of a thousand quiet adds", async () => {
    const taken = freshKey();
    const before = new Pipeline();
    before.add(taken, "x", 0);
    await client.send(before);
    const p = new Pipeline();
    const ops = Array.from({ length: 1000 }, (_, i) =>
      p.add(i === 700 ? taken : freshKey(), "value", 60),
    );
    const r = await client.send(p);
    const refused = ops.map(op => r.of(op)).flatMap((state, i) => (state === "exists" ? [i] : []));
    assert.deepEqual(refused, [700]);
  });

  it("a memcached operation reports a full server, and evicts nothing", async () => {
    const p = new Pipeline();
    const ops = Array.from({ length: 400 }, () => p.add(freshKey(), Buffer.alloc(30_000), 0));
    const r = await client.send(p);
    const states = ops.map(op => r.of(op));
    assert.ok(states.includes("full"));
    const survivor = freshKey();
    const q = new Pipeline();
    const counter = q.incr(survivor, 1, { initial: 5, ttlSeconds: 60 });
    const stats = q.stats();
    const later = await client.send(q);
    assert.equal(later.of(counter), 5n);
    assert.equal(later.of(stats).get("evictions"), "0");
    assert.ok((await readMemory(client)).outOfMemory > 0);
  });

  it("a memcached operation reports that a full server has no memory for an overwrite, and keeps the old value", async t => {
    const small = await testMemcached({ memoryMb: 2 });
    const alone = testClient(small.port);
    t.after(() => alone.close());
    const [key, missing] = [freshKey(), freshKey()];
    const before = new Pipeline();
    before.overwrite(key, "old", 0);
    await alone.send(before);
    await fill(alone, smallItems);
    const p = new Pipeline();
    const over = p.overwrite(key, "new", 0);
    const anew = p.overwrite(missing, "new", 0);
    const [left, nothing] = [p.get(key), p.get(missing)];
    const r = await alone.send(p);
    assert.equal(r.of(over), "full");
    assert.equal(r.of(anew), "full");
    assert.equal(r.of(left)?.toString(), "old");
    assert.equal(r.of(nothing), null);
  });

  it("a memcached operation matches every answer to its request under a heavy mix", async () => {
    const calls = Array.from({ length: 300 }, async (_, i) => {
      const key = freshKey();
      const p = new Pipeline();
      p.add(key, `value ${i}`, 60);
      const read = p.get(key);
      const r = await client.send(p);
      assert.equal(r.of(read)?.toString(), `value ${i}`);
    });
    await Promise.all(calls);
  });
});

describe("a memcached connection", () => {
  it("a memcached connection fails at once while no server listens, and works when one does", async t => {
    const one = await testMemcached();
    const lonely = testClient(one.port);
    t.after(() => lonely.close());
    await one.child.kill();
    const p = new Pipeline();
    p.get(freshKey());
    await assert.rejects(
      lonely.send(p),
      error => isMemcachedFailure(error) && error.outcome === "not_sent",
    );
    await testMemcached({ port: one.port });
    await waitUntil("a probe to get through", () => lonely.available);
    await lonely.send(p);
  });

  it("a memcached connection treats a tunnel that accepts and does not answer as a server that is away", async t => {
    const one = await testMemcached();
    const tunnel = await FaultProxy.start({ host: "127.0.0.1", port: one.port });
    const through = new MemcachedClient(tunnel.address);
    t.after(async () => {
      through.close();
      await tunnel.stop();
    });
    await one.child.kill();
    const p = new Pipeline();
    p.get(freshKey());
    await assert.rejects(
      through.send(p),
      error => isMemcachedFailure(error) && error.outcome === "not_sent",
    );
    assert.ok(
      !through.available,
      "a caller with another server must not try this one for each call",
    );
    await testMemcached({ port: one.port });
    await waitUntil("a probe to get through", () => through.available);
    await through.send(p);
  });

  it("a memcached connection settles everything in flight when the server is stopped, and recovers", async t => {
    const one = await testMemcached();
    const stopped = new MemcachedClient(
      { host: "127.0.0.1", port: one.port },
      { connectMs: 300, answerMs: 250 },
    );
    t.after(() => stopped.close());
    const p = new Pipeline();
    p.get(freshKey());
    await stopped.send(p);
    await one.child.pause();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, i) => {
        await sleep(i * 2); // a steady stream of writes must not postpone the deadline
        return stopped.send(p);
      }),
    );
    assert.ok(outcomes.every(outcome => outcome.status === "rejected"));
    one.child.signal("SIGCONT");
    await waitUntil("a probe to get through", () => stopped.available);
    await stopped.send(p);
  });

  it("a memcached connection refuses a key that would close the connection before it is sent", async () => {
    const { markKey } = await import("#lib/memcached/keys.ts");
    assert.throws(() => markKey(1 as never, Buffer.alloc(300) as never), RangeError);
  });
});
