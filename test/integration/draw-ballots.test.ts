/** Draws on a real MariaDB: the same with the same seed, fair with others, whatever the order of the rows. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawBallots } from "#lib/audit/draw.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const { newFlusher, newPoll, producer, enqueue, store } = await startFlushBench();

async function pollWith(ballots: number) {
  const poll = await newPoll();
  const all = Array.from({ length: ballots }, () => ballot(poll));
  for (let at = 0; at < ballots; at += 400) {
    await enqueue(producer(), batch(all.slice(at, at + 400)));
  }
  await newFlusher().pass();
  return poll;
}

describe("a draw", () => {
  it("a draw repeats with the same seed and differs with another", async () => {
    const poll = await pollWith(300);
    const ids = async (count: number, seed: string) =>
      (await drawBallots(store, poll, count, seed)).drawn.map(row => row.ballotId);
    const first = await ids(10, "3 14 15 92 65");
    assert.equal(new Set(first).size, 10);
    assert.deepEqual(await ids(10, "3 14 15 92 65"), first);
    assert.deepEqual(
      await ids(4, "3 14 15 92 65"),
      first.slice(0, 4),
      "a smaller one is its start",
    );
    assert.notDeepEqual(await ids(10, "another"), first);
  });

  it("a draw reads every portion of a large poll, and all of a small one", async () => {
    const large = await pollWith(12_000);
    const { drawn, ballots } = await drawBallots(store, large, 3, "seed");
    assert.deepEqual([drawn.length, ballots], [3, 12_000]);
    const small = await pollWith(2);
    assert.equal((await drawBallots(store, small, 5, "seed")).drawn.length, 2);
    assert.deepEqual(await drawBallots(store, await newPoll(), 5, "seed"), {
      drawn: [],
      ballots: 0,
    });
  });

  it("a draw gives every ballot the same chance", async () => {
    const poll = await pollWith(20);
    const times = new Map<string, number>();
    const draws = 600;
    for (let seed = 0; seed < draws; seed++) {
      for (const { ballotId } of (await drawBallots(store, poll, 5, `seed ${seed}`)).drawn) {
        times.set(ballotId, (times.get(ballotId) ?? 0) + 1);
      }
    }
    // 5 of 20: 150 times each, give or take six standard deviations of a draw without replacement.
    const deviation = Math.sqrt(draws * 0.25 * 0.75);
    assert.equal(times.size, 20);
    for (const drawn of times.values())
      assert.ok(Math.abs(drawn - 150) < 6 * deviation, `${drawn}`);
  });
});
