/**
 * Promise 11, when a front was declared gone and returned: its votes for a final poll are set aside, and reopening the
 * count counts those that were received before the closing.
 */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { SECOND } from "#lib/base/clock.ts";
import type { PollId, PollKey } from "#lib/model/ids.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { queueName } from "#lib/queue/queue-names.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { ballot, batch } from "#test/support/flush-bench.ts";
import { api, books, createPoll, results, vote } from "#test/support/ledger.ts";
import { testClient } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";

let site: Site;
let slug: string;
let closesAtMs: number;
before(async () => {
  // The ballots that come late are from a front that has never reported.
  site = await Site.start({ env: { FLOODGATE_FRONT_GONE_MS: "10000" } });
  closesAtMs = Date.now() + 2 * SECOND;
  slug = await createPoll(site, { closesAt: new Date(closesAtMs).toISOString() });
  assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
  await isFinalWith(1);
});
after(() => site?.stop());

const reason = "Votes from one of our servers arrived late.";
const reopen = (body: unknown = { reason }) => api(site, "POST", `/api/polls/${slug}/reopen`, body);
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;

async function isFinalWith(ballots: number): Promise<void> {
  const isFinal = async () => (await results(site, slug)).state === "final";
  await waitUntil("the final result", isFinal, { withinMs: 40 * SECOND });
  assert.equal((await results(site, slug)).ballots, ballots);
}

/** Ballots that reach the queue now, as from a front that returns. */
async function arrive(...receivedAtMs: number[]): Promise<void> {
  const [row] = await site.query(
    "SELECT id, CONCAT(poll_key) AS poll_key FROM floodgate.polls WHERE slug = ?",
    [slug],
  );
  const pollId = Number(row?.id) as PollId;
  const pollKey = String(row?.poll_key) as PollKey;
  const before = (await books(site, slug)).setAside;
  const client = testClient(site.memcached[0]?.port ?? 0);
  const producer = new QueueProducer(queueName("normal", 7), client);
  const ballots = receivedAtMs.map(at =>
    ballot(pollId, { pollKey, receivedAtMs: at, tallied: false }),
  );
  const ticket = await producer.waitForLock(await producer.takeTicket());
  const { outcome } = await producer.write(ticket, encodeBatch(batch(ballots)));
  client.close();
  assert.equal(outcome, "written");
  await waitUntil(
    "the ballots to be set aside",
    async () => (await books(site, slug)).setAside === before + ballots.length,
    { withinMs: 20 * SECOND },
  );
}

it("the count of a final poll can't be reopened without a reason, nor without a late vote", async () => {
  assert.equal((await reopen({ reason: "  " })).status, 400);
  assert.equal(await codeOf(await reopen()), "nothing_to_count");
  await arrive(closesAtMs + 1);
  assert.equal(await codeOf(await reopen()), "nothing_to_count");
  await isFinalWith(1);
});

it("a count that an editor reopens adds the votes received before the closing, and readers see when and why", async () => {
  await arrive(closesAtMs - 1_000, closesAtMs + 1, closesAtMs - 1);
  await isFinalWith(1);
  // So that the page can be read while the count is open.
  const [worker] = site.workers;
  await worker?.child.pause();
  const answer = await reopen();
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.equal(((await answer.json()) as { state: string }).state, "closing");
  assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 403);
  const counting = /The result is being counted again\. Reason: Votes from one of our/;
  const page = async () => (await fetch(`${site.url}/p/${slug}/results`)).text();
  await waitUntil("the page of a count that is open", async () => counting.test(await page()));
  worker?.child.signal("SIGCONT");
  await isFinalWith(3);
  const { counted, setAside, lost, balanced } = await books(site, slug);
  assert.deepEqual(
    { counted, setAside, lost, balanced },
    { counted: 3, setAside: 2, lost: 0, balanced: true },
  );
  assert.match(
    await page(),
    /Corrected \([^)]+\): votes that had arrived late were added\. Reason: Votes from/,
  );
  const poll = (await (await fetch(`${site.url}/api/polls/${slug}`)).json()) as {
    reopenings: { reason: string; finalAt: string | null }[];
  };
  assert.deepEqual(
    poll.reopenings.map(each => [each.reason, each.finalAt !== null]),
    [[reason, true]],
  );
});

it("a count that an operator reopens adds late votes, also when the worker is killed meanwhile", async () => {
  await arrive(closesAtMs - 500);
  const [worker] = site.workers;
  assert.ok(worker);
  await worker.child.kill();
  const said = await site.run("reopen", ["--poll", slug, "--reason", reason]);
  assert.match(said, /^reopen: 1 vote will be counted/);
  await waitUntil("an open count", async () => (await results(site, slug)).state === "closing");
  await site.restartWorker(worker);
  await isFinalWith(4);
  await assert.rejects(
    site.run("reopen", ["--poll", slug, "--reason", reason]),
    /No vote that was set aside/,
  );
});
