/**
 * Promise 1 when a backup is restored under running votes: fronts and worker go on, and the books name exactly the ballots
 * that the backup lacked.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, books, createPoll, results, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

/** A ballot, and what its reader was told. */
interface Cast {
  readonly id: string;
  readonly status: number;
  readonly cookie: string;
}

/** Readers of one poll, each with one ballot. */
class Readers {
  readonly casts: Cast[] = [];
  readonly #slug: string;
  #stopped = false;

  constructor(slug: string) {
    this.#slug = slug;
  }

  async castOne(url: string): Promise<void> {
    const ballotId = randomUUID();
    const answer = await vote(url, this.#slug, { choices: ["1"], ballotId });
    const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    await answer.arrayBuffer();
    this.casts.push({ id: ballotId.replaceAll("-", ""), status: answer.status, cookie });
  }

  async castMany(url: string, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.castOne(url)));
  }

  /** Votes at all fronts that run, until `stop`. */
  async keepCasting(urls: () => readonly string[]): Promise<void> {
    const work = async (n: number) => {
      for (; !this.#stopped; await sleep(20)) {
        const running = urls();
        await this.castOne(running[n % running.length] ?? "");
      }
    };
    await Promise.all(Array.from({ length: 6 }, (_, n) => work(n)));
  }

  stop(): void {
    this.#stopped = true;
  }

  /** The ids of acknowledged ballots, the oldest first. */
  get acknowledged(): string[] {
    return this.casts.filter(({ status }) => status === 202).map(({ id }) => id);
  }
}

describe("a backup that is restored under running votes", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ fronts: 2, env: { FLOODGATE_QUEUE_GRACE_MS: "2000" } });
  });
  after(() => site?.stop());

  async function rowsOf(slug: string): Promise<ReadonlySet<string>> {
    const rows = await site.query<RowDataPacket & { readonly id: string }>(
      "SELECT LOWER(HEX(ballot_id)) AS id FROM ballots JOIN polls ON polls.id = poll_id WHERE slug = ?",
      [slug],
    );
    return new Set(rows.map(({ id }) => id));
  }

  const stateOf = async (slug: string) => (await results(site, slug)).state;
  const sentence = async () => {
    const status = await fetch(`${site.workers[0]?.url}/status.json`);
    return ((await status.json()) as { sentence: string }).sentence;
  };

  /** The books of a poll once nothing waits, against its rows and what its readers were told. */
  async function assertLossIsNamed(slug: string, readers: Readers): Promise<ReadonlySet<string>> {
    const settled = async () => {
      const { accepted, counted, waiting, lost } = await books(site, slug);
      return (
        waiting === 0 && lost + counted === accepted && accepted >= readers.acknowledged.length
      );
    };
    await waitUntil(`the books of ${slug}`, settled, { withinMs: 60 * SECOND });
    const rows = await rowsOf(slug);
    const lost = readers.acknowledged.filter(id => !rows.has(id));
    const found = await books(site, slug);
    assert.deepEqual(
      { accepted: found.accepted, counted: found.counted, lost: found.lost },
      { accepted: readers.acknowledged.length, counted: rows.size, lost: lost.length },
    );
    assert.equal(found.balanced, true);
    assert.equal(rows.size + lost.length, readers.acknowledged.length, "no ballot is there twice");
    await waitUntil(
      `results of ${slug} that are its rows`,
      async () => (await results(site, slug)).ballots === rows.size,
    );
    assert.equal((await results(site, slug)).options[0]?.votes, rows.size);
    return new Set(lost);
  }

  it("the site goes on, the books name exactly what the backup lacked, and polls made after it are gone", async () => {
    const closesAt = new Date(Date.now() + 12 * SECOND).toISOString();
    const [open, closing] = [await createPoll(site), await createPoll(site, { closesAt })];
    const [readers, early] = [new Readers(open), new Readers(closing)];
    const [first, second] = site.fronts;
    assert.ok(first && second);
    await early.castMany(site.url, 30);
    let urls = [first.url, second.url];
    const casting = readers.keepCasting(() => urls);
    await waitUntil("ballots in MySQL", async () => (await rowsOf(open)).size > 100);
    await waitUntil("ballots in MySQL", async () => (await rowsOf(closing)).size === 30);
    const inBackup = await rowsOf(open);
    const file = join(site.directory, "one.backup");
    await site.run("backup", ["--to", file]);

    await early.castMany(site.url, 10);
    const late = await createPoll(site);
    const lateReaders = new Readers(late);
    await lateReaders.castMany(site.url, 15);
    await waitUntil("ballots in MySQL", async () => (await rowsOf(late)).size === 15);
    // A front that has ended can report nothing again.
    urls = [first.url];
    await sleep(SECOND);
    await second.child.stop();
    site.fronts.pop();
    await waitUntil("a result", async () => (await stateOf(closing)) === "final", {
      withinMs: 60 * SECOND,
    });
    const inTime = early.acknowledged.length;
    assert.equal((await results(site, closing)).ballots, inTime);
    const output = await site.run("restore", ["--replace", file]);
    assert.match(output, new RegExp(`gone: ${late} \\(15 ballots accepted\\)`));
    // Six more may have been under way.
    const restoredAt = readers.casts.length + 6;
    await sleep(2 * SECOND);
    assert.equal(
      (await vote(site.url, late, { choices: ["1"], ballotId: randomUUID() })).status,
      404,
    );
    readers.stop();
    await casting;

    const lost = await assertLossIsNamed(open, readers);
    assert.deepEqual([...new Set(readers.casts.map(({ status }) => status))], [202]);
    const rows = await rowsOf(open);
    assert.ok(
      [...inBackup].every(id => rows.has(id)),
      "what was stored before the backup is back",
    );
    const later = readers.casts.slice(restoredAt).filter(({ id }) => !rows.has(id));
    assert.deepEqual(later, [], "votes after the restore are stored");
    assert.ok(lost.size > 0, "the backup lacked some");

    await waitUntil("a result again", async () => (await stateOf(closing)) === "final", {
      withinMs: 60 * SECOND,
    });
    assert.equal((await assertLossIsNamed(closing, early)).size, inTime - 30);

    for (const path of [`/api/polls/${late}`, `/api/polls/${late}/results`]) {
      assert.equal((await api(site, "GET", path)).status, 404, path);
    }
    assert.doesNotMatch(await (await fetch(`${site.url}/`)).text(), new RegExp(`/p/${late}"`));
    assert.match(await sentence(), new RegExp(`was restored .*gone .*: ${late} \\(15\\)\\.`));
    const [voter] = readers.casts.filter(({ id }) => lost.has(id));
    const again = () =>
      vote(
        site.url,
        open,
        { choices: ["1"], ballotId: randomUUID() },
        { Cookie: voter?.cookie ?? "" },
      );
    await waitUntil("a second vote of a reader whose ballot is lost", async () => {
      return (await again()).status === 202;
    });
    site.assertUnharmed(true);
  });
});
