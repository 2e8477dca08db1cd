/**
 * Ballots that were checked against a poll before an editor closed it, and whose round starts afterwards, on a real
 * memcached. The front may have read the new publication for another request in the meantime.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { OfferedBallot } from "#lib/ballots/pending-ballot.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId, Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { updatePoll } from "#lib/store/poll-changes.ts";
import { findPoll, newestPolls } from "#lib/store/polls.ts";
import { readMark } from "#lib/voters/marks.ts";
import { newCommit, newPublished } from "#test/support/commit-bench.ts";
import { ballot, startFlushBench } from "#test/support/flush-bench.ts";
import { fill, smallItems } from "#test/support/full-memcached.ts";
import { testClient, testMemcached } from "#test/support/services.ts";

const bench = await startFlushBench();
const placement = new Placement([bench.client], 1);
const noRelief = { reliefSize: 0, reliefChance: 0 };

describe("a poll that is closed while a ballot is on its way", () => {
  let number = 0;
  let id: PollId;
  let poll: Poll;
  before(() => bench.newPoll());

  /** A front that has checked a ballot, whose poll an editor has closed since. */
  async function closedSince() {
    id = await bench.newPoll();
    number += 1;
    const slug = `poll-${number + 1}` as Slug;
    const found = await findPoll(bench.store, slug);
    assert.equal(found?.id, id);
    poll = found;
    const editor = newPublished(bench);
    await editor.publish(poll);
    const front = newPublished(bench);
    const commit = newCommit(bench, noRelief, front);
    await front.findCurrent(slug);
    const { publication } = front;
    const closesAtMs = Date.now();
    await editor.publish({ ...poll, closesAtMs, version: poll.version + 1 });
    const offered = (change: Partial<OfferedBallot> = {}): OfferedBallot => ({
      ...ballot(id),
      slug,
      publication,
      receivedAtMs: closesAtMs + 1,
      markTtlSeconds: 60,
      lane: "normal",
      ...change,
    });
    return { front, commit, offered, closesAtMs };
  }

  it("a poll that is closed while a ballot is on its way refuses the ballot, and keeps no mark of it", async () => {
    const { commit, offered } = await closedSince();
    const late = offered();
    assert.equal((await commit.offer(late)).outcome, "closed");
    assert.equal(await readMark(placement, keyOfId(id), late.voter), undefined);
  });

  it("a poll that is closed while a ballot is on its way refuses the ballot when another request read the closing first", async () => {
    const { front, commit, offered } = await closedSince();
    await front.findCurrent("poll-1" as Slug);
    const late = offered();
    assert.equal((await commit.offer(late)).outcome, "closed");
    assert.equal(await readMark(placement, keyOfId(id), late.voter), undefined);
  });

  it("a poll that is closed while a ballot is on its way accepts a ballot that was received before the closing", async () => {
    const { front, commit, offered, closesAtMs } = await closedSince();
    await front.findCurrent("poll-1" as Slug);
    const timely = offered({ receivedAtMs: closesAtMs - 1 });
    assert.equal((await commit.offer(timely)).outcome, "accepted");
  });

  it("a poll that is closed while a ballot is on its way restores the mark of the ballot that stands when a change is refused", async () => {
    const { front, commit, offered, closesAtMs } = await closedSince();
    const first = offered({ receivedAtMs: closesAtMs - 1 });
    assert.equal((await commit.offer(first)).outcome, "accepted");
    await front.findCurrent("poll-1" as Slug);
    const change = offered({ ...ballot(id), voter: first.voter, revision: 1 });
    const late = { ...change, receivedAtMs: closesAtMs + 1 };
    assert.equal((await commit.offer(late)).outcome, "closed");
    assert.equal((await readMark(placement, keyOfId(id), first.voter))?.ballotId, first.ballotId);
  });
});

describe("a poll that is closed while memcached is full", () => {
  it("a poll that is closed while memcached is full is read from MySQL, and does not stay open until memory is free", async () => {
    const { port } = await testMemcached({ memoryMb: 4 });
    const client = testClient(port);
    after(() => client.close());
    await bench.newPoll();
    const [poll] = await newestPolls(bench.store, 1);
    assert.ok(poll);
    const editor = newPublished({ ...bench, client });
    const front = newPublished({ ...bench, client });
    await editor.publish(poll);
    assert.equal((await front.findCurrent(poll.slug))?.closesAtMs, null);
    await fill(client, [...smallItems, ...smallItems.map(size => 320 + 4 * size)]);
    const closed = { ...poll, closesAtMs: Date.now(), version: poll.version + 1 };
    await updatePoll(bench.store, poll.id, closed, Date.now());
    await editor.publish(closed);
    assert.equal((await front.findCurrent(poll.slug))?.closesAtMs, closed.closesAtMs);
  });
});

describe("a change that is refused because too many ballots wait", () => {
  it("a change that is refused because too many ballots wait leaves its voter's mark unchanged", async () => {
    const pollId = await bench.newPoll();
    const [poll] = await newestPolls(bench.store, 1);
    assert.ok(poll);
    const commit = newCommit(bench, noRelief);
    const offered = (change: Partial<OfferedBallot> = {}): OfferedBallot => ({
      ...ballot(pollId),
      slug: poll.slug,
      publication: 0,
      markTtlSeconds: 60,
      lane: "low",
      ...change,
    });
    const first = offered();
    assert.equal((await commit.offer(first)).outcome, "accepted");
    const many = Array.from({ length: 10_000 }, () => commit.offer(offered()));
    const change = offered({ voter: first.voter, revision: 1, choices: Uint8Array.of(2) });
    assert.equal((await commit.offer(change)).outcome, "overloaded");
    assert.equal(
      (await readMark(placement, keyOfId(pollId), first.voter))?.ballotId,
      first.ballotId,
    );
    await Promise.all(many);
    await commit.allAnswered();
  });
});
