/** Dead letters that are re-driven, and totals that are recounted. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBooks } from "#lib/books/books.ts";
import { recountPoll } from "#lib/books/recount.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import type { Epoch, PollId, Slug } from "#lib/ids.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { insertDeadLetters, listDeadLetters } from "#lib/store/dead-letters.ts";
import type { Row } from "#lib/store/pool.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

interface SlugRow extends Row {
  readonly slug: Slug;
}

const bench = await startFlushBench();

/** Puts a letter aside, as a flush would, and gives its number. */
async function letterOf(pollId: PollId, bytes: Buffer, ballots: number) {
  const { store } = bench;
  const letters = [{ pollId, slot: 1, reason: "a test", bytes, ballots }];
  await insertDeadLetters(store, "epochoftests" as Epoch, letters, Date.now());
  return (await listDeadLetters(store)).at(-1)?.id ?? 0;
}

describe("dead letters", () => {
  it("are counted once when re-driven, by however many", async () => {
    const pollId = await bench.newPoll();
    const bytes = encodeBatch(batch([ballot(pollId), ballot(pollId)]));
    const id = await letterOf(pollId, bytes, 0);
    const results = await Promise.all([
      redriveLetter(bench.store, id),
      redriveLetter(bench.store, id),
    ]);
    assert.deepEqual(results.map(({ outcome }) => outcome).sort(), ["counted", "stays"]);
    const books = (await readBooks(bench.store, [pollId])).get(pollId);
    assert.equal(books?.counted, 2);
    assert.ok(books?.balanced);
    assert.ok(!(await listDeadLetters(bench.store)).some(letter => letter.id === id));
  });

  it("stay, with the reason, when they can't be read or counted", async () => {
    const pollId = await bench.newPoll();
    const damaged = await letterOf(pollId, Buffer.from("not a slot"), 0);
    const result = await redriveLetter(bench.store, damaged);
    assert.match(result.outcome === "stays" ? result.reason : "", /can't be read/);
    const nowhere = encodeBatch(batch([ballot(999_999 as PollId)]));
    const orphan = await redriveLetter(bench.store, await letterOf(pollId, nowhere, 1));
    assert.deepEqual(orphan, { outcome: "stays", reason: "the poll does not exist" });
  });
});

describe("recount", () => {
  it("finds totals that are off, and mends them when asked to", async () => {
    const pollId = await bench.newPoll();
    const bytes = encodeBatch(batch([ballot(pollId), ballot(pollId)]));
    await redriveLetter(bench.store, await letterOf(pollId, bytes, 0));
    const [row] = await bench.store.rows<SlugRow>(
      "test.slug",
      "SELECT slug FROM polls WHERE id = ?",
      [pollId],
    );
    assert.ok(row);
    const poll = { id: pollId, slug: row.slug };
    assert.deepEqual(await recountPoll(bench.store, poll, false), []);
    await bench.store.write("test.drift", "UPDATE poll_totals SET ballots = 7 WHERE poll_id = ?", [
      pollId,
    ]);
    const off = { pollId, part: "b", rows: 2, totals: 7 };
    assert.deepEqual(await recountPoll(bench.store, poll, false), [off]);
    assert.deepEqual(await recountPoll(bench.store, poll, true), [off]);
    assert.deepEqual(await recountPoll(bench.store, poll, true), []);
  });
});
