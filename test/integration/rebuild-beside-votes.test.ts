/** The rebuild of tallies while a lock is held: votes go on, and nobody waits for a lock that is not needed any more. */
import assert from "node:assert/strict";
import { after, it } from "node:test";
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { MemcachedFailure } from "#lib/memcached/failure.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Slug } from "#lib/model/ids.ts";
import { rebuildTallies } from "#lib/rebuild/rebuild.ts";
import { findPoll } from "#lib/store/polls.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { undisturbed } from "#test/support/stalls.ts";

const bench = await startFlushBench();
/** A vote that takes longer waits for a lock. */
const gapMs = 50;
let homes = 0;

async function newPoll() {
  return (
    (await findPoll(bench.store, `poll-${await bench.newPoll()}` as Slug)) ?? assert.fail("no poll")
  );
}

/** Votes until `work` is done; gives its result, and the share of the time in which no vote passed for `gapMs`. */
async function votingBeside<T>(vote: () => Promise<unknown>, work: Promise<T>) {
  let done = false;
  const result = work.finally(() => {
    done = true;
  });
  const from = monotonicMs();
  let waitedMs = 0;
  while (!done) {
    const askedMs = monotonicMs();
    await vote();
    const tookMs = monotonicMs() - askedMs;
    if (tookMs > gapMs) waitedMs += tookMs;
    await sleep(5);
  }
  return { result: await result, waiting: waitedMs / (monotonicMs() - from) };
}

it("rebuildTallies lets votes of other homes go on while a dead front's lock lasts", () =>
  undisturbed(async () => {
    const [dead, alive] = [bench.producer(homes++), bench.producer(homes++)];
    const polls = [await newPoll(), await newPoll(), await newPoll()];
    const [voted] = polls;
    assert.ok(voted);
    const ballotFor = () => batch([ballot(voted.id)]);
    await bench.enqueue(alive, ballotFor());
    await bench.enqueue(dead, ballotFor());
    await dead.takeTicket(); // and is never heard of again
    const deps = {
      store: bench.store,
      clock: { nowMs: Date.now },
      log: createLog("test", "silent"),
      placement: new Placement([bench.client], 1),
      homes: { names: [dead.queue, alive.queue], raiseTo: () => {} },
      copies: 1,
    };
    const { result, waiting } = await votingBeside(
      () => bench.enqueue(alive, ballotFor()),
      Promise.all(polls.map(poll => rebuildTallies(deps, [poll]))),
    );
    assert.ok(waiting < 0.5, `votes waited for ${Math.round(100 * waiting)} % of the time`);
    assert.ok(
      result.every(corrections => corrections !== undefined),
      "rebuilt when the lease had ended",
    );
  }));

it("rebuildTallies that gets no lock ends with its last attempt, and waits for no lock after it", async () => {
  const producer = bench.producer(homes++);
  const poll = await newPoll();
  await bench.enqueue(producer, batch([ballot(poll.id)]));
  const seen: ("read" | "failed")[] = [];
  /** Refuses to take locks, which are all that this rebuild would send. */
  class LockedServer extends MemcachedClient {
    override read(...asked: Parameters<MemcachedClient["read"]>) {
      seen.push("read");
      return super.read(...asked);
    }
    override send(): Promise<never> {
      return Promise.reject(new MemcachedFailure("not_sent", "the lock is held"));
    }
  }
  const server = new LockedServer(bench.client.address);
  after(() => server.close());
  const log = Object.assign(createLog("test", "silent"), { warn: () => seen.push("failed") });
  const deps = {
    store: bench.store,
    clock: { nowMs: Date.now },
    log,
    placement: new Placement([bench.client], 1, [server]),
    homes: { names: [producer.queue], raiseTo: () => {} },
    copies: 1,
  };
  assert.equal(await rebuildTallies(deps, [poll]), undefined);
  assert.equal(seen.filter(event => event === "failed").length, 5);
  assert.equal(seen.at(-1), "failed");
});
