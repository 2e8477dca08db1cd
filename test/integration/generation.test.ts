/**
 * MySQL's generation changes with every restore of a backup: a worker and memcached's publications follow it, also
 * when no checkpoint shows that MySQL went back.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { AcceptedCount } from "#lib/books/accepted-count.ts";
import { acceptedSoFar } from "#lib/books/books.ts";
import { CountGatherer } from "#lib/books/gather-counts.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Slug } from "#lib/model/ids.ts";
import { publishAnew } from "#lib/polls/publish-anew.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { raiseAccepted } from "#lib/store/acceptances.ts";
import { readProgress } from "#lib/store/checkpoints.ts";
import { findPoll } from "#lib/store/polls.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

let setbacks = 0;
const bench = await startFlushBench({
  onSetback: () => {
    setbacks += 1;
  },
});
const { store, client, newFlusher, newPoll, producer, enqueue } = bench;
const log = createLog("test", "silent");
const placement = new Placement([client], 1);
const newPublished = () => new PublishedPolls(placement, store, log);

let generations = 0;
async function changeGeneration(): Promise<string> {
  const generation = `generation${++generations}`;
  await store.write("test.generation", "UPDATE site SET generation = ?", [generation]);
  return generation;
}

describe("a worker whose MySQL has another generation", () => {
  it("a worker takes another generation for a setback, once, although every checkpoint is where it left it", async () => {
    const poll = await newPoll();
    await enqueue(producer(), batch([ballot(poll)]));
    const flusher = newFlusher();
    await flusher.pass();
    assert.equal(await flusher.confirm(), true);
    const before = setbacks;
    const generation = await changeGeneration();
    assert.equal(await flusher.confirm(), false, "decisions wait for the next pass");
    assert.equal(setbacks, before + 1);
    await flusher.pass();
    assert.equal(await flusher.confirm(), true);
    assert.equal(setbacks, before + 1);
    assert.equal(flusher.generation, generation);
  });

  it("a worker that has just started takes the generation as it is", async () => {
    const before = setbacks;
    const flusher = newFlusher();
    await flusher.pass();
    assert.equal(await flusher.confirm(), true);
    assert.equal(setbacks, before);
  });

  it("the generation is read although no epoch is open", async () => {
    await store.write("test.close", "UPDATE checkpoints SET closed_at = NOW(3)");
    const generation = await changeGeneration();
    assert.deepEqual(await readProgress(store), { generation, open: [] });
  });
});

describe("the copies of polls in memcached after a restore", () => {
  const publishAnewNow = (generation: string) =>
    publishAnew({ store, placement }, [client], generation, Date.now());

  it("a copy of a poll that MySQL lacks becomes the note that there is none, an edited one goes back", async () => {
    const ids = [await newPoll(), await newPoll()];
    const rows = await store.rows(
      "test.slugs",
      "SELECT slug FROM polls WHERE id IN (?, ?) ORDER BY id",
      ids,
    );
    const [gone, edited] = rows.map(({ slug }) => slug as Slug) as [Slug, Slug];
    const published = newPublished();
    for (const slug of [gone, edited]) {
      const poll = await findPoll(store, slug);
      assert.ok(poll);
      await published.publish({ ...poll, version: 7, question: "Edited later?" });
    }
    await store.write("test.gone", "DELETE FROM polls WHERE slug = ?", [gone]);
    const front = newPublished();
    await front.confirm();
    assert.equal((await front.find(gone))?.version, 7);
    await publishAnewNow(await changeGeneration());
    assert.equal(await front.findCurrent(gone), null, "the publication is announced");
    assert.equal((await front.findCurrent(edited))?.question, "Yes?");
    assert.ok(!(await front.listed(Date.now())).some(({ slug }) => slug === gone));
  });

  it("copies of the current generation are left alone", async () => {
    const generation = await changeGeneration();
    await publishAnewNow(generation);
    const front = newPublished();
    await front.confirm();
    const { publication } = front;
    await publishAnewNow(generation);
    await front.confirm();
    assert.equal(front.publication, publication);
  });
});

describe("the accepted counts after a restore", () => {
  it("a front reports every count again, also those that have not changed", async () => {
    const poll = await newPoll();
    const run = Buffer.from("a front!");
    const counts = new AcceptedCount({
      producer: run,
      home: 0,
      directory: undefined,
      placement,
      log,
    });
    counts.note([{ pollId: poll }, { pollId: poll }]);
    await raiseAccepted(store, counts.takeUnreported());
    await store.write("test.restore", "DELETE FROM acceptances WHERE poll_id = ?", [poll]);
    assert.equal(counts.hasUnreported, false);
    counts.reportAll();
    await raiseAccepted(store, counts.takeUnreported());
    assert.equal((await acceptedSoFar(store, [poll])).get(poll), 2);
  });

  it("a worker knows the polls whose ballots have not arrived, although it has committed none of theirs", async () => {
    const [settled, unsettled] = [await newPoll(), await newPoll()];
    const run = Buffer.from("8 bytes!");
    await raiseAccepted(store, [
      { pollId: settled, producer: run, ballots: 3 },
      { pollId: unsettled, producer: run, ballots: 3 },
    ]);
    await store.write("test.arrived", "UPDATE acceptances SET arrived = 3 WHERE poll_id = ?", [
      settled,
    ]);
    const books = new CountGatherer(store, placement);
    await books.gather();
    assert.equal(books.polls.has(unsettled), true);
    assert.equal(books.polls.has(settled), false);
  });

  it("a worker that has just started learns what a front reports a little later", async () => {
    const books = new CountGatherer(store, placement);
    await books.gather();
    const late = await newPoll();
    const producer = Buffer.from("8 others");
    await raiseAccepted(store, [{ pollId: late, producer, ballots: 1 }]);
    const isKnown = async () => {
      await books.gather();
      return books.polls.has(late);
    };
    await waitUntil("the poll", isKnown, { withinMs: 15_000 });
  });
});
