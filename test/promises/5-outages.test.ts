/**
 * Promise 5, while servers are away: every request is answered within 3 s, votes as long as there is anywhere to keep
 * them, and otherwise with 503 and Retry-After.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import words from "#reader/words/en.json" with { type: "json" };
import { waitUntil } from "#scripts/services/ports.ts";
import { api, createPoll, results, vote } from "#test/support/ledger.ts";
import { problemOf } from "#test/support/problem.ts";
import { Site } from "#test/support/site.ts";
import { expectWithin, timed } from "#test/support/stalls.ts";

const answerMsMax = 3_000;

describe("every request is answered in time", () => {
  let site: Site;
  let slug: string;
  before(async () => {
    site = await Site.start();
    slug = await createPoll(site);
  });
  after(() => site?.stop());

  const voteAnew = () => vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });

  /** As a browser without script: the form is sent again with the cookie that the first answer sets. */
  async function voteByForm(poll: string): Promise<Response> {
    const send = (path: string, cookie = "") =>
      fetch(site.url + path, {
        method: "POST",
        redirect: "manual",
        headers: { "Content-Type": "application/x-www-form-urlencoded", Cookie: cookie },
        body: `choice=1&ballotId=${randomUUID()}`,
      });
    const first = await send(`/api/polls/${poll}/votes`);
    assert.equal(first.status, 307);
    const [cookie = ""] = first.headers.getSetCookie().map(line => line.split(";")[0] ?? "");
    return send(first.headers.get("location") ?? "", cookie);
  }

  it("votes go straight to MySQL while memcached is away, and into the queue afterwards", async () => {
    const gone = site.memcached[0];
    assert.ok(gone);
    const before = (await results(site, slug)).ballots;
    await gone.child.pause();
    const [twice, ...once] = Array.from({ length: 20 }, () => randomUUID());
    const { result: answers, tookMs } = await timed(() =>
      Promise.all(
        [twice, twice, ...once].map(ballotId => vote(site.url, slug, { choices: ["1"], ballotId })),
      ),
    );
    assert.ok(tookMs < answerMsMax, `${tookMs} ms`);
    for (const answer of answers) assert.equal(answer.status, 202, await answer.clone().text());
    const ready = await fetch(`${site.url}/readyz`);
    assert.equal(ready.status, 200);
    assert.equal(((await ready.json()) as { step: string }).step, "direct");
    const page = await (await fetch(`${site.url}/p/${slug}`)).text();
    assert.match(page, new RegExp(words.stepDirect), "the page says it in one sentence");
    const answer = await voteByForm(slug);
    assert.equal(answer.status, 200, "without the mark, the form is answered in place");
    const thanks = await answer.text();
    assert.match(thanks, new RegExp(words.counted));
    assert.match(thanks, /href="\/receipt\/[0-9a-v-]+"/);
    const areCounted = async () => (await results(site, slug)).ballots === before + 21;
    await expectWithin(5_000, "results count them, from MySQL", areCounted);
    const [row] = await site.query<RowDataPacket>("SELECT COUNT(*) AS n FROM ballots");
    assert.ok(row && row.n >= 21, "they are in MySQL already");
    gone.child.signal("SIGCONT");
    await waitUntil("the queue is used again", async () => (await site.step()) === "normal", {
      withinMs: 10_000,
    });
    assert.equal((await voteAnew()).status, 202);
    await site.drained();
    await waitUntil(
      "tallies are right",
      async () => (await results(site, slug)).ballots === before + 22,
      { withinMs: 10_000 },
    );
  });

  it("requests are answered 503 with Retry-After while memcached and MySQL are away, and normally afterwards", async () => {
    await site.memcached[0]?.child.pause();
    await site.database.child.pause();
    const { result: answers, tookMs } = await timed(() =>
      Promise.all(Array.from({ length: 20 }, () => voteAnew())),
    );
    assert.ok(tookMs < answerMsMax, `${tookMs} ms`);
    for (const answer of answers) {
      await problemOf(answer.clone(), 503);
      assert.ok(Number(answer.headers.get("retry-after")) >= 1);
    }
    assert.equal((await fetch(`${site.url}/readyz`)).status, 503);
    for (const path of ["/p/never-seen", "/embed/never-seen/results"]) {
      const page = await fetch(site.url + path);
      assert.equal(page.status, 503, path);
      assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
      assert.ok(Number(page.headers.get("retry-after")) >= 1);
      assert.match(await page.text(), /This page can’t be shown right now/);
    }
    site.memcached[0]?.child.signal("SIGCONT");
    site.database.child.signal("SIGCONT");
    await waitUntil("all is well again", async () => (await site.step()) === "normal", {
      withinMs: 10_000,
    });
    assert.equal((await voteAnew()).status, 202);
    await site.drained();
  });

  it("voting and results go on while MySQL is away", async () => {
    await site.database.child.pause();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        vote(site.url, slug, { choices: ["2"], ballotId: randomUUID() }),
      ),
    );
    assert.ok(answers.every(answer => answer.status === 202));
    assert.equal((await fetch(`${site.url}/api/polls/${slug}/results`)).status, 200);
    const { result: edit, tookMs } = await timed(() =>
      api(site, "POST", `/api/polls/${slug}/close`),
    );
    assert.equal(edit.status, 503);
    assert.ok(tookMs < answerMsMax, `${tookMs} ms`);
    assert.equal(await site.step(), "holding");
    site.database.child.signal("SIGCONT");
    await site.drained();
  });

  it("no process crashed or restarted while it answered these requests", () =>
    site.assertUnharmed());
});
