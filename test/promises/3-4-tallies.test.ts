/**
 * Promise 3: when all queues are empty, tallies = totals = rows, option by option, also after memcached
 * lost its memory. Promise 4: with memcached up, voting and results cause no MySQL query. A front's reports are not
 * caused by votes.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, createPoll, results, vote } from "#test/support/ledger.ts";
import { statementsDuring, statementTextsDuring } from "#test/support/mysql-stats.ts";
import { Site } from "#test/support/site.ts";
import { expectWithin, undisturbed } from "#test/support/stalls.ts";

/** What a front sends by the clock, however many votes there are: report, comparison with the fleet record, time. */
const reports =
  /^\/\* floodgate:(processes\.\w+|server_lists\.read|acceptances\.raise|clock\.read) \*\//;

describe("tallies", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  async function castMany(slug: string, count: number): Promise<void> {
    const answers = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        vote(site.url, slug, { choices: [String((i % 3) + 1)], ballotId: randomUUID() }),
      ),
    );
    assert.ok(answers.every(answer => answer.status === 202));
  }

  it("tallies show a vote to its own voter at once", async () => {
    const slug = await createPoll(site);
    for (let i = 1; i <= 5; i++) {
      const answer = await vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });
      const body = (await answer.json()) as { results: { ballots: number } };
      assert.equal(body.results.ballots, i);
    }
  });

  it("tallies count voters and votes separately where several choices are allowed", async () => {
    const slug = await createPoll(site, { choicesMin: 2, choicesMax: 3 });
    const one = await vote(site.url, slug, { choices: ["3", "1"], ballotId: randomUUID() });
    assert.equal(one.status, 202);
    await vote(site.url, slug, { choices: ["1", "2", "3"], ballotId: randomUUID() });
    const after = await results(site, slug);
    assert.equal(after.ballots, 2);
    assert.deepEqual(
      after.options.map(option => option.votes),
      [2, 1, 2, 0],
    );
    for (const choices of [["1"], ["1", "2", "3", "4"], ["1", "1"], ["9", "1"]]) {
      assert.equal((await vote(site.url, slug, { choices, ballotId: randomUUID() })).status, 400);
    }
  });

  it("tallies are the same after memcached was killed and came back empty", async () => {
    const slug = await createPoll(site);
    await castMany(slug, 90);
    await site.drained();
    await site.memcached[0]?.child.kill();
    await site.restartMemcached();
    const isShown = async () =>
      (await fetch(`${site.url}/api/polls/${slug}/results`)).status === 200;
    await expectWithin(5_000, "results after the restart", isShown);
    const after = await results(site, slug);
    assert.equal(after.ballots, 90);
    assert.deepEqual(
      after.options.map(option => option.votes),
      [30, 30, 30, 0],
    );
  });

  it("tallies are right again after memcached was killed with unflushed ballots", async () => {
    const slug = await createPoll(site);
    await castMany(slug, 30);
    const [worker] = site.workers;
    await worker?.child.pause();
    await castMany(slug, 30);
    await site.memcached[0]?.child.kill();
    await site.restartMemcached();
    worker?.child.signal("SIGCONT");
    await site.drained();
    await waitUntil("exact tallies", async () => (await results(site, slug)).ballots === 60, {
      withinMs: 15_000,
    });
  });

  it("tallies, votes, pages and refusals cause no MySQL query while memcached is up", async () => {
    const slug = await createPoll(site);
    await castMany(slug, 5);
    for (const path of [`/p/${slug}`, `/p/${slug}/results`, "/", "/p/nowhere"]) {
      await fetch(site.url + path);
    }
    const paths = [
      `/api/polls/${slug}`,
      `/api/polls/${slug}/results`,
      `/p/${slug}`,
      `/p/${slug}/results`,
      "/",
      "/p/nowhere",
      "/api/polls/nowhere/results",
    ];
    const voteAndRead = async () => {
      await castMany(slug, 60);
      for (let i = 0; i < 20; i++) {
        await Promise.all(paths.map(path => fetch(site.url + path)));
        await sleep(100); // long enough for every second-old copy to be looked up again
      }
    };
    // To a front that was stopped in between, memcached may look away.
    await undisturbed(async () => {
      await site.drained();
      for (const worker of site.workers) await worker.child.pause();
      try {
        const sent = await statementTextsDuring(site.database.adminUrl, voteAndRead);
        assert.deepEqual(
          sent.filter(text => !reports.test(text)),
          [],
        );
      } finally {
        for (const worker of site.workers) worker.child.signal("SIGCONT");
      }
    });
  });

  it("invented slugs do not make requests reach MySQL", async () => {
    const startedMs = monotonicMs();
    const queries = await statementsDuring(site.database.adminUrl, async () => {
      for (let i = 0; i < 10; i++) {
        await Promise.all(
          Array.from({ length: 100 }, (_, j) =>
            fetch(`${site.url}/api/polls/invented-${i}-${j}/results`),
          ),
        );
      }
    });
    const seconds = (monotonicMs() - startedMs) / SECOND;
    // A front looks up 50 slugs a second and 20 former ones, and saves a second's; the worker and reports have a few.
    const most = 100 * (seconds + 2);
    assert.ok(queries < most, `${queries} queries for 1000 invented slugs in ${seconds} s`);
  });

  it("results are final when a poll is closed and every ballot is counted", async () => {
    const slug = await createPoll(site);
    await castMany(slug, 30);
    const closed = await api(site, "POST", `/api/polls/${slug}/close`);
    assert.equal(((await closed.json()) as { state: string }).state, "closing");
    const late = await vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });
    assert.equal(late.status, 403);
    await waitUntil("a final result", async () => (await results(site, slug)).state === "final", {
      withinMs: 30_000,
    });
    assert.equal((await results(site, slug)).ballots, 30);
  });
});
