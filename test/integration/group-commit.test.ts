/** A front's group commit with ballots of three lanes, on a real memcached: which go first, which are refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotOutcome } from "#lib/ballots/ballot-outcome.ts";
import type { GroupCommit } from "#lib/ballots/group-commit.ts";
import type { PollId, Slug } from "#lib/model/ids.ts";
import { type Lane, lanes, type Relief } from "#lib/model/lane.ts";
import { newCommit } from "#test/support/commit-bench.ts";
import { ballot, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();
const poll = await bench.newPoll();
const slug = "poll-1" as Slug;
const noRelief = { reliefSize: 0, reliefChance: 0 };

const offered = (pollId: PollId, lane: Lane) => ({
  ...ballot(pollId),
  slug,
  publication: 0,
  markTtlSeconds: 60,
  lane,
});

/** Offers `count` ballots of a lane in one turn of the event loop. */
function offer(commit: GroupCommit, lane: Lane, count: number): Promise<BallotOutcome>[] {
  return Array.from({ length: count }, () => commit.offer(offered(poll, lane)));
}

/** The outcomes of ballots of each lane, offered together, in the order of their answers. */
async function answersTo(relief: Relief, counts: Readonly<Record<Lane, number>>) {
  const commit = newCommit(bench, relief);
  const answers: { lane: Lane; outcome: string }[] = [];
  await Promise.all(
    lanes.toReversed().flatMap(lane =>
      offer(commit, lane, counts[lane]).map(async answer => {
        const { outcome } = await answer;
        answers.push({ lane, outcome });
      }),
    ),
  );
  return answers;
}

/**
 * The lanes in the order of the rounds that accepted their ballots. After a stall of half a second some ballots are
 * rightly refused; such a run proves nothing about the order and is repeated.
 */
async function orderOf(relief: Relief, counts: Readonly<Record<Lane, number>>): Promise<Lane[]> {
  const triesMax = 5;
  for (let tries = 1; ; tries += 1) {
    const answers = await answersTo(relief, counts);
    const refused = answers.filter(({ outcome }) => outcome !== "accepted");
    if (refused.length > 0 && tries < triesMax) continue;
    assert.deepEqual(refused, []);
    return answers.map(({ lane }) => lane).filter((lane, i, all) => lane !== all[i - 1]);
  }
}

describe("the group commit", () => {
  it("the group commit takes the high lane first, then normal, then low", async () => {
    const order = await orderOf(noRelief, { high: 700, normal: 700, low: 700 });
    assert.deepEqual(order, ["high", "normal", "low"]);
  });

  it("the group commit relieves a lower lane until fewer than the relief size wait there", async () => {
    const always = { reliefSize: 100, reliefChance: 100 };
    const order = await orderOf(always, { high: 700, normal: 99, low: 520 });
    assert.deepEqual(order, ["low", "high", "normal", "low"]);
  });

  it("the group commit refuses the low lane first, then normal, then high, and accepts all lanes again when the backlog shrinks", async () => {
    const commit = newCommit(bench, noRelief);
    const refusedAt = (count: number, lanesRefused: readonly Lane[]) => {
      void Promise.all(offer(commit, "high", count - commit.waiting));
      assert.deepEqual(commit.lanesRefused, lanesRefused, `${count} waiting`);
    };
    const outcomeOf = async (lane: Lane) => (await commit.offer(offered(poll, lane))).outcome;

    refusedAt(9_999, []);
    refusedAt(10_000, ["low"]);
    assert.equal(await outcomeOf("low"), "overloaded");
    await commit.allAnswered();

    refusedAt(16_000, ["normal", "low"]);
    const normal = outcomeOf("normal");
    refusedAt(20_000, ["high", "normal", "low"]);
    const high = outcomeOf("high");
    assert.deepEqual(await Promise.all([normal, high]), ["overloaded", "overloaded"]);

    await commit.allAnswered();
    assert.deepEqual(commit.lanesRefused, []);
    for (const lane of lanes) assert.equal(await outcomeOf(lane), "accepted", lane);
  });
});
