/** Results on a real memcached, as a front process keeps them while another one takes votes as well. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { tallyKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollKey, Slug, TallyPart } from "#lib/model/ids.ts";
import { partsOf } from "#lib/model/tally-parts.ts";
import { ResultsBoard } from "#lib/results/results-board.ts";
import { finalizePoll, updatePoll } from "#lib/store/poll-changes.ts";
import { findPoll } from "#lib/store/polls.ts";
import { StoreBreaker } from "#lib/store/store-breaker.ts";
import { addToTotals, noOthers } from "#lib/store/totals.ts";
import { createTally, moveTally, partialTallyFrom } from "#lib/tallies/counters.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";

const { client, newPoll, store } = await startFlushBench();
const log = createLog("test", "silent");
const placement = new Placement([client], 1);
const newBoard = () =>
  new ResultsBoard({
    clock: { nowMs: Date.now },
    store,
    breaker: new StoreBreaker(store, log),
    log,
    placement,
    homes: { names: [], raiseTo: () => {} },
    copies: 1,
  });

async function openPoll() {
  const poll = await findPoll(store, `poll-${await newPoll()}` as Slug);
  assert.ok(poll);
  await createTally(placement, poll.key, partsOf(poll), Date.now());
  return poll;
}

/** One ballot for an option, as a round of any process writes it; gives the counter values it was answered with. */
async function vote(poll: PollKey, option: number) {
  const p = new Pipeline();
  const moves = moveTally(p, poll, {
    ballots: 1,
    votes: new Map([[option as TallyPart, 1]]),
  });
  const answer = partialTallyFrom(moves, await client.send(p), client.name);
  assert.ok(answer);
  return answer;
}

describe("results of a final poll", () => {
  it("the results of a final poll are its final numbers, whatever becomes of the tallies, in every process", async () => {
    const open = await openPoll();
    const boards = [newBoard(), newBoard()];
    for (const board of boards) await board.read(open, "reader");
    for (const option of [1, 2, 2]) await vote(open.key, option);
    await addToTotals(
      store,
      new Map([
        [
          open.id,
          {
            ...noOthers,
            ballots: 2,
            votes: new Map([
              [1 as TallyPart, 1],
              [2 as TallyPart, 1],
            ]),
          },
        ],
      ]),
    );
    const now = Date.now();
    await updatePoll(store, open.id, { ...open, closesAtMs: now - 2 }, now);
    await finalizePoll(store, open.id, now - 1);
    const final = await findPoll(store, open.slug);
    assert.ok(final);
    const published = JSON.parse(JSON.stringify(final)) as typeof final;
    const shown = async () => {
      const found = [];
      for (const board of boards) {
        const { ballots, options, state, waiting, version } = await board.read(published, "reader");
        found.push({ ballots, votes: options.map(({ votes }) => votes), state, waiting, version });
      }
      assert.deepEqual(found[0], found[1]);
      return found[0];
    };
    const before = await shown();
    assert.deepEqual(
      { ...before, version: 0 },
      { ballots: 2, votes: [1, 1, 0, 0], state: "final", waiting: 0, version: 0 },
    );
    await vote(open.key, 3);
    assert.deepEqual(await shown(), before);
    const gone = new Pipeline();
    for (const part of ["b", 1, 2, 3, 4, "v"] as const) gone.delete(tallyKey(open.key, part));
    await client.send(gone);
    await sleep(250);
    assert.deepEqual(await shown(), before);
  });
});

describe("results", () => {
  it("results include the process's own votes at once", async () => {
    const [poll, board] = [await openPoll(), newBoard()];
    await board.read(poll, "reader");
    for (const option of [1, 2, 2]) board.noteMoves(poll.key, await vote(poll.key, option));
    const { ballots, options } = await board.read(poll, "reader");
    assert.deepEqual([ballots, options.map(({ votes }) => votes)], [3, [1, 2, 0, 0]]);
  });

  it("results include another process's vote that came between two of the process's own", async () => {
    const [poll, board] = [await openPoll(), newBoard()];
    const before = await board.read(poll, "reader");
    board.noteMoves(poll.key, await vote(poll.key, 1));
    await vote(poll.key, 3); // by another process: the answer does not come here
    board.noteMoves(poll.key, await vote(poll.key, 1));
    await sleep(250);
    const { ballots, options, version } = await board.read(poll, "reader");
    assert.deepEqual([ballots, options.map(({ votes }) => votes)], [3, [2, 0, 1, 0]]);
    assert.ok(version > before.version);
  });

  it("results keep the process's own votes when a read arrives that is older, and take the others' from it", async () => {
    const [poll, board] = [await openPoll(), newBoard()];
    await board.read(poll, "reader");
    await vote(poll.key, 3); // by another process
    await sleep(250);
    const read = client.read.bind(client);
    client.read = async pipeline => {
      const replies = await read(pipeline);
      client.read = read;
      board.noteMoves(poll.key, await vote(poll.key, 1));
      return replies;
    };
    const { ballots, options } = await board.read(poll, "reader");
    assert.deepEqual([ballots, options.map(({ votes }) => votes)], [2, [1, 0, 1, 0]]);
    board.noteMoves(poll.key, await vote(poll.key, 2));
    const later = await board.read(poll, "reader");
    assert.deepEqual([later.ballots, later.options.map(({ votes }) => votes)], [3, [1, 1, 1, 0]]);
  });

  it("results are not set back by an older answer that arrives late", async () => {
    const [poll, board] = [await openPoll(), newBoard()];
    await board.read(poll, "reader");
    const answers = [await vote(poll.key, 1), await vote(poll.key, 1), await vote(poll.key, 1)];
    for (const answer of answers.reverse()) board.noteMoves(poll.key, answer);
    assert.equal((await board.read(poll, "reader")).options[0]?.votes, 3);
  });
});
