/**
 * Ballots, accepted counts and dead letters of a poll that MySQL has lost, when another poll has its number: none of them
 * reaches that poll. Those of release 0.2.0, which wrote numbers only, count as before.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBooks } from "#lib/books/books.ts";
import { parseCounts } from "#lib/books/recover-counts.ts";
import { commitDirectly } from "#lib/flush/direct.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Ballot } from "#lib/model/ballot.ts";
import type { PollId, PollKey, TallyPart } from "#lib/model/ids.ts";
import { raiseAccepted } from "#lib/store/acceptances.ts";
import type { Row } from "#lib/store/database.ts";
import { listDeadLetters } from "#lib/store/dead-letters.ts";
import { createTally, moveTally, readTally } from "#lib/tallies/counters.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

let gonePolls = 0;
const bench = await startFlushBench({
  onGonePoll: () => {
    gonePolls += 1;
  },
});
const { client, count, enqueue, newFlusher, producer, store, totals } = bench;
const placement = new Placement([client], 1);
const part = 1 as TallyPart;

let keys = 2n ** 64n;
const newKey = () => String(--keys) as PollKey;

/** A poll with a poll key, and the poll key of another that had its number before. */
async function numberGivenTwice(): Promise<{ id: PollId; key: PollKey; lost: PollKey }> {
  const id = await bench.newPoll();
  const [key, lost] = [newKey(), newKey()];
  await store.write("test.key", "UPDATE polls SET poll_key = ? WHERE id = ?", [key, id]);
  return { id, key, lost };
}

/** A ballot as release 0.2.0 wrote it. */
function ofOldRelease(id: PollId, change: Partial<Ballot> = {}): Ballot {
  const { pollKey, ...rest } = ballot(id, change);
  return rest;
}

async function booksOf(id: PollId) {
  const { accepted, counted, setAside, waiting, lost, balanced } =
    (await readBooks(store, [id])).get(id) ?? {};
  return { accepted, counted, setAside, waiting, lost, balanced };
}

describe("a poll whose number another poll had before MySQL went back", () => {
  it("a flush counts the poll's own ballots and sets those of the lost poll aside, outside of its books and tallies", async () => {
    const { id, key, lost } = await numberGivenTwice();
    await createTally(placement, key, [part], Date.now());
    await createTally(placement, lost, [part], Date.now());
    const moves = new Pipeline();
    for (const poll of [key, lost])
      moveTally(moves, poll, { ballots: 1, votes: new Map([[part, 1]]) });
    await client.send(moves);
    const before = gonePolls;
    const slot = batch([ballot(id, { pollKey: lost }), ballot(id, { pollKey: key })]);
    await enqueue(producer(), slot);
    await newFlusher().pass();
    assert.deepEqual(await totals(id), { ballots: 1, duplicates: 0, votes: [1, 0, 0, 0] });
    assert.deepEqual(await booksOf(id), {
      accepted: 1,
      counted: 1,
      setAside: 0,
      waiting: 0,
      lost: 0,
      balanced: true,
    });
    const [letter] = (await listDeadLetters(store)).slice(-1);
    assert.equal(letter?.slug, undefined);
    assert.equal(
      letter?.reason,
      `its poll ${lost} does not exist: number ${id} is another poll's now`,
    );
    assert.equal((await readTally(client, key, [part]))?.ballots, 1);
    assert.equal((await readTally(client, lost, [part]))?.ballots, 0, "taken off its own tallies");
    assert.equal(gonePolls, before + 1);
    const redriven = await redriveLetter(store, letter?.id ?? 0);
    assert.equal(redriven.outcome, "stays");
  });

  it("a direct commit refuses a ballot of the lost poll, and sets one aside that was acknowledged", async () => {
    const { id, lost } = await numberGivenTwice();
    const foreign = ballot(id, { pollKey: lost });
    const refused = await commitDirectly(store, batch([foreign]), false, Date.now());
    assert.equal(refused.fates[0], "refused");
    await commitDirectly(store, batch([foreign]), true, Date.now());
    assert.equal((await listDeadLetters(store)).at(-1)?.slug, undefined);
    assert.equal(await count("acceptances", `poll_id = ${id}`), 0);
    assert.equal((await totals(id)).ballots, 0);
  });

  it("accepted counts of the lost poll do not raise the poll's, from a front's memory or its file", async () => {
    const { id, key, lost } = await numberGivenTwice();
    const run = Buffer.from("8 bytes!");
    await raiseAccepted(store, [
      { pollId: id, pollKey: lost, producer: run, ballots: 50 },
      { pollId: id, pollKey: key, producer: run, ballots: 3 },
    ]);
    assert.equal((await booksOf(id)).accepted, 3);
    const lines = `${id} 70 ${lost}\n${id} 80\n${id} 4 ${key}\n`;
    await raiseAccepted(store, parseCounts(lines, run.toString("hex")));
    assert.equal((await booksOf(id)).accepted, 4);
  });

  it("accepted counts of a poll that does not exist wait for no poll that is given its number", async () => {
    const id = ((await bench.newPoll()) + 1) as PollId;
    const run = Buffer.from("8 bytes!");
    await raiseAccepted(store, [{ pollId: id, producer: run, ballots: 50 }]);
    await store.write("test.left", "INSERT INTO acceptances VALUES (?, ?, 7, 0)", [id, run]);
    assert.equal(await bench.newPoll(), id);
    assert.equal(await count("acceptances", `poll_id = ${id}`), 0);
  });
});

describe("ballots of release 0.2.0, which wrote no poll key", () => {
  it("a flush counts a ballot that a front of release 0.2.0 accepted for a poll with a poll key", async () => {
    const { id } = await numberGivenTwice();
    await enqueue(producer(), batch([ofOldRelease(id)]));
    await newFlusher().pass();
    assert.equal((await totals(id)).ballots, 1);
    assert.equal((await booksOf(id)).balanced, true);
  });

  it("a flush sets a ballot of release 0.2.0 aside that is older than the poll that has its number", async () => {
    const { id } = await numberGivenTwice();
    const old = ofOldRelease(id, { receivedAtMs: Date.now() - 10 * 60_000 });
    await enqueue(producer(), batch([old]));
    await newFlusher().pass();
    assert.equal((await totals(id)).ballots, 0);
    const rows = await store.rows<Row & { reason: string }>(
      "test.reason",
      "SELECT reason FROM dead_letters ORDER BY id DESC LIMIT 1",
    );
    assert.equal(rows[0]?.reason, `its poll does not exist: number ${id} is another poll's now`);
  });

  it("a ballot of a poll that release 0.2.0 made is not counted in a later poll of its number", async () => {
    const { id } = await numberGivenTwice();
    await enqueue(producer(), batch([ballot(id)]));
    await newFlusher().pass();
    assert.equal((await totals(id)).ballots, 0);
  });
});
