import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import type { PollId } from "../model/ids.ts";
import type { Database } from "../store/database.ts";
import { drawBallots } from "./draw.ts";

const digest = (text: string) => createHash("md5").update(text).digest();

/** A database with `count` ballots; each tenth is a withdrawal. */
function databaseOf(count: number): Database {
  const stored = Array.from({ length: count }, (_, index) => ({
    poll_id: 7,
    voter: digest(`voter ${index}`),
    ballot_id: digest(`ballot ${index}`),
    batch_id: Buffer.alloc(12),
    revision: 0,
    choices: index % 10 === 0 ? Buffer.alloc(0) : Buffer.of(1),
    received_at: new Date(0),
  })).sort((a, b) => Buffer.compare(a.voter, b.voter));
  const rows = async (_name: string, _sql: string, [, after, limit]: [number, Buffer, number]) =>
    stored.filter(({ voter }) => Buffer.compare(voter, after) > 0).slice(0, limit);
  return { rows } as unknown as Database;
}

const votersDrawn = async (ballots: number, count: number, seed = "seed") =>
  (await drawBallots(databaseOf(ballots), 7 as PollId, count, seed)).drawn.map(
    ({ voter }) => voter,
  );

describe("drawBallots", () => {
  it("drawBallots draws the same ballots for the same seed, and others for another seed", async () => {
    assert.deepEqual(await votersDrawn(300, 5), await votersDrawn(300, 5));
    assert.notDeepEqual(await votersDrawn(300, 5), await votersDrawn(300, 5, "another seed"));
  });

  it("drawBallots draws different ballots, as many as asked for", async () => {
    assert.equal(new Set(await votersDrawn(300, 50)).size, 50);
  });

  it("drawBallots begins a larger draw with the ballots of a smaller one", async () => {
    assert.deepEqual((await votersDrawn(300, 20)).slice(0, 7), await votersDrawn(300, 7));
  });

  it("drawBallots draws from ballots, not from withdrawals, and counts only those", async () => {
    const { drawn, ballots } = await drawBallots(databaseOf(100), 7 as PollId, 1_000, "seed");
    assert.equal(ballots, 90);
    assert.equal(drawn.length, 90);
    assert.ok(drawn.every(({ choices }) => choices.length > 0));
  });

  it("drawBallots draws from all portions of a poll with many rows", async () => {
    const { ballots } = await drawBallots(databaseOf(11_000), 7 as PollId, 1, "seed");
    assert.equal(ballots, 9_900);
  });

  it("drawBallots gives every ballot about the same chance", async () => {
    const times = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++) {
      for (const voter of await votersDrawn(12, 2, `${seed}`)) {
        times.set(voter, (times.get(voter) ?? 0) + 1);
      }
    }
    // 10 ballots, 1,200 draws: 120 each, with a standard deviation of about 10.
    assert.equal(times.size, 10);
    for (const count of times.values()) assert.ok(count > 70 && count < 170, `${count}`);
  });
});
