/** A commit that MySQL refuses because its statements are too large goes in smaller pieces, and nothing is set aside. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Loading } from "#lib/flush/loading.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench({}, { databaseOptions: ["--max-allowed-packet=131072"] });
const narrow = await startFlushBench({}, { databaseOptions: ["--max-allowed-packet=16384"] });

/** Loads go in packets of their own and are never too large. */
const neverLoading = new Loading(bench.deps.log, { rowsMin: Number.POSITIVE_INFINITY });

describe("a commit that is too large for MySQL", () => {
  it("a commit that is too large for MySQL is split until each part fits", async () => {
    const poll = await bench.newPoll();
    const slots = 20;
    for (let slot = 0; slot < slots; slot++) {
      const ballots = Array.from({ length: 500 }, () => ballot(poll));
      await bench.enqueue(bench.producer(), batch(ballots));
    }
    const flusher = bench.newFlusher({ loading: neverLoading });
    const { counted, letters, waiting, commits } = await flusher.pass();
    assert.deepEqual(
      { counted, letters, waiting },
      { counted: slots * 500, letters: 0, waiting: 0 },
    );
    assert.ok(commits > 1, "it was split");
    assert.equal((await bench.totals(poll)).ballots, slots * 500);
  });

  it("a single slot that is too large for MySQL is committed in one transaction of shorter statements", async () => {
    const poll = await narrow.newPoll();
    const ballots = Array.from({ length: 500 }, () => ballot(poll));
    for (const half of [ballots.slice(0, 500), ballots.slice(0, 500)]) {
      await narrow.enqueue(narrow.producer(), batch(half));
    }
    const flusher = narrow.newFlusher({ loading: neverLoading });
    const { counted, redelivered, letters, waiting } = await flusher.pass();
    assert.deepEqual(
      { counted, redelivered, letters, waiting },
      { counted: 500, redelivered: 500, letters: 0, waiting: 0 },
    );
    assert.equal((await narrow.totals(poll)).ballots, 500);
  });

  it("a load of many more bytes than MySQL takes in one packet is committed whole", async () => {
    const poll = await narrow.newPoll();
    for (let slot = 0; slot < 4; slot++) {
      const ballots = Array.from({ length: 500 }, () => ballot(poll));
      await narrow.enqueue(narrow.producer(), batch(ballots));
    }
    const { counted, commits } = await narrow.newFlusher().pass();
    assert.deepEqual([counted, commits], [2_000, 1]);
  });
});
