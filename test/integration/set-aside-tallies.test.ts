/**
 * Ballots that moved the tallies and become dead letters: the tallies give them up with the verdict, once, and take them
 * back when the dead letter is counted. On a real memcached and a real MariaDB.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createConnection } from "mysql2/promise";
import { readBooks } from "#lib/books/books.ts";
import { commitDirectly } from "#lib/flush/direct.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Ballot } from "#lib/model/ballot.ts";
import type { PollId, TallyPart } from "#lib/model/ids.ts";
import { keyOfId, pollKeyOf } from "#lib/model/poll-key.ts";
import { defaultRules } from "#lib/model/poll-rules.ts";
import { partsOf } from "#lib/model/tally-parts.ts";
import { SumsByPoll } from "#lib/model/tally-sums.ts";
import type { Row } from "#lib/store/database.ts";
import { deleteDeadLetters, listDeadLetters } from "#lib/store/dead-letters.ts";
import { createTally, moveTallies, readTally } from "#lib/tallies/counters.ts";
import { ballot, batch, optionCount, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();
const { store, client } = bench;
const placement = new Placement([client], 1);
const parts = partsOf({
  ...defaultRules,
  options: Array.from({ length: optionCount }, (_, i) => ({ number: i + 1, label: "" })),
} as never);

/** An open poll with a tally. */
async function newPoll(): Promise<PollId> {
  const poll = await bench.newPoll();
  await createTally(placement, keyOfId(poll), parts, Date.now());
  return poll;
}

/** Moves the tallies by these ballots, as the write that enqueues them does. */
async function accept(ballots: readonly Ballot[]): Promise<void> {
  const sums = new SumsByPoll(pollKeyOf);
  for (const each of ballots) sums.addMoved(each);
  await moveTallies(placement, sums.byPoll);
}

/** Accepts ballots and enqueues them as one slot of each of these homes. */
async function cast(ballots: readonly Ballot[], homes: readonly number[] = [0]): Promise<void> {
  await accept(ballots);
  const slot = batch(ballots);
  for (const home of homes) await bench.enqueue(bench.producer(home), slot);
}

/** The poll's ballots in its tally, and its votes by option. */
async function tally(poll: PollId): Promise<number[]> {
  const found = await readTally(client, keyOfId(poll), parts);
  assert.ok(found, "the poll has a tally");
  return [found.ballots, ...[1, 2, 3, 4].map(part => found.votes.get(part as TallyPart) ?? 0)];
}

async function setFinal(poll: PollId, final: boolean): Promise<void> {
  const value = final ? "NOW(3)" : "NULL";
  await store.write("test.final", `UPDATE polls SET finalized_at = ${value} WHERE id = ?`, [poll]);
}

async function asAdministrator(statement: string): Promise<void> {
  const admin = await createConnection({ uri: bench.database.adminUrl });
  await admin.query(statement);
  await admin.end();
}

async function booksOf(poll: PollId) {
  const books = (await readBooks(store, [poll])).get(poll);
  assert.ok(books?.balanced, "the books balance");
  return { counted: books.counted, setAside: books.setAside };
}

/** Numbers of the dead letters of a poll. */
async function lettersOf(poll: PollId): Promise<number[]> {
  const rows = await store.rows<Row & { readonly id: number }>(
    "test.letters",
    "SELECT id FROM dead_letters WHERE poll_id = ? ORDER BY id",
    [poll],
  );
  return rows.map(({ id }) => Number(id));
}

/** Re-drives the dead letters of a poll, each by two processes at once, and moves the tallies. */
async function redriveAll(poll: PollId): Promise<void> {
  for (const id of await lettersOf(poll)) {
    for (const result of await Promise.all([redriveLetter(store, id), redriveLetter(store, id)])) {
      if (result.outcome === "counted") await moveTallies(placement, result.corrections);
    }
  }
}

describe("the tallies of a poll whose ballots are set aside", () => {
  it("tallies give up the ballots that a final poll refuses, and take them back once when they are re-driven", async () => {
    const poll = await newPoll();
    await cast([ballot(poll)]);
    await bench.newFlusher().pass();
    await cast([ballot(poll), ballot(poll, { choices: Uint8Array.of(2, 3) })], [0, 1]);
    assert.deepEqual(await tally(poll), [3, 2, 1, 1, 0]);
    await setFinal(poll, true);
    await bench.newFlusher().pass();
    assert.deepEqual(await tally(poll), [1, 1, 0, 0, 0]);
    assert.deepEqual(await booksOf(poll), { counted: 1, setAside: 2 });
    await redriveAll(poll);
    assert.deepEqual(await tally(poll), [1, 1, 0, 0, 0], "the poll is still final");
    await setFinal(poll, false);
    await redriveAll(poll);
    assert.deepEqual(await tally(poll), [3, 2, 1, 1, 0]);
    assert.deepEqual(await booksOf(poll), { counted: 3, setAside: 0 });
  });

  it("tallies give up a change and a withdrawal that are set aside, so the earlier ballots stand", async () => {
    const poll = await newPoll();
    const [first, other] = [ballot(poll), ballot(poll, { choices: Uint8Array.of(4) })];
    await cast([first, other]);
    await bench.newFlusher().pass();
    const change = { voter: first.voter, revision: 1, replaced: first.choices };
    const withdrawal = { voter: other.voter, revision: 1, replaced: other.choices };
    await cast([
      ballot(poll, { ...change, choices: Uint8Array.of(2) }),
      ballot(poll, { ...withdrawal, choices: Uint8Array.of() }),
    ]);
    assert.deepEqual(await tally(poll), [1, 0, 1, 0, 0]);
    await setFinal(poll, true);
    await bench.newFlusher().pass();
    assert.deepEqual(await tally(poll), [2, 1, 0, 0, 1]);
    await setFinal(poll, false);
    await redriveAll(poll);
    assert.deepEqual(await tally(poll), [1, 0, 1, 0, 0]);
  });

  it("tallies give up a ballot that MySQL refuses, and keep the others of its slot", async () => {
    const poll = await newPoll();
    const ballots = [ballot(poll), ballot(poll), ballot(poll)];
    await asAdministrator(
      `CREATE TRIGGER refuse_one BEFORE INSERT ON ballots FOR EACH ROW
       IF NEW.voter = 0x${ballots[1]?.voter} THEN
         SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1264, MESSAGE_TEXT = 'not this one';
       END IF`,
    );
    await cast(ballots);
    await bench.newFlusher().pass();
    await asAdministrator("DROP TRIGGER refuse_one");
    assert.deepEqual(await tally(poll), [2, 2, 0, 0, 0]);
    await redriveAll(poll);
    assert.deepEqual(await tally(poll), [3, 3, 0, 0, 0]);
  });

  it("tallies give up once a ballot that MySQL refuses in the totals, although two queues have its slot", async () => {
    const poll = await newPoll();
    await cast([ballot(poll)]);
    await bench.newFlusher().pass();
    await asAdministrator(
      `CREATE TRIGGER refuse_option BEFORE INSERT ON option_totals FOR EACH ROW
       IF NEW.option_number = 3 THEN
         SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1264, MESSAGE_TEXT = 'no votes for this option';
       END IF`,
    );
    await cast([ballot(poll), ballot(poll, { choices: Uint8Array.of(3) })], [0, 1]);
    await bench.newFlusher().pass();
    await bench.newFlusher().pass();
    await asAdministrator("DROP TRIGGER refuse_option");
    assert.deepEqual(await tally(poll), [2, 2, 0, 0, 0]);
    assert.deepEqual(await booksOf(poll), { counted: 2, setAside: 1 });
    assert.equal((await lettersOf(poll)).length, 1, "the second copy makes no dead letter");
    await redriveAll(poll);
    assert.deepEqual(await tally(poll), [3, 2, 0, 1, 0]);
    assert.deepEqual(await booksOf(poll), { counted: 3, setAside: 0 });
  });

  it("tallies give up ballots of a poll that MySQL does not have", async () => {
    const nowhere = 4_000_000_000 as PollId;
    await createTally(placement, keyOfId(nowhere), parts, Date.now());
    await cast([ballot(nowhere), ballot(nowhere)]);
    await bench.newFlusher().pass();
    assert.deepEqual(await tally(nowhere), [0, 0, 0, 0, 0]);
  });

  it("tallies of all polls are doubtful after a slot that does not decode", async () => {
    bench.corrections.length = 0;
    await bench.enqueue(bench.producer(), Buffer.from("no slot of ours"));
    await bench.newFlusher().pass();
    assert.deepEqual(
      bench.corrections.map(([, doubtful]) => doubtful),
      ["all"],
    );
    await deleteDeadLetters(
      store,
      (await listDeadLetters(store)).map(({ id }) => id),
    );
  });
});

describe("an acknowledged batch that a front replays straight into MySQL", () => {
  const replay = (ballots: readonly Ballot[]) =>
    commitDirectly(store, batch(ballots), true, Date.now());

  it("a replayed ballot of a final poll becomes a dead letter and leaves the tallies", async () => {
    const poll = await newPoll();
    await setFinal(poll, true);
    const ballots = [ballot(poll), ballot(poll)];
    await accept(ballots);
    const { fates, verdict } = await replay(ballots);
    assert.deepEqual(fates, ["refused", "refused"]);
    await moveTallies(placement, verdict?.corrections ?? new Map());
    assert.deepEqual(await tally(poll), [0, 0, 0, 0, 0]);
    assert.deepEqual(await booksOf(poll), { counted: 0, setAside: 2 });
    await setFinal(poll, false);
    await redriveAll(poll);
    assert.deepEqual(await tally(poll), [2, 2, 0, 0, 0]);
    assert.deepEqual(await booksOf(poll), { counted: 2, setAside: 0 });
  });

  it("a replayed ballot counts although its poll was closed in the meantime", async () => {
    const poll = await newPoll();
    await store.write("test.close", "UPDATE polls SET closes_at = NOW(3) WHERE id = ?", [poll]);
    const late = ballot(poll, { receivedAtMs: Date.now() + 60_000 });
    const { fates } = await replay([late]);
    assert.equal(fates[0], "counted");
  });
});
