/**
 * An upgrade from an earlier release, as `docs/runbook.md` describes it, under running votes: migrate, then every worker,
 * then the fronts, each process of the earlier release replaced by one of this checkout. Then the servers change from the
 * earlier release's places to today's, under votes as well.
 *
 * Run as `npm test -- --upgrade-from <git ref>`; not part of the whole run, because it builds the other release.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { RowDataPacket } from "mysql2/promise";
import { sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { books, createPoll, Ledger, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";
import { buildEarlierRelease } from "./earlier-release.ts";

/** A front without a report for so long is declared gone. Fronts of 0.2.0 do not report. */
const frontGoneMs = 30_000;
const present = process.cwd();

/** A reader of the earlier release, for whom nothing may change. */
interface Reader {
  readonly slug: string;
  readonly ballotId: string;
  readonly cookie: string;
  readonly receipt: string;
}

async function castAt(site: Site, slug: string): Promise<Reader> {
  const ballotId = randomUUID();
  const response = await vote(site.url, slug, { choices: ["1"], ballotId });
  assert.equal(response.status, 202);
  const { receipt } = (await response.json()) as { receipt: string };
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  return { slug, ballotId, cookie, receipt };
}

async function assertKnown(site: Site, { slug, ballotId, cookie, receipt }: Reader): Promise<void> {
  const headers = { Cookie: cookie };
  const again = await vote(site.url, slug, { choices: ["2"], ballotId: randomUUID() }, headers);
  assert.equal(again.status, 409, "a second ballot of a reader of the earlier release");
  const retried = await vote(site.url, slug, { choices: ["1"], ballotId });
  assert.ok(retried.ok, "a retry of a ballot that the earlier release took");
  const report = await fetch(`${site.url}/api/receipts/${receipt}`);
  assert.equal(((await report.json()) as { state: string }).state, "counted");
}

/** Old pages say nothing of themselves in `/readyz`. */
const homePage = ({ url }: { readonly url: string }) =>
  waitUntil("the pages", () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ),
  );

/** The agreed lists of servers, oldest first, each with its step. */
async function serverLists(site: Site): Promise<string> {
  const rows = await site.query<RowDataPacket>(
    "SELECT rule, step FROM floodgate.server_lists ORDER BY version",
  );
  return rows.map(({ rule, step }) => `${rule} ${step}`).join(", ");
}

async function upgrade(site: Site): Promise<void> {
  console.log((await site.run("migrate")).trim().split("\n").at(-1));
  for (const worker of site.workers) {
    await worker.child.stop();
    await site.restartWorker(worker);
  }
  console.log("the workers are of this checkout");
  // Fronts of both releases enqueue for workers of this one.
  await sleep(3_000);
  for (const front of site.fronts) {
    await front.child.stop();
    await site.restartFront(front);
  }
  console.log("the fronts are of this checkout");
}

/** Votes in several polls, by both fronts, until the servers have their places of today. */
async function changeServersUnderVotes(site: Site, ballotsBySlug: Map<string, number>) {
  const slugs = [...ballotsBySlug.keys()];
  let round = 0;
  for (const untilMs = Date.now() + 150_000; Date.now() < untilMs; round++) {
    const lists = await serverLists(site);
    const slug = slugs[round % slugs.length] ?? "";
    const ledger = new Ledger(site, slug, 800, site.fronts[round % 2]);
    await ledger.run(6);
    ledger.assertDuplicatesRefused();
    const expected = (ballotsBySlug.get(slug) ?? 0) + ledger.acknowledged;
    ballotsBySlug.set(slug, expected);
    const shown = async () => (await results(site, slug)).ballots;
    await waitUntil(`${expected} ballots`, async () => (await shown()) === expected);
    if (/rendezvous settled$/.test(lists)) break;
  }
  assert.match(await serverLists(site), /rendezvous settled$/);
  console.log(`the servers have their places of today, after ${round} loads beside`);
}

async function run(earlier: string, copies: 1 | 2): Promise<void> {
  const servers = copies + 1;
  process.chdir(earlier);
  const site = await Site.start({
    schema: "empty",
    fronts: 0,
    workers: 2,
    memcached: Array.from({ length: servers }, () => ({})),
    env: { FLOODGATE_QUEUE_COPIES: String(copies), FLOODGATE_QUEUE_GRACE_MS: "2000" },
  });
  try {
    for (let i = 0; i < 2; i++) await site.addFront({}, homePage);
    console.log(
      `the earlier release runs, with ${servers} servers, ${copies} of them for each vote`,
    );
    const [idle, busy] = [await createPoll(site), await createPoll(site)];
    const closesAt = new Date(Date.now() + 25_000).toISOString();
    const closing = await createPoll(site, { closesAt });
    const readers = [await castAt(site, idle), await castAt(site, idle)];
    const [first, second] = site.fronts;
    const loads = [new Ledger(site, busy, 12_000, first), new Ledger(site, closing, 2_000, second)];

    process.chdir(present);
    site.env.FLOODGATE_FRONT_GONE_MS = String(frontGoneMs);
    const upgraded = loads[0]?.reached(0.1).then(() => upgrade(site));
    await Promise.all([...loads.map(load => load.run(6)), upgraded]);
    for (const load of loads) {
      await load.assertBooks();
      load.assertDuplicatesRefused();
    }
    for (const reader of readers) await assertKnown(site, reader);

    const acknowledged = loads[0]?.acknowledged ?? 0;
    const later = await createPoll(site);
    const ballots = new Map([
      [idle, readers.length],
      [busy, acknowledged],
      [later, 0],
    ]);
    await changeServersUnderVotes(site, ballots);
    for (const reader of readers) await assertKnown(site, reader);
    await waitUntil("a final result", async () => (await results(site, closing)).state === "final");
    ballots.set(closing, loads[1]?.acknowledged ?? 0);
    await site.drained();
    for (const [slug, expected] of ballots) {
      await waitUntil(
        "complete books",
        async () => (await books(site, slug)).accepted === expected,
      );
      const { counted, waiting, lost, setAside, balanced } = await books(site, slug);
      assert.deepEqual(
        { counted, waiting, lost, setAside, balanced },
        { counted: expected, waiting: 0, lost: 0, setAside: 0, balanced: true },
      );
      assert.equal((await results(site, slug)).ballots, expected);
    }
    site.assertUnharmed();
    console.log("every ballot is counted once");
  } finally {
    await site.stop();
  }
}

const [ref] = process.argv.slice(2);
if (ref === undefined) throw new RangeError("the git ref of an earlier release is missing");
const earlier = buildEarlierRelease(ref);
try {
  for (const copies of [1, 2] as const) await run(earlier.directory, copies);
} finally {
  process.chdir(present);
  earlier.remove();
}
