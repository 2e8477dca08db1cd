/**
 * Promise 1 when MySQL goes back to an earlier state under running votes, as with a failover to a replica that lags: with
 * a keep time longer than the lag, every acknowledged ballot is stored once, by a worker that never stopped.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { waitUntil } from "#scripts/services/ports.ts";
import { books, createPoll, Ledger, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";
import { Snapshot } from "#test/support/snapshot.ts";

async function rowsOf(site: Site, slug: string): Promise<number> {
  const [row] = await site.query<RowDataPacket & { readonly n: number }>(
    "SELECT COUNT(*) AS n FROM ballots JOIN polls ON polls.id = poll_id WHERE slug = ?",
    [slug],
  );
  return Number(row?.n);
}

/** How many queues the workers have said MySQL went back in. */
function told(site: Site): number {
  const lines = site.workers.flatMap(({ child }) => child.output.match(/"mysql_went_back"/g) ?? []);
  return lines.length;
}

describe("a site whose MySQL goes back within the keep time", () => {
  let site: Site;
  let toldBefore = 0;
  before(async () => {
    site = await Site.start({
      workers: 2,
      fronts: 2,
      env: { FLOODGATE_QUEUE_KEEP_MS: "60000", FLOODGATE_QUEUE_GRACE_MS: "2000" },
    });
  });
  after(() => site?.stop());

  async function assertNothingLost(slug: string, ledger: Ledger): Promise<void> {
    // By the living workers: `assertBooks` starts a new one, which has nothing to forget.
    await waitUntil(
      "every acknowledged ballot in MySQL",
      async () => (await rowsOf(site, slug)) >= ledger.acknowledged,
      { withinMs: 30_000 },
    );
    await ledger.assertBooks();
    ledger.assertDuplicatesRefused();
    await waitUntil(
      "books that are complete",
      async () => {
        const { accepted, counted, waiting } = await books(site, slug);
        return accepted === counted && waiting === 0;
      },
      { withinMs: 20_000 },
    );
    const { counted, lost, balanced } = await books(site, slug);
    const rows = await rowsOf(site, slug);
    assert.deepEqual({ counted, lost, balanced }, { counted: rows, lost: 0, balanced: true });
    assert.ok(told(site) > toldBefore, "a worker says that MySQL went back");
    toldBefore = told(site);
    site.assertUnharmed(true);
  }

  it("a site whose MySQL goes back by some seconds stores every acknowledged ballot once", async () => {
    const slug = await createPoll(site);
    const ledger = new Ledger(site, slug, 3_000);
    await ledger.run(12, async () => {
      await ledger.reached(0.2);
      const snapshot = await Snapshot.take(site);
      const kept = await rowsOf(site, slug);
      await ledger.reached(0.6);
      await waitUntil("rows to lose", async () => (await rowsOf(site, slug)) > kept + 100);
      await snapshot.goBack(2_000);
    });
    await assertNothingLost(slug, ledger);
  });

  it("a site whose MySQL goes back to before its queues existed stores every acknowledged ballot once", async () => {
    await site.memcached[0]?.child.kill();
    await site.restartMemcached();
    const slug = await createPoll(site);
    await site.drained();
    const snapshot = await Snapshot.take(site);
    const ledger = new Ledger(site, slug, 2_000);
    await ledger.run(12, async () => {
      await ledger.reached(0.7);
      await snapshot.goBack(0);
    });
    await assertNothingLost(slug, ledger);
  });
});

describe("a site whose MySQL goes back further than the keep time", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ env: { FLOODGATE_QUEUE_GRACE_MS: "2000" } });
  });
  after(() => site?.stop());

  /** One ballot of each of so many readers. */
  async function castMany(slug: string, count: number): Promise<Response[]> {
    const answers = await Promise.all(Array.from({ length: count }, () => cast(slug, undefined)));
    assert.ok(answers.every(({ status }) => status === 202));
    return answers;
  }

  const cookieOf = ({ headers }: Response) => headers.get("set-cookie")?.split(";")[0] ?? "";

  async function receiptStateOf(answer: Response): Promise<string> {
    const { receipt } = (await answer.json()) as { receipt: string };
    const report = await fetch(`${site.url}/api/receipts/${receipt}`);
    return ((await report.json()) as { state: string }).state;
  }

  const cast = (slug: string, cookie: string | undefined) =>
    vote(
      site.url,
      slug,
      { choices: ["2"], ballotId: randomUUID() },
      cookie === undefined ? {} : { Cookie: cookie },
    );

  const inMysql = (slug: string, ballots: number) =>
    waitUntil(`${ballots} rows`, async () => (await rowsOf(site, slug)) === ballots, {
      withinMs: 15_000,
    });

  it("a site whose MySQL goes back further than the keep time goes on, its books and results say what is lost, and those readers can vote again", async () => {
    const slug = await createPoll(site);
    const [countedAnswer] = await castMany(slug, 30);
    await inMysql(slug, 30);
    const snapshot = await Snapshot.take(site);
    const lostAnswers = await castMany(slug, 50);
    await inMysql(slug, 80);
    await snapshot.goBack(0);
    await castMany(slug, 7);
    await inMysql(slug, 37);
    // The front's count of accepted ballots may come a moment after the closing that calls the first ones lost.
    await waitUntil("books that wait for no ballot", async () => {
      const { accepted, waiting } = await books(site, slug);
      return accepted === 87 && waiting === 0;
    });
    const { accepted, counted, waiting, lost, balanced } = await books(site, slug);
    assert.deepEqual(
      { accepted, counted, waiting, lost, balanced },
      { accepted: 87, counted: 37, waiting: 0, lost: 50, balanced: true },
    );
    await waitUntil("a result of the rows", async () => (await results(site, slug)).ballots === 37);
    assert.ok(told(site) > 0);
    const status = await (await fetch(`${site.workers[0]?.url}/status.json`)).json();
    assert.match((status as { sentence: string }).sentence, /MySQL went back/);

    const [firstAnswer] = lostAnswers;
    assert.ok(firstAnswer && countedAnswer);
    assert.equal(await receiptStateOf(firstAnswer), "lost");
    assert.equal(await receiptStateOf(countedAnswer), "counted");
    // A mark is released some seconds after it was made, so maybe a closing later than that of the reader before.
    for (const reader of lostAnswers.map(cookieOf)) {
      await waitUntil(
        "a second vote of a reader whose ballot is lost",
        async () => (await cast(slug, reader)).status === 202,
      );
    }
    assert.equal(
      (await cast(slug, cookieOf(countedAnswer))).status,
      409,
      "this reader's ballot is stored",
    );
    await inMysql(slug, 87);
    await waitUntil("a result of all rows", async () => (await results(site, slug)).ballots === 87);
  });
});
