/** Promise 12: FLOODGATE_SECRET is changed by a rolling restart, and no reader notices. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { publishedKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { Slug } from "#lib/model/ids.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll, Ledger, postVote, vote } from "#test/support/ledger.ts";
import { type Process, Site } from "#test/support/site.ts";

const origin = "http://localhost:3000";
const votersUnderWay = 1_500;
const newSecret = "83c1d2f0a9b54e7788aa01c3d95e6f24b7e0";

/** A ballot that is sent again and again, without a cookie. */
interface Retried {
  readonly slug: string;
  readonly body: string;
  readonly receipt: string;
}

describe("FLOODGATE_SECRET is changed by a rolling restart", () => {
  let site: Site;
  let first: Process;
  let second: Process;
  let rotating: Record<string, string>;
  let old: string;
  /** Created by a release that did not note the secret. */
  let unnoted: string;
  const ballots: Retried[] = [];

  before(async () => {
    site = await Site.start({ fronts: 2, env: { PUBLIC_URL: origin } });
    [first, second] = site.fronts as [Process, Process];
    rotating = {
      FLOODGATE_SECRET: newSecret,
      FLOODGATE_PREVIOUS_SECRETS: JSON.stringify([site.env.FLOODGATE_SECRET]),
    };
    old = await createPoll(site);
    unnoted = await createPoll(site);
    const forget = "UPDATE floodgate.polls SET secret_digest = NULL WHERE slug = ?";
    await site.query(forget, [unnoted]);
  });
  after(() => site?.stop());

  async function replace(front: Process, env: Record<string, string>): Promise<void> {
    await front.child.stop();
    await site.restartFront(front, env);
  }

  /** Kills and replaces a front while it takes votes; unanswered votes come again, without a cookie. */
  async function replaceUnderVotes(front: Process): Promise<void> {
    const ledger = new Ledger(site, await createPoll(site), votersUnderWay, front);
    await ledger.run(16, async () => {
      await ledger.reached(0.4);
      await front.child.kill();
      await site.restartFront(front, rotating);
    });
    assert.equal(ledger.acknowledged, votersUnderWay);
    await ledger.assertBooks();
    ledger.assertDuplicatesRefused();
  }

  const memcached = () => {
    const { port = 0 } = site.memcached[0] ?? {};
    return new MemcachedClient({ host: "127.0.0.1", port });
  };

  /** The published copy of a poll. */
  async function copyOf(slug: string): Promise<string> {
    const pipeline = new Pipeline();
    const op = pipeline.get(publishedKey(slug as Slug));
    const client = memcached();
    const text = (await client.read(pipeline)).of(op)?.toString() ?? "";
    client.close();
    return text;
  }

  /** Publishes a poll as an older release did, a while ago. */
  async function publishWithoutSecret(slug: string): Promise<void> {
    const { secretDigest: _, ...older } = JSON.parse(await copyOf(slug));
    await site.query("UPDATE floodgate.polls SET updated_at = '2026-01-01' WHERE slug = ?", [slug]);
    const pipeline = new Pipeline();
    pipeline.overwrite(publishedKey(slug as Slug), JSON.stringify(older), 0);
    const client = memcached();
    await client.send(pipeline);
    client.close();
  }

  async function cast(front: Process, slug: string): Promise<Response> {
    const body = JSON.stringify({ choices: ["1"], ballotId: randomUUID() });
    const answer = await postVote(front.url, slug, body);
    assert.equal(answer.status, 202, await answer.clone().text());
    const { receipt } = (await answer.clone().json()) as { receipt: string };
    ballots.push({ slug, body, receipt });
    return answer;
  }

  /** Sends every ballot again, to both fronts. */
  async function retryAll(): Promise<void> {
    for (const { slug, body, receipt } of ballots) {
      for (const { url } of [first, second]) {
        let answer = await postVote(url, slug, body);
        await waitUntil("an answer that is no 503", async () => {
          if (answer.status === 503) answer = await postVote(url, slug, body);
          return answer.status !== 503;
        });
        assert.equal(answer.status, 202, await answer.clone().text());
        assert.equal(((await answer.json()) as { receipt: string }).receipt, receipt);
      }
    }
  }

  const cookieOf = (answer: Response): string =>
    answer.headers.get("set-cookie")?.split(";")[0] ?? "";

  const sessions: string[] = [];

  async function signIn(front: Process): Promise<void> {
    const { email, password } = site.seeded.editor;
    const answer = await fetch(`${front.url}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: origin },
      body: JSON.stringify({ email, password }),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    sessions.push(cookieOf(answer));
  }

  /** Every session so far is valid at both fronts. */
  async function assertSignedIn(): Promise<void> {
    for (const cookie of sessions) {
      for (const { url } of [first, second]) {
        const page = await fetch(`${url}/api/polls/${old}/books`, { headers: { cookie } });
        assert.equal(page.status, 200);
      }
    }
  }

  const secretsOfPolls = async (...slugs: string[]) => {
    const rows = await site.query("SELECT slug, secret_digest AS s FROM floodgate.polls");
    return slugs.map(slug => rows.find(row => row.slug === slug)?.s);
  };

  it("votes, cookies, receipts and sessions go on while fronts with the old and the new secret stand side by side", async () => {
    for (const slug of [old, unnoted]) {
      for (const front of [first, second]) await cast(front, slug);
    }
    await signIn(first);
    await replaceUnderVotes(first);
    await retryAll();
    for (const front of [first, second]) await cast(front, old);
    await signIn(first);
    await retryAll();
    await assertSignedIn();
    const during = await createPoll(site);
    const [a, b, noted] = await secretsOfPolls(old, during, unnoted);
    assert.ok(a);
    assert.equal(b, a, "a new poll has the secret that both fronts know");
    assert.equal(noted, a, "a poll from before has the oldest secret");
    await cast(first, during);
    await retryAll();
  });

  it("new polls get the new secret once every front knows it, and a voter of the old one votes once there", async () => {
    const cookie = cookieOf(await cast(second, old));
    await replaceUnderVotes(second);
    const [worker] = site.workers;
    assert.ok(worker);
    await worker.child.stop();
    await publishWithoutSecret(old);
    await site.restartWorker(worker, rotating);
    await waitUntil("a copy with its secret", async () => /"secretDigest"/.test(await copyOf(old)));
    await retryAll();
    await signIn(second);
    await assertSignedIn();
    const fresh = await createPoll(site);
    const [a, b] = await secretsOfPolls(old, fresh);
    assert.ok(b && a !== b);
    const body = { choices: ["1"] };
    const again = await vote(first.url, old, { choices: ["2"] }, { cookie });
    assert.equal(again.status, 409, "an old cookie refuses a second ballot");
    const answer = await vote(first.url, fresh, body, { cookie });
    assert.equal(answer.status, 202);
    const renewed = cookieOf(answer);
    assert.ok(renewed && renewed !== cookie, "its cookie is renewed");
    for (const each of [cookie, renewed]) {
      const refused = await vote(second.url, fresh, { choices: ["2"] }, { cookie: each });
      assert.equal(refused.status, 409);
    }
    const form = await fetch(`${first.url}/api/polls/${await createPoll(site)}/votes`, {
      method: "POST",
      headers: { cookie, "Content-Type": "application/x-www-form-urlencoded" },
      body: "choice=1",
      redirect: "manual",
    });
    assert.deepEqual([form.status, cookieOf(form)], [303, renewed], "also by a form");
    await cast(second, fresh);
    await retryAll();
  });

  it("retries count once also after memcached lost its memory, and while it is away", async () => {
    await site.memcached[0]?.child.kill();
    await retryAll();
    await site.restartMemcached();
    await retryAll();
    await site.drained();
    const rows = await site.query(
      "SELECT COUNT(*) AS n FROM floodgate.ballots JOIN floodgate.polls ON polls.id = poll_id WHERE slug IN (?)",
      [[...new Set(ballots.map(({ slug }) => slug))]],
    );
    // One reader voted in a poll of the new secret with a cookie of the old.
    assert.equal(Number(rows[0]?.n), ballots.length + 1);
    site.assertUnharmed();
  });

  it("a draw prints the receipts that readers have, of the old secret and of the new", async () => {
    for (const slug of new Set(ballots.map(each => each.slug))) {
      const args = ["--poll", slug, "--count", "100", "--seed", "x"];
      const printed = await site.run("draw", args, rotating);
      for (const { receipt } of ballots.filter(each => each.slug === slug)) {
        assert.ok(printed.includes(receipt), printed);
        const report = await fetch(`${first.url}/api/receipts/${receipt}`);
        assert.equal(report.status, 200);
      }
    }
  });

  it("a front that lacks a secret which polls need does not serve while others have it", async () => {
    await second.child.stop();
    const lacking = site.restartFront(second, { FLOODGATE_SECRET: newSecret });
    await assert.rejects(lacking, /ended \(78\).*polls, like ".*", need a secret that is neither/s);
  });

  it("a front that alone lacks a secret which polls need takes no votes for those, and serves the others", async () => {
    await replace(first, { FLOODGATE_SECRET: newSecret });
    for (const { slug, body, receipt } of ballots) {
      const answer = await postVote(first.url, slug, body);
      const problem = (await answer.json()) as { code?: string; receipt?: string };
      const isOld = (await secretsOfPolls(slug))[0] === (await secretsOfPolls(old))[0];
      assert.deepEqual(
        [answer.status, problem.code, problem.receipt],
        isOld ? [503, "secret_unknown", undefined] : [202, undefined, receipt],
      );
    }
    assert.match(first.child.output, /"event":"poll_secret_unknown"/);
  });
});
