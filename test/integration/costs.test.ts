/**
 * What things cost, counted and not timed: operations of memcached, queries of MySQL, bytes of a slot. A
 * figure that gets worse fails; one that gets better is to be written down here.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Slug } from "#lib/model/ids.ts";
import { QueueHomes } from "#lib/queue/queue-homes.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { ResultsBoard } from "#lib/results/results-board.ts";
import { findPoll } from "#lib/store/polls.ts";
import { StoreBreaker } from "#lib/store/store-breaker.ts";
import { newCommit, newPublished } from "#test/support/commit-bench.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { createPoll } from "#test/support/ledger.ts";
import { memcachedOperations } from "#test/support/memcached-stats.ts";
import { statementsDuring } from "#test/support/mysql-stats.ts";
import { Site } from "#test/support/site.ts";

const bench = await startFlushBench();
const poll = await bench.newPoll();
const slug = "poll-1" as Slug;

/** Operations that memcached was asked for while `work` went on. */
async function operationsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await memcachedOperations(bench.memcached.port);
  await work();
  return (await memcachedOperations(bench.memcached.port)) - before;
}

/** Statements that MySQL was sent while `work` went on. */
function statementsOf(work: () => Promise<unknown>): Promise<number> {
  return statementsDuring(bench.database.adminUrl, work);
}

function newBoard(): ResultsBoard {
  const { client, store, deps } = bench;
  return new ResultsBoard({
    clock: { nowMs: Date.now },
    store,
    breaker: new StoreBreaker(store, deps.log),
    log: deps.log,
    placement: new Placement([client], 1),
    homes: new QueueHomes(1),
    copies: 1,
  });
}

describe("a ballot costs", () => {
  it("a ballot costs memcached one mark and a share of one round's operations", async () => {
    const published = newPublished(bench);
    const commit = newCommit(bench, { reliefSize: 0, reliefChance: 0 }, published);
    const offer = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          commit.offer({
            ...ballot(poll),
            slug,
            publication: published.publication,
            markTtlSeconds: 60,
            lane: "normal",
          }),
        ),
      );
    await offer(1);
    const small = await operationsOf(() => offer(1));
    const large = await operationsOf(() => offer(500));
    // Epoch twice, lock, pointer, slot, two tallies and their version, unlock; and a mark.
    assert.ok(small <= 11, `${small} operations for one ballot`);
    assert.equal(large - small, 499, "operations for 499 ballots more");
  });

  it("a ballot costs 43 bytes of its slot, and the slot 27 bytes", () => {
    for (const count of [0, 1, 500]) {
      const ballots = Array.from({ length: count }, () => ballot(poll));
      assert.equal(encodeBatch(batch(ballots)).length, 27 + 43 * count);
    }
  });

  it("a ballot costs MySQL a share of one transaction's statements", async () => {
    // Asks at its first flush whether MySQL takes loads, and again some minutes later.
    const flusher = bench.newFlusher();
    const flush = async (slots: number) => {
      for (let i = 0; i < slots; i++) {
        const ballots = Array.from({ length: 500 }, () => ballot(poll));
        await bench.enqueue(bench.producer(), batch(ballots));
      }
      return statementsOf(() => flusher.pass());
    };
    await flush(1);
    const [one, ten] = [await flush(1), await flush(10)];
    // One of them, which a worker sends once a second, asks whether MySQL has gone back.
    assert.ok(one <= 17, `${one} statements for 500 ballots`);
    assert.ok(ten <= 21, `${ten} statements for 5,000 ballots`);
  });
});

describe("reading costs", () => {
  it("any number of requests for results costs one read of the tallies", async () => {
    const shown = await findPoll(bench.store, slug);
    assert.ok(shown);
    // Rebuilds the tallies if they are missing, which is not measured here.
    await newBoard().snapshot(shown, "reader");
    const board = newBoard();
    const ask = () =>
      Promise.all(Array.from({ length: 1_000 }, () => board.snapshot(shown, "reader")));
    const operations = await operationsOf(ask);
    // A counter for each option, the ballots, the version, and how many are stored.
    assert.ok(operations <= 7, `${operations} operations for 1,000 who ask`);
    assert.equal(await statementsOf(ask), 0);
  });

  it("results that are asked for are read again before they expire", async t => {
    const shown = await findPoll(bench.store, slug);
    assert.ok(shown);
    const board = newBoard();
    let now = performance.now();
    t.mock.method(performance, "now", () => now);
    const first = await board.snapshot(shown, "reader");
    now += 160;
    assert.equal(board.fresh(shown, "reader"), first);
    // Not by the clock: it stands still here.
    for (let i = 0; i < 500 && board.fresh(shown, "reader") === first; i++) await sleep(10);
    now += 100;
    assert.notEqual(board.fresh(shown, "reader"), undefined);
  });

  it("a front looks up the same number of keys per second for any number of requests", async () => {
    const site = await Site.start({ workers: 0 });
    try {
      const open = await createPoll(site);
      const paths = [`/api/polls/${open}/results`, `/p/${open}`, `/p/${open}/results`];
      const ask = () => Promise.all(paths.map(path => fetch(site.url + path)));
      for (const answer of await ask()) await answer.arrayBuffer();
      const port = site.memcached[0]?.port ?? 0;
      const [before, startedMs] = [await memcachedOperations(port), monotonicMs()];
      const requests = 3_000;
      for (let i = 0; i < requests; i += 30) {
        const answers = await Promise.all(Array.from({ length: 10 }, ask));
        for (const answer of answers.flat()) await answer.arrayBuffer();
      }
      const operations = (await memcachedOperations(port)) - before;
      const seconds = (monotonicMs() - startedMs) / SECOND;
      // Some 40 a second: seven reads of the tallies, the poll, and the front's own timers.
      const most = Math.ceil(60 * (seconds + 1));
      assert.ok(operations <= most, `${operations} operations for ${requests} requests`);
    } finally {
      await site.stop();
    }
  });
});
