/** The doctor, and the worker's page, on a site where ballots wait and nothing moves: neither says that all is well. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createConnection } from "mysql2/promise";
import { HOUR } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { doctor } from "#test/support/doctor-run.ts";
import { createPoll, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";
import { clockAhead } from "#test/support/wrong-clock.ts";

describe("the doctor on a site where ballots wait", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ memcached: [{ memoryMb: 256 }] });
  });
  after(() => site.stop());

  const examine = () =>
    doctor({
      ...site.env,
      PORT: String(site.fronts[0]?.port),
      FLOODGATE_WORKER_PORT: String(site.workers[0]?.port),
    });
  const sentence = async () => {
    const response = await fetch(`${site.workers[0]?.url}/status.json`);
    return ((await response.json()) as { sentence: string }).sentence;
  };
  const told = () => site.workers[0]?.child.output.match(/"queue_stands_still"/g)?.length ?? 0;
  /** Examines the site after a change by its administrator, and undoes the change. */
  const planted = async (change: string, back: string) => {
    await site.query(change);
    try {
      return await examine();
    } finally {
      await site.query(back);
    }
  };

  it("the doctor never says that a worker flushes while MySQL is silent and votes wait", async () => {
    const slug = await createPoll(site);
    await site.database.child.pause();
    try {
      await vote(site.url, slug, { choices: ["1"] });
      const { status, output } = await examine();
      assert.equal(status, 1);
      assert.match(output, /wrong .*worker: .*1 slot of \S+ on 127\.0\.0\.1:\d+ stood still/);
      assert.doesNotMatch(output, /ok .*worker/);
    } finally {
      site.database.child.signal("SIGCONT");
    }
    await site.drained();
  });

  it("the doctor and the worker's page name a queue that stands still while passes succeed", async () => {
    const slug = await createPoll(site);
    await vote(site.url, slug, { choices: ["1"] });
    await site.drained();
    const rival = await createConnection({ uri: site.database.adminUrl });
    await rival.query("BEGIN");
    await rival.query("SELECT * FROM floodgate.checkpoints FOR UPDATE");
    try {
      await vote(site.url, slug, { choices: ["1"] });
      const { output } = await examine();
      assert.match(output, /wrong .*worker: .*stood still/);
      assert.match(output, /warn .*books: .* wait.*, and none arrived for 5 seconds/);
      assert.doesNotMatch(output, /^ok +(worker|books):/m);
      await waitUntil("the sentence", async () => /stands still/.test(await sentence()), {
        withinMs: 40_000,
      });
      assert.doesNotMatch(await sentence(), /well/);
      await waitUntil("the log", () => told() > 0);
      assert.equal(told(), 1, "once in the log");
    } finally {
      await rival.query("ROLLBACK");
      await rival.end();
    }
    await site.drained();
    await waitUntil("all to be well", async () => /^All is well/.test(await sentence()));
  });

  it("the worker's page names a front whose clock is wrong in its first sentence, while it runs", async () => {
    const front = await site.addFront(clockAhead(2 * HOUR));
    const isNamed = async () =>
      /^Wrong time: the clock of the front of home \d+ .* 2 hours ahead/.test(await sentence());
    await waitUntil("the sentence", isNamed);
    front.child.signal("SIGTERM");
    await front.child.exit();
    await waitUntil("all to be well", async () => /^All is well/.test(await sentence()));
  });

  it("the doctor reports a MySQL that refuses writes, and says ok of it no more", async () => {
    const { status, output } = await planted(
      `CREATE TRIGGER refuse_batches BEFORE INSERT ON floodgate.batches FOR EACH ROW
       SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'the table is full'`,
      "DROP TRIGGER floodgate.refuse_batches",
    );
    assert.equal(status, 1);
    assert.match(output, /wrong .*MySQL: takes no writes \(the table is full\)/);
    assert.doesNotMatch(output, /^ok +MySQL:/m);
  });

  it("the doctor says that the schema does not fit when a table is missing", async () => {
    const { status, output } = await planted(
      "RENAME TABLE floodgate.acceptances TO floodgate.acceptances_away",
      "RENAME TABLE floodgate.acceptances_away TO floodgate.acceptances",
    );
    assert.equal(status, 1);
    assert.match(output, /wrong .*schema: MySQL refuses a statement of this program .*\(1146\)/);
  });
});
