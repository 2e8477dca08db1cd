/** Marks of ballots that are nowhere are taken away; all others stay. On a real memcached and a real MariaDB. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicMs } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { releaseMarks } from "#lib/books/release-marks.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Ballot } from "#lib/model/ballot.ts";
import type { Epoch, PollId } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { insertDeadLetters } from "#lib/store/dead-letters.ts";
import { readMark } from "#lib/voters/marks.ts";
import { placeMarks } from "#lib/voters/place-marks.ts";
import { freePort } from "#scripts/services/ports.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { testClient } from "#test/support/services.ts";

const bench = await startFlushBench();
const { store, client } = bench;
const placement = new Placement([client], 1);
const deps = { store, log: createLog("test", "silent"), placement };
/** As if the queues had been emptied long after the marks were made. */
const later = () => monotonicMs() + 60_000;

async function mark(ballots: readonly Ballot[]): Promise<void> {
  await placeMarks(
    placement,
    ballots.map(each => ({ ...each, markTtlSeconds: 3_600 })),
  );
}

const marked = async (poll: PollId, ballots: readonly Ballot[]) =>
  Promise.all(
    ballots.map(
      async ({ voter }) => (await readMark(placement, keyOfId(poll), voter)) !== undefined,
    ),
  );

describe("the marks of a poll with lost ballots", () => {
  it("the mark of a ballot that is nowhere is taken away, those of stored and set-aside ballots stay", async () => {
    const poll = await bench.newPoll();
    const [stored, aside, lost] = [ballot(poll), ballot(poll), ballot(poll)];
    await mark([stored, aside, lost]);
    await bench.enqueue(bench.producer(), batch([stored]));
    await bench.newFlusher().pass();
    const bytes = encodeBatch(batch([aside]));
    const letter = { pollId: poll, slot: 1, reason: "a test", bytes, ballots: 1 };
    await insertDeadLetters(store, "epochoftests" as Epoch, [letter], Date.now());
    const otherPoll = await bench.newPoll();
    const elsewhere = ballot(otherPoll);
    await mark([elsewhere]);
    assert.deepEqual([...(await releaseMarks(deps, new Set([poll]), later()))], []);
    assert.deepEqual(await marked(poll, [stored, aside, lost]), [true, true, false]);
    assert.deepEqual(await marked(otherPoll, [elsewhere]), [true], "of a poll without a loss");
  });

  it("the mark of a ballot that may be on its way stays, and is looked for again", async () => {
    const poll = await bench.newPoll();
    const fresh = ballot(poll);
    await mark([fresh]);
    assert.deepEqual([...(await releaseMarks(deps, new Set([poll]), monotonicMs()))], [poll]);
    assert.deepEqual(await marked(poll, [fresh]), [true]);
  });

  it("many marks are released in portions", async () => {
    const poll = await bench.newPoll();
    const lost = Array.from({ length: 2_500 }, () => ballot(poll));
    await mark(lost);
    assert.deepEqual([...(await releaseMarks(deps, new Set([poll]), later()))], []);
    assert.ok(!(await marked(poll, lost)).includes(true));
  });

  it("a server that is away is looked at again, without an error", async () => {
    const poll = await bench.newPoll();
    const away = testClient(await freePort());
    const again = await releaseMarks(
      { ...deps, placement: new Placement([away], 1) },
      new Set([poll]),
      later(),
    );
    away.close();
    assert.deepEqual([...again], [poll]);
  });
});
