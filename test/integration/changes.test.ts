/**
 * Changed and withdrawn ballots on a real memcached and a real MariaDB: whatever order they come in, however
 * often, in whatever transactions, and by the queue or straight from a front, what stands is what a model far
 * simpler than the code says, and rows, totals and corrected tallies agree.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { recountPoll } from "#lib/books/recount.ts";
import { commitDirectly } from "#lib/flush/direct.ts";
import type { Ballot } from "#lib/model/ballot.ts";
import { ballotIdOf } from "#lib/model/ballot-id.ts";
import type { PollId, PollKey, Slug } from "#lib/model/ids.ts";
import { keyOfId, pollKeyOf } from "#lib/model/poll-key.ts";
import { SumsByPoll, type TallyChange } from "#lib/model/tally-sums.ts";
import { decodeBatch, encodeBatch } from "#lib/queue/slot-codec.ts";
import type { Row } from "#lib/store/database.ts";
import { findPoll } from "#lib/store/polls.ts";
import { readOutcomes } from "#lib/store/totals.ts";
import { ballot, batch, optionCount, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();
const { newFlusher, newPoll, producer, enqueue, totals, store, count } = bench;

/** A voter's ballots, each a change of the one before; an empty list is a withdrawal. */
function revisionsOf(poll: PollId, all: readonly (readonly number[])[]): Ballot[] {
  const first = ballot(poll, { receivedAtMs: 1_795_000_000_000 });
  return all.map((choices, revision) => ({
    ...first,
    ballotId: ballotIdOf(randomUUID()),
    receivedAtMs: first.receivedAtMs + revision * 7,
    revision,
    choices: Uint8Array.from(choices),
    ...(revision > 0 && { replaced: Uint8Array.from(all[revision - 1] ?? []) }),
  }));
}

const choices = fc.uniqueArray(fc.integer({ min: 1, max: optionCount }), { maxLength: 2 });
const first = choices.filter(list => list.length > 0);
const voter = fc.tuple(first, fc.array(choices, { maxLength: 4 }));

/** One way that things can go: who changes what, and how the ballots arrive. */
const history = fc.record({
  voters: fc.array(voter, { minLength: 1, maxLength: 4 }),
  /** Ballots that are delivered a second time, in a batch of their own. */
  again: fc.array(fc.nat(), { maxLength: 4 }),
  order: fc.infiniteStream(fc.nat()),
  sizes: fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
  ways: fc.infiniteStream(fc.constantFrom("queue", "queue", "pass", "direct")),
});

describe("a changed ballot", () => {
  it("a changed ballot is part of the progress that a pass reports", async () => {
    const poll = await newPoll();
    await enqueue(producer(), batch(revisionsOf(poll, [[1], [2], [3]])));
    const reported: number[] = [];
    await newFlusher().pass({ progress: ({ ballots }) => reported.push(ballots) });
    assert.equal(reported.at(-1), 3);
  });

  it("a changed ballot stands in its last revision, in whatever order the revisions arrive", async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ voters, again, order, sizes, ways }) => {
        const poll = await newPoll();
        const all = voters.map(([head, rest]) => revisionsOf(poll, [head, ...rest]));
        const accepted = all.flat();
        const repeated = again.map(n => accepted[n % accepted.length] as Ballot);
        const moved = new SumsByPoll(pollKeyOf);
        for (const one of accepted) moved.addMoved(one);
        bench.corrections.length = 0;

        const coming = [...accepted, ...repeated.map(one => ({ ...one, tallied: false }))];
        const shuffled = coming
          .map(one => ({ one, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        while (shuffled.length > 0) {
          const next = batch(shuffled.splice(0, sizes.next().value as number));
          const way = ways.next().value;
          if (way === "direct") {
            const { verdict } = await commitDirectly(store, next, true, Date.now());
            if (verdict) bench.corrections.push([verdict.corrections, new Set()]);
            continue;
          }
          await enqueue(producer(), decodeBatch(encodeBatch(next)) ?? next);
          if (way === "pass") await newFlusher().pass();
        }
        await newFlusher().pass();

        const standing = all.map(revisions => revisions.at(-1) as Ballot);
        const voted = standing.filter(one => one.choices.length > 0);
        const votes = Array.from({ length: optionCount }, (_, i) => {
          return voted.filter(one => one.choices.includes(i + 1)).length;
        });
        assert.deepEqual(await totals(poll), { ballots: voted.length, duplicates: 0, votes });
        assert.deepEqual(await rowsOf(poll), standing.map(rowText).sort());
        assert.deepEqual(tallyOf(poll, moved), { ballots: voted.length, votes }, "tallies");
        const found = (await readOutcomes(store, [poll])).get(poll);
        assert.equal(found?.withdrawn, standing.length - voted.length);
        assert.equal(
          (found?.replaced ?? 0) + (found?.repeated ?? 0),
          coming.length - standing.length,
          "each ballot that arrived is in the books once",
        );
        const known = await findPoll(store, `poll-${poll}` as Slug);
        assert.deepEqual(known && (await recountPoll(store, known, false)), []);
      }),
      { numRuns: 60 },
    );
  });

  it("a changed ballot stands against another of the same revision when it was received first", async () => {
    const poll = await newPoll();
    const [one, two] = revisionsOf(poll, [[1], [2]]) as [Ballot, Ballot];
    const late = { ...two, ballotId: ballotIdOf(randomUUID()), receivedAtMs: two.receivedAtMs + 1 };
    await enqueue(producer(), batch([one]));
    await enqueue(producer(), batch([{ ...late, choices: Uint8Array.of(3) }]));
    await newFlusher().pass();
    await enqueue(producer(), batch([two]));
    await newFlusher().pass();
    assert.deepEqual(await totals(poll), { ballots: 1, duplicates: 1, votes: [0, 1, 0, 0] });
  });

  it("a ballot that was committed directly stands against an earlier one that was never acknowledged", async () => {
    const poll = await newPoll();
    for (const revision of [0, 1]) {
      const sent = revisionsOf(poll, [[1], [2]])[revision] as Ballot;
      const earlier = {
        ...sent,
        ballotId: ballotIdOf(randomUUID()),
        receivedAtMs: sent.receivedAtMs - 1,
        choices: Uint8Array.of(3),
      };
      await commitDirectly(store, batch([sent]), false, Date.now());
      const { fates } = await commitDirectly(store, batch([earlier]), false, Date.now());
      const fate = fates[0];
      assert.ok(typeof fate === "object" && fate.instead.choices[0] === sent.choices[0]);
    }
    assert.deepEqual(await totals(poll), { ballots: 2, duplicates: 0, votes: [1, 1, 0, 0] });
  });

  it("a ballot that loses in a direct commit gets the ballot that stands, and enters no books", async () => {
    const poll = await newPoll();
    const [one, two] = revisionsOf(poll, [[1], [2]]) as [Ballot, Ballot];
    const other = {
      ...two,
      ballotId: ballotIdOf(randomUUID()),
      receivedAtMs: two.receivedAtMs + 1,
    };
    for (const accepted of [one, two]) {
      const { fates } = await commitDirectly(store, batch([accepted]), false, Date.now());
      assert.equal(fates[0], "counted");
    }
    for (const late of [other, one]) {
      const { fates } = await commitDirectly(store, batch([late]), false, Date.now());
      const fate = fates[0];
      assert.ok(typeof fate === "object" && fate.instead.revision === 1);
    }
    const outcomes = (await readOutcomes(store, [poll])).get(poll);
    assert.deepEqual([outcomes?.counted, outcomes?.replaced, outcomes?.duplicates], [1, 1, 0]);
    assert.equal(await count("acceptances", `poll_id = ${poll} AND arrived = 1`), 2);
  });
});

const rowText = (of: { readonly revision: number; readonly choices: Uint8Array }) =>
  `${of.revision}: ${[...of.choices].join()}`;

async function rowsOf(poll: PollId): Promise<string[]> {
  const rows = await store.rows<Row & { revision: number; choices: Buffer }>(
    "test.rows",
    "SELECT revision, choices FROM ballots WHERE poll_id = ?",
    [poll],
  );
  return rows.map(rowText).sort();
}

/** The tallies after the moves of the fronts and the corrections of the flushes. */
function tallyOf(poll: PollId, moved: SumsByPoll<PollKey>) {
  const changes: (TallyChange | undefined)[] = [
    moved.byPoll.get(keyOfId(poll)),
    ...bench.corrections.map(([corrections]) => corrections.get(keyOfId(poll))),
  ];
  const sum = (of: (change: TallyChange) => number) =>
    changes.reduce((total, change) => total + (change ? of(change) : 0), 0);
  return {
    ballots: sum(change => change.ballots),
    votes: Array.from({ length: optionCount }, (_, i) =>
      sum(change => change.votes.get((i + 1) as never) ?? 0),
    ),
  };
}
