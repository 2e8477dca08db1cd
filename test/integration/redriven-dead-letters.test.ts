/** Dead letters that are re-driven, and totals that are recounted. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBooks } from "#lib/books/books.ts";
import { recountPoll } from "#lib/books/recount.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import type { Epoch, PollId, Slug } from "#lib/model/ids.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import type { Row } from "#lib/store/database.ts";
import { insertDeadLetters, listDeadLetters } from "#lib/store/dead-letters.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

interface SlugRow extends Row {
  readonly slug: Slug;
}

const bench = await startFlushBench();

/** Inserts a dead letter, as a flush would, and returns its number. */
async function letterOf(pollId: PollId, bytes: Buffer, ballots: number) {
  const { store } = bench;
  const letters = [{ pollId, slot: 1, reason: "a test", bytes, ballots }];
  await insertDeadLetters(store, "epochoftests" as Epoch, letters, Date.now());
  return (await listDeadLetters(store)).at(-1)?.id ?? 0;
}

describe("a re-driven dead letter", () => {
  it("a re-driven dead letter is counted once when two processes re-drive it at once", async () => {
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

  it("a re-driven dead letter is counted once when its batch is also in another dead letter or in a slot", async () => {
    const pollId = await bench.newPoll();
    const twice = encodeBatch(batch([ballot(pollId), ballot(pollId)]));
    const both = [await letterOf(pollId, twice, 0), await letterOf(pollId, twice, 0)];
    const came = batch([ballot(pollId)]);
    const late = await letterOf(pollId, encodeBatch(came), 0);
    await bench.enqueue(bench.producer(), came);
    await bench.newFlusher().pass();
    for (const id of [...both, late]) await redriveLetter(bench.store, id);
    assert.equal((await bench.totals(pollId)).ballots, 3);
    const books = (await readBooks(bench.store, [pollId])).get(pollId);
    assert.deepEqual([books?.accepted, books?.counted, books?.balanced], [3, 3, true]);
    assert.equal((await listDeadLetters(bench.store)).length, 0);
    await bench.enqueue(bench.producer(), twice);
    await bench.newFlusher().pass();
    assert.equal(
      (await bench.totals(pollId)).ballots,
      3,
      "a slot that is flushed after its letter counts nothing",
    );
  });

  it("a re-driven dead letter counts a voter once who has another ballot in the same batch", async () => {
    const pollId = await bench.newPoll();
    const first = ballot(pollId, { receivedAtMs: Date.now() - 10 });
    const other = ballot(pollId, { voter: first.voter });
    const id = batch([first]).id;
    await bench.enqueue(bench.producer(), batch([first], { id }));
    await bench.newFlusher().pass();
    await redriveLetter(
      bench.store,
      await letterOf(pollId, encodeBatch(batch([other], { id })), 1),
    );
    const { ballots, duplicates } = await bench.totals(pollId);
    assert.deepEqual([ballots, duplicates], [1, 1]);
  });

  it("a re-driven dead letter stays, with the reason, when it can't be decoded or counted", async () => {
    const pollId = await bench.newPoll();
    const damaged = await letterOf(pollId, Buffer.from("not a slot"), 0);
    const result = await redriveLetter(bench.store, damaged);
    assert.match(result.outcome === "stays" ? result.reason : "", /can't be read/);
    const nowhere = encodeBatch(batch([ballot(999_999 as PollId)]));
    const orphan = await redriveLetter(bench.store, await letterOf(pollId, nowhere, 1));
    assert.deepEqual(orphan, { outcome: "stays", reason: "the poll does not exist" });
  });
});

describe("recountPoll", () => {
  it("recountPoll finds totals that differ from the rows, and corrects them with repair", async () => {
    const pollId = await bench.newPoll();
    const bytes = encodeBatch(batch([ballot(pollId), ballot(pollId)]));
    await redriveLetter(bench.store, await letterOf(pollId, bytes, 0));
    const [row] = await bench.store.rows<SlugRow>(
      "test.slug",
      "SELECT slug FROM polls WHERE id = ?",
      [pollId],
    );
    assert.ok(row);
    const poll = { id: pollId, slug: row.slug, kind: "choice" as const };
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
