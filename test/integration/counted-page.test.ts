/** The desk's page of polls: its numbers are of one moment, however much is counted meanwhile. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commitDirectly } from "#lib/flush/direct.ts";
import type { PollId, Slug } from "#lib/model/ids.ts";
import { readCountedPage } from "#lib/results/counted-results.ts";
import { updatePoll } from "#lib/store/poll-changes.ts";
import { findPoll } from "#lib/store/polls.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const { store, newPoll } = await startFlushBench();
const nowMs = Date.now();
const readings = 40;

const read = () => readCountedPage(store, { nowMs }, { limit: 20 });

describe("the desk's page", () => {
  it("the voters of the desk's polls are those that its books call counted, while votes are counted", async () => {
    const polls: PollId[] = [];
    for (let i = 0; i < 8; i++) polls.push(await newPoll());
    let isOver = false;
    const counting = async () => {
      while (!isOver) {
        await commitDirectly(store, batch(polls.map(id => ballot(id))), true, Date.now());
      }
    };
    const work = [counting(), counting()];
    try {
      const sums = [];
      for (let i = 0; i < readings; i++) {
        const page = await read();
        const voters = page.polls.map(({ ballots }) => ballots ?? 0);
        sums.push(voters.reduce((sum, count) => sum + count, 0));
        assert.equal(sums.at(-1), page.books.counted);
        assert.equal(new Set(voters).size, 1, `a batch has a ballot for each: ${voters}`);
      }
      assert.ok((sums.at(-1) ?? 0) > (sums[0] ?? 0));
    } finally {
      isOver = true;
      await Promise.all(work);
    }
  });

  it("a poll's state is the one that the desk counts it under, at the moment of its closing, too", async () => {
    const poll = await findPoll(store, "poll-1" as Slug);
    assert.ok(poll);
    await updatePoll(store, poll.id, { ...poll, closesAtMs: nowMs }, nowMs);
    const { polls, counts } = await read();
    assert.equal(polls.find(({ poll: { id } }) => id === poll.id)?.state, "closing");
    assert.deepEqual([counts.closing, counts.open], [1, polls.length - 1]);
  });

  it("the desk shows no number for a draft, or for a poll with results for no one", async () => {
    const change = async (slug: string, more: object) => {
      const poll = await findPoll(store, slug as Slug);
      assert.ok(poll);
      await updatePoll(store, poll.id, { ...poll, ...more }, nowMs);
    };
    await change("poll-2", { resultsTo: "nobody" });
    await change("poll-3", { opensAtMs: null });
    const { polls } = await read();
    const shown = Object.fromEntries(polls.map(({ poll, ballots }) => [poll.slug, ballots]));
    assert.deepEqual([shown["poll-2"], shown["poll-3"]], [null, null]);
    assert.ok(shown["poll-4"]);
  });
});
