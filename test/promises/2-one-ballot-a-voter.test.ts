/** Promise 2: at most one ballot counts for each voter and poll, whatever the concurrency. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

interface VoteBody {
  readonly ballotId?: string;
  readonly code?: string;
  readonly choices?: readonly string[];
  readonly results?: { readonly ballots: number };
}

const cookieOf = (response: Response) => response.headers.get("set-cookie")?.split(";")[0] ?? "";

describe("one ballot a voter", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 2 });
  });
  after(() => site?.stop());

  it("one ballot counts of many parallel ones of a voter over two fronts", async () => {
    const slug = await createPoll(site);
    const voters = 60;
    const parallel = 25;
    const firstPoll = await createPoll(site);
    const cookies = await Promise.all(
      Array.from({ length: voters }, async () => {
        return cookieOf(
          await vote(site.url, firstPoll, { choices: ["1"], ballotId: randomUUID() }),
        );
      }),
    );
    const accepted = await Promise.all(
      cookies.map(async cookie => {
        const answers = await Promise.all(
          Array.from({ length: parallel }, (_, i) => {
            const front = site.fronts[i % 2]?.url ?? "";
            const body = { choices: [String((i % 4) + 1)], ballotId: randomUUID() };
            return vote(front, slug, body, { Cookie: cookie });
          }),
        );
        const statuses = answers.map(answer => answer.status);
        assert.ok(
          statuses.every(status => status === 202 || status === 409),
          statuses.join(),
        );
        return statuses.filter(status => status === 202).length;
      }),
    );
    assert.ok(
      accepted.every(count => count === 1),
      accepted.join(),
    );
    await site.drained();
    assert.equal((await results(site, slug)).ballots, voters);
  });

  it("a retry gets the first answer and counts once, with or without the cookie", async () => {
    const slug = await createPoll(site);
    const body = { choices: ["2"], ballotId: randomUUID() };
    const first = await vote(site.url, slug, body);
    assert.equal(first.status, 202);
    const again = await Promise.all([
      vote(site.url, slug, body),
      vote(site.fronts[1]?.url ?? "", slug, body),
      vote(site.url, slug, body, { Cookie: cookieOf(first) }),
    ]);
    for (const answer of again) {
      assert.equal(answer.status, 202);
      assert.equal(((await answer.json()) as VoteBody).ballotId, body.ballotId);
    }
    await site.drained();
    assert.equal((await results(site, slug)).ballots, 1);
  });

  it("the same ballot id with other choices is refused, and the first ballot stands", async () => {
    const slug = await createPoll(site);
    const ballotId = randomUUID();
    assert.equal((await vote(site.url, slug, { choices: ["1"], ballotId })).status, 202);
    const answer = await vote(site.url, slug, { choices: ["2"], ballotId });
    assert.equal(answer.status, 409);
    assert.equal(((await answer.json()) as VoteBody).code, "ballot_id_reused");
  });

  it("a second ballot is answered with the first one's choices and the results", async () => {
    const slug = await createPoll(site);
    const first = await vote(site.url, slug, { choices: ["3"], ballotId: randomUUID() });
    const second = await vote(
      site.url,
      slug,
      { choices: ["1"], ballotId: randomUUID() },
      { Cookie: cookieOf(first) },
    );
    assert.equal(second.status, 409);
    const body = (await second.json()) as VoteBody;
    assert.equal(body.code, "already_voted");
    assert.deepEqual(body.choices, ["3"]);
    assert.equal(body.results?.ballots, 1);
  });

  it("a stolen ballot id does not vote for its voter", async () => {
    const slug = await createPoll(site);
    const other = await createPoll(site);
    const attacker = cookieOf(
      await vote(site.url, other, { choices: ["1"], ballotId: randomUUID() }),
    );
    const ballotId = randomUUID();
    const theirs = await vote(site.url, slug, { choices: ["1"], ballotId }, { Cookie: attacker });
    assert.equal(theirs.status, 202);
    const victims = await vote(site.url, slug, { choices: ["2"], ballotId });
    assert.equal(victims.status, 202, "the id is the voter's own, not the world's");
    await site.drained();
    assert.equal((await results(site, slug)).ballots, 2);
  });

  it("marks are restored from MySQL after memcached lost everything", async () => {
    const slug = await createPoll(site);
    const ballotId = randomUUID();
    const first = await vote(site.url, slug, { choices: ["1"], ballotId });
    await site.drained();
    const before = timesRestored();
    await site.memcached[0]?.child.kill();
    await site.restartMemcached();
    await waitUntil("restored marks", () => timesRestored() > before);
    const headers = { Cookie: cookieOf(first) };
    const other = await vote(site.url, slug, { choices: ["2"], ballotId: randomUUID() }, headers);
    assert.equal(other.status, 409);
    assert.deepEqual(((await other.json()) as VoteBody).choices, ["1"]);
    const retry = await vote(site.url, slug, { choices: ["1"], ballotId }, headers);
    assert.equal(retry.status, 202);
    await site.drained();
    assert.equal((await results(site, slug)).ballots, 1);
  });

  function timesRestored(): number {
    return (site.workers[0]?.child.output ?? "").split("marks_restored").length;
  }

  it("MySQL counts one ballot of a voter whose mark memcached lost", async () => {
    const worker = site.workers[0];
    if (!worker) throw new RangeError("no worker");
    const slug = await createPoll(site);
    const first = await vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });
    await site.drained();
    await worker.child.kill();
    await site.memcached[0]?.child.kill();
    await site.restartMemcached();
    // Until then MySQL is asked, which knows better. Another voter's ballot shows when.
    const other = await createPoll(site);
    await waitUntil("the queue is used again", async () => {
      await vote(site.url, other, { choices: ["1"], ballotId: randomUUID() });
      return (await site.step()) === "normal";
    });
    const second = await vote(
      site.url,
      slug,
      { choices: ["2"], ballotId: randomUUID() },
      { Cookie: cookieOf(first) },
    );
    assert.equal(second.status, 202, "the second ballot is unknown before the flush");
    await site.restartWorker(worker);
    await site.drained();
    const after = await results(site, slug);
    assert.equal(after.ballots, 1);
    assert.equal(after.options.find(option => option.id === "1")?.votes, 1);
    assert.equal(after.options.find(option => option.id === "2")?.votes, 0);
  });
});
