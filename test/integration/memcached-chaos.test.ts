/**
 * The memcached client through a proxy that resets, half-closes, cuts answers and stalls, for some
 * seconds, from a printed seed: no call hangs, none is applied twice, no value is wrong, and it
 * recovers by itself.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import type { Key } from "#lib/memcached/keys.ts";
import { counterValue, Pipeline } from "#lib/memcached/pipeline.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { seededRandom } from "#test/support/random.ts";
import { testMemcached } from "#test/support/services.ts";
import { expectWithin } from "#test/support/stalls.ts";

const loops = 16;
const chaosMs = 5_000;
const timeouts = { connectMs: 300, answerMs: 250 };
/** More than the pause after a failed probe (100 ms), a connection and an answer together. */
const recoveryMs = 1_000;

const { random, seed } = seededRandom();
const server = await testMemcached({ memoryMb: 256 });
const proxy = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
after(() => proxy.stop());

/** What one loop knows: increments that surely happened, and those that may have. */
interface Account {
  applied: number;
  unknown: number;
  failures: number;
  calls: number;
}

function counterKey(loop: number): Key {
  return `chaos:n:${loop}` as Key;
}

/** Deterministic contents, so that a byte out of place shows. */
function valueFor(loop: number, round: number): Buffer {
  return Buffer.alloc(200 + ((loop * 7919 + round * 104729) % 60_000), `${loop}.${round};`);
}

async function runLoop(
  client: MemcachedClient,
  loop: number,
  running: () => boolean,
): Promise<Account> {
  const counter = counterKey(loop);
  const account: Account = { applied: 0, unknown: 0, failures: 0, calls: 0 };
  for (let round = 0; running(); round++) {
    const slot = `chaos:v:${loop}:${round}` as Key;
    const value = valueFor(loop, round);
    const p = new Pipeline();
    const added = p.add(slot, value, 60);
    const read = p.get(slot);
    const counted = p.incr(counter, 1);
    p.delete(slot);
    account.calls += 1;
    try {
      const r = await client.send(p);
      const count = r.of(counted);
      assert.equal(typeof count, "bigint");
      account.applied += 1;
      assert.equal(r.of(added), "stored");
      assert.ok(r.of(read)?.equals(value), "a value came back with other contents");
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      account.failures += 1;
      if (error.outcome === "unknown") account.unknown += 1;
      await sleep(random() * 20);
    }
  }
  return account;
}

async function makeTrouble(running: () => boolean): Promise<number> {
  let faults = 0;
  while (running()) {
    await sleep(40 + random() * 60);
    const kind = Math.floor(random() * 5);
    faults += 1;
    if (kind === 0) proxy.reset();
    if (kind === 1) proxy.halfClose();
    if (kind === 2) proxy.cutAnswer(Math.floor(random() * 2_000));
    if (kind === 3) proxy.delay(random() * 30);
    if (kind === 4) {
      proxy.stall();
      await sleep(300);
      proxy.heal();
    }
  }
  proxy.heal();
  return faults;
}

describe(`memcached client under chaos (seed ${seed})`, () => {
  it(`memcached client under chaos (seed ${seed}) never hangs, applies nothing twice, returns no wrong value, and recovers`, async () => {
    const direct = new MemcachedClient({ host: "127.0.0.1", port: server.port });
    const counters = new Pipeline();
    for (let loop = 0; loop < loops; loop++) counters.add(counterKey(loop), "0", 3600);
    await direct.send(counters);

    const client = new MemcachedClient(proxy.address, timeouts);
    const until = monotonicMs() + chaosMs;
    const running = () => monotonicMs() < until;
    const all = Promise.all([
      makeTrouble(running),
      ...Array.from({ length: loops }, (_, loop) => runLoop(client, loop, running)),
    ]);
    const patience = new AbortController();
    const [faults, ...accounts] = await Promise.race([
      all,
      sleep(chaosMs + 5_000, patience.signal).then(() => assert.fail("a call has not settled")),
    ]);
    patience.abort();

    const total = (pick: (account: Account) => number) =>
      accounts.reduce((sum, account) => sum + pick(account), 0);
    assert.ok(proxy.faultsHit > 10, `the faults must have taken effect (${proxy.faultsHit})`);
    assert.ok(total(a => a.unknown) > 0, "some answers must have been lost");

    for (const [loop, account] of accounts.entries()) {
      const p = new Pipeline();
      const read = p.get(counterKey(loop));
      const counter = Number(counterValue((await direct.send(p)).of(read)) ?? -1n);
      assert.ok(counter >= account.applied, `loop ${loop} lost an acknowledged increment`);
      assert.ok(
        counter <= account.applied + account.unknown,
        `loop ${loop} was incremented more often than it asked`,
      );
    }
    direct.close();

    const healedMs = monotonicMs();
    const p = new Pipeline();
    p.get("chaos:v:0:0" as Key);
    await expectWithin(recoveryMs, "a call after the chaos", () =>
      client.send(p).then(
        () => true,
        () => false,
      ),
    );
    for (let i = 0; i < 100; i++) await client.send(p);
    console.log(
      `# ${faults} faults, ${proxy.faultsHit} connections hit, ${total(a => a.calls)} calls, ` +
        `${total(a => a.failures)} failed (${total(a => a.unknown)} unknown); ` +
        `100 calls after healing in ${Math.round(monotonicMs() - healedMs)} ms`,
    );
    client.close();
  });
});
