/** The books: what is promised is shown to be kept, and what could not be kept is found. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Books } from "#lib/books/books.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, books, createPoll, Ledger, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

describe("books", () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site?.stop());

  it("the books of a poll balance while the worker is killed and the front restarts", async () => {
    const [worker, front] = [site.workers[0], site.fronts[0]];
    assert.ok(worker && front);
    const slug = await createPoll(site);
    const ledger = new Ledger(site, slug, 3_000);
    await ledger.run(30, async () => {
      await ledger.reached(0.3);
      await worker.child.kill();
      await site.restartWorker(worker);
      await ledger.reached(0.7);
      front.child.signal("SIGTERM");
      await front.child.exit();
      await site.restartFront(front);
    });
    await ledger.assertBooks();
    await waitUntil("all accepted ballots in the books", async () => {
      const { accepted, waiting } = await books(site, slug);
      return accepted === 3_000 && waiting === 0;
    });
    const found = await books(site, slug);
    assert.deepEqual(
      { ...found, repeated: 0 },
      {
        accepted: 3_000,
        counted: 3_000,
        replaced: 0,
        withdrawn: 0,
        waiting: 0,
        duplicate: 0,
        setAside: 0,
        lost: 0,
        repeated: 0,
        balanced: true,
      },
    );
    assert.ok(found.repeated > 0, "the plan repeats ballots");
  });

  it("results say how many ballots wait", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const slug = await createPoll(site);
    const cast = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() }),
        ),
      );
    const shows = (ballots: number, waiting: number) =>
      waitUntil(`${waiting} of ${ballots} ballots waiting`, async () => {
        const found = await (await fetch(`${site.url}/api/polls/${slug}/results`)).json();
        const results = found as { ballots: number; waiting: number | null };
        return results.ballots === ballots && results.waiting === waiting;
      });
    await shows(0, 0);
    await cast(5);
    await shows(5, 0);
    await worker.child.kill();
    await cast(7);
    await shows(12, 7);
    await site.restartWorker(worker);
    await shows(12, 0);
  });

  it("the worker recounts rows by itself and corrects the books", async () => {
    const slug = await createPoll(site);
    assert.equal(
      (await vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() })).status,
      202,
    );
    await site.drained();
    const counted = async () => (await books(site, slug)).counted;
    assert.equal(await counted(), 1);
    const totals = "floodgate.poll_totals JOIN floodgate.polls ON id = poll_id";
    await site.query(`UPDATE ${totals} SET ballots = 7 WHERE slug = ?`, [slug]);
    await waitUntil("corrected totals", async () => {
      await site.run("flush");
      return (await counted()) === 1;
    });
  });

  it("the books are in the worker's metrics and status", async () => {
    const [worker] = site.workers;
    assert.ok(worker);
    const whole = await books(site);
    await waitUntil("the same books in the metrics", async () => {
      const metrics = await (await fetch(`${worker.url}/metrics`)).text();
      return metrics.includes(`floodgate_books_ballots{account="counted"} ${whole.counted}`);
    });
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    assert.match(metrics, /^floodgate_books_ballots\{account="lost"\} 0$/m);
    assert.match(metrics, /^floodgate_books_balanced 1$/m);
    const status = (await (await fetch(`${worker.url}/status.json`)).json()) as { books: Books };
    assert.deepEqual(status.books, whole);
  });

  it("the books answer 401 without an editor's session or token", async () => {
    const slug = await createPoll(site);
    assert.equal((await fetch(`${site.url}/api/polls/${slug}/books`)).status, 401);
    assert.equal((await fetch(`${site.url}/api/books`)).status, 401);
  });

  it("the books show ballots that died with a front and the only memcached at once", async () => {
    const [worker, front, memcached] = [site.workers[0], site.fronts[0], site.memcached[0]];
    assert.ok(worker && front && memcached);
    const slug = await createPoll(site);
    const accepted = async (count: number) => {
      const cast = () => vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });
      const answers = await Promise.all(Array.from({ length: count }, cast));
      return answers.filter(({ status }) => status === 202).length;
    };
    assert.equal(await accepted(20), 20);
    await site.drained();
    await worker.child.kill();
    assert.equal(await accepted(30), 30);
    await Promise.all([front.child.kill(), memcached.child.kill()]);
    await site.restartMemcached();
    await site.restartFront(front);
    await site.restartWorker(worker);
    await api(site, "POST", `/api/polls/${slug}/close`);
    await waitUntil(
      "a final result",
      async () => {
        const poll = await (await fetch(`${site.url}/api/polls/${slug}`)).json();
        return (poll as { state: string }).state === "final";
      },
      { withinMs: 60_000 },
    );
    const { accepted: all, counted, lost, waiting, balanced } = await books(site, slug);
    assert.deepEqual(
      { all, counted, lost, waiting, balanced },
      { all: 50, counted: 20, lost: 30, waiting: 0, balanced: true },
    );
    const whole = await books(site);
    assert.equal(whole.lost, 30);
    assert.match(worker.child.output, /"event":"ballots_lost"/);
  });
});
