/** Lanes from the request to MySQL: with a backlog, what the rules call high is counted first, and none starves. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { type Lane, lanes } from "#lib/model/lane.ts";
import { api, createPoll, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

interface CommitRow extends RowDataPacket {
  readonly queue: string;
  readonly at: Date;
}

interface Commit {
  readonly lane: Lane;
  readonly atMs: number;
}

const reliefSize = 10;

describe("a backlog of votes in three lanes", () => {
  let site: Site;
  let poll: string;
  let lowPoll: string;
  let commitsBefore = 0;
  const folder = mkdtempSync(join(tmpdir(), "floodgate-lanes-"));

  /** A file of rules with this chance of relief. */
  function rulesFile(name: string, chance: number): string {
    const file = join(folder, name);
    const rules = {
      high_priority_cookie: "subscriber",
      high_priority_cookie_contents: "yes",
      queue_relief_size: reliefSize,
      queue_relief_chance: chance,
      rules: [{ by: "poll" }],
    };
    writeFileSync(file, JSON.stringify(rules));
    return file;
  }

  before(async () => {
    const env = {
      FLOODGATE_LANES_FILE: rulesFile("lanes.json", 0),
      FLOODGATE_FLUSH_BALLOTS_MAX: "1",
    };
    site = await Site.start({ workers: 0, env });
    poll = await createPoll(site);
    lowPoll = await createPoll(site);
    const patched = await api(site, "PATCH", `/api/polls/${lowPoll}`, { lane: "low" });
    assert.equal(patched.status, 200, await patched.text());
  });
  after(async () => {
    await site?.stop();
    rmSync(folder, { recursive: true });
  });

  const voteIn: Record<Lane, () => Promise<Response>> = {
    high: () => vote(site.url, poll, { choices: ["1"] }, { Cookie: "a=b; subscriber=yes" }),
    normal: () => vote(site.url, poll, { choices: ["1"] }, { Cookie: "subscriber=no" }),
    low: () => vote(site.url, lowPoll, { choices: ["1"] }),
  };

  /** Votes so often in each lane, one vote a slot, the lowest lane first; flushes slot by slot. */
  async function flushBacklog(
    votes: Readonly<Record<Lane, number>>,
    reliefChance: number,
  ): Promise<readonly Commit[]> {
    for (const lane of lanes.toReversed()) {
      for (let i = 0; i < votes[lane]; i++) assert.equal((await voteIn[lane]()).status, 202);
    }
    const said = await site.run("flush", [], {
      FLOODGATE_LANES_FILE: rulesFile("worker.json", reliefChance),
    });
    assert.match(said, / 0 slots waiting/);
    const rows = await site.query<CommitRow>(
      `SELECT queue, committed_at AS at FROM batches JOIN checkpoints USING (epoch)
       WHERE ballots > 0 ORDER BY committed_at`,
    );
    const commits = rows.slice(commitsBefore).map(({ queue, at }) => ({
      lane: queue.split(".")[0] as Lane,
      atMs: at.getTime(),
    }));
    commitsBefore = rows.length;
    for (const lane of lanes) assert.equal(of(commits, lane).length, votes[lane], lane);
    return commits;
  }

  const of = (commits: readonly Commit[], lane: Lane) =>
    commits.filter(commit => commit.lane === lane);
  const first = (commits: readonly Commit[], lane: Lane) => of(commits, lane)[0]?.atMs ?? 0;
  const last = (commits: readonly Commit[], lane: Lane) => of(commits, lane).at(-1)?.atMs ?? 0;

  it("a backlog in three lanes is counted high first, then normal, then low, and completely", async () => {
    const commits = await flushBacklog({ high: 12, normal: 12, low: 12 }, 0);
    assert.ok(last(commits, "high") <= first(commits, "normal"));
    assert.ok(last(commits, "normal") <= first(commits, "low"));
  });

  it("relief gives lower lanes their share while the high lane has a backlog, and not more", async () => {
    const votes = { high: 60, normal: 30, low: 30 };
    const commits = await flushBacklog(votes, 50);
    for (const lane of ["normal", "low"] as const) {
      const relieved = of(commits, lane).filter(({ atMs }) => atMs < last(commits, "high")).length;
      assert.ok(relieved > 0, `${lane} starved`);
      // Down to one less than the size by relief; the rest has to wait for its turn.
      assert.ok(relieved <= votes[lane] - reliefSize + 1, `${lane} got ${relieved}`);
    }
    assert.equal((await results(site, poll)).ballots, 24 + 90);
    assert.equal((await results(site, lowPoll)).ballots, 12 + 30);
  });
});
