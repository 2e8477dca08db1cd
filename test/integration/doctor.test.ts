/** The doctor against real servers with real misconfigurations: the doctor reports each, also by its exit status. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { unsupportedNode } from "#lib/base/supported-node.ts";
import type { Epoch } from "#lib/model/ids.ts";
import { Store } from "#lib/store/database.ts";
import { insertDeadLetters, listDeadLetters } from "#lib/store/dead-letters.ts";
import { freePort } from "#scripts/services/ports.ts";
import { doctor, type Examined } from "#test/support/doctor-run.ts";
import { createPoll, vote } from "#test/support/ledger.ts";
import { testMemcached } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";
import { timed } from "#test/support/stalls.ts";

const secret = randomBytes(32).toString("hex");

describe("the doctor", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({
      memcached: [{ memoryMb: 256 }],
      env: { FLOODGATE_SECRET: secret },
      databaseOptions: ["--default-time-zone=+05:30"],
    });
  });
  after(() => site.stop());

  /** The doctor's report on the site with its front and worker, and `change`. */
  const examine = (change: Record<string, string> = {}) =>
    doctor({
      ...site.env,
      PORT: String(site.fronts[0]?.port),
      FLOODGATE_WORKER_PORT: String(site.workers[0]?.port),
      ...change,
    });

  it("the doctor finds no problem on a healthy site", async () => {
    const slug = await createPoll(site);
    for (const choice of ["1", "2"]) await vote(site.url, slug, { choices: [choice] });
    await site.drained();
    const { status, output } = await examine();
    assert.equal(status, 0, output);
    // On an older Node than production's there is a note about it.
    assert.match(output, /^doctor: no problems, (1 note, )?\d+ checks passed$/m, output);
    if (unsupportedNode())
      assert.match(output, /^warn .*Node: this is Node [\d.]+: Floodgate supports/m);
    else assert.doesNotMatch(output, /^warn/m);
    assert.match(output, /^ok .*memcached 127.0.0.1:\d+: 1\.\d+\.\d+, -M, \d+ of 256 MB used$/m);
    assert.match(output, /^ok .*queues: \d+ in use, and checkpoints fit them$/m);
    assert.match(output, /^ok .*books: balance: 2 accepted, 0 of them waiting, none lost$/m);
    assert.match(output, /^ok .*counts: rows and totals of \d+ polls agree; tallies/m);
    assert.ok(!output.includes(secret), "says no secret");
  });

  it("the doctor reports memcached without -M, with a small -I, with few connections", async () => {
    const options = ["-I", "512k", "-c", "64", "-U", "0"];
    const bad = await testMemcached({ options, memoryMb: 64 });
    const { status, output } = await examine({
      MEMCACHED_SERVERS: bad.address,
      FLOODGATE_FRONT_PROCESSES: "64",
    });
    assert.equal(status, 1);
    const about = `wrong  memcached ${bad.address}:`;
    assert.ok(output.includes(`${about} runs without -M`), output);
    assert.ok(output.includes(`${about} takes no item over 512 kB`), output);
    assert.ok(output.includes(`${about} takes 64 connections`), output);
    assert.match(output, /warn .*lets every client delete everything/);
    assert.match(output, /warn .*keeps idle connections for ever/);
    assert.match(output, /warn .*has 64 MB: enough for about \d+,000 voters/);
    assert.match(output, /docs\/runbook\.md#memcached-evicts-items/);
  });

  it("the doctor reports a memcached that has evicted", async () => {
    const bad = await testMemcached({ options: ["-U", "0"], memoryMb: 2 });
    const { Session } = await import("#lib/memcached/session.ts");
    const { Pipeline } = await import("#lib/memcached/pipeline.ts");
    const { slotKey } = await import("#lib/memcached/keys.ts");
    const session = await Session.connect({ host: "127.0.0.1", port: bad.port }, 1_000);
    for (let slot = 1; slot <= 200; slot++) {
      const p = new Pipeline();
      p.add(slotKey("normal.0" as never, "epoch" as never, slot as never), randomBytes(60_000), 0);
      await session.send(p, 5_000);
    }
    session.close("done");
    const { status, output } = await examine({ MEMCACHED_SERVERS: bad.address });
    assert.equal(status, 1);
    assert.match(output, /wrong .*has evicted \d+ items for lack of memory/);
  });

  it("the doctor reports a MySQL or memcached that hangs or is away within deadlines", async () => {
    const { child } = site.database;
    await child.pause();
    try {
      const nobody = `127.0.0.1:${await freePort()}`;
      const { result, tookMs } = await timed(() =>
        examine({ MEMCACHED_SERVERS: `${site.env.MEMCACHED_SERVERS},${nobody}` }),
      );
      const { status, output } = result;
      assert.equal(status, 1);
      assert.match(output, /wrong .*MySQL: can't be used/);
      assert.match(output, /wrong .*memcached 127.0.0.1:\d+: does not answer/);
      assert.ok(tookMs < 20_000, "it waits for deadlines, not for ever");
    } finally {
      child.signal("SIGCONT");
    }
  });

  it("the doctor reports guessable secrets and contradictory settings", async () => {
    const { status, output } = await examine({
      FLOODGATE_SECRET: "change me, please: a default of 32 characters",
      FLOODGATE_FRONT_PROCESSES: "16",
      FLOODGATE_QUEUE_COPIES: "2",
      PUBLIC_URL: "http://polls.news.example",
    });
    assert.equal(status, 1);
    assert.match(output, /wrong .*FLOODGATE_SECRET looks like a default/);
    assert.match(output, /wrong .*FLOODGATE_QUEUE_COPIES=2, and there is 1 queue server/);
    assert.match(output, /wrong .*takes 200 connections; this machine's processes may need 2\d\d/);
    assert.match(output, /warn .*front processes 0 to 15 share 8 homes/);
    assert.match(output, /warn .*PUBLIC_URL is http:/);
    assert.ok(!output.includes("change me"), "says no secret");
  });

  it("the doctor lists missing settings, or reads those of `npm run up`", async () => {
    const nothing = {
      DATABASE_URL: undefined,
      MEMCACHED_SERVERS: undefined,
      FLOODGATE_SECRET: undefined,
    };
    const directory = mkdtempSync(join(tmpdir(), "floodgate-doctor-"));
    const settings = {
      ...site.env,
      PORT: String(site.fronts[0]?.port),
      FLOODGATE_WORKER_PORT: String(site.workers[0]?.port),
    };
    try {
      const env = { ...nothing, FLOODGATE_DATA_DIR: directory };
      const without = await doctor(env);
      assert.equal(without.status, 1);
      assert.match(without.output, /wrong .*DATABASE_URL is not set/);
      writeFileSync(join(directory, "up.json"), JSON.stringify({ settings }));
      const { status, output } = await doctor(env);
      assert.equal(status, 0, output);
      assert.ok(output.includes(`settings: from ${join(directory, "up.json")}`), output);
      const half = await doctor({ ...env, DATABASE_URL: site.database.url });
      assert.match(half.output, /wrong .*MEMCACHED_SERVERS is not set/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  describe("the doctor on a damaged database", () => {
    const store = () =>
      new Store({ url: site.database.url, connectionsMax: 1, statementMs: 10_000 });
    /** Changes the database, examines, and changes it back. */
    const planted = async (change: string, back: string): Promise<Examined> => {
      await site.query(change);
      try {
        return await examine();
      } finally {
        await site.query(back);
      }
    };

    it("the doctor reports a migration that is not applied", async () => {
      const [last] = await site.query<RowDataPacket & { name: string }>(
        "SELECT name FROM migrations ORDER BY name DESC LIMIT 1",
      );
      const { status, output } = await planted(
        `UPDATE migrations SET finished_at = NULL WHERE name = '${last?.name}'`,
        `UPDATE migrations SET finished_at = started_at WHERE name = '${last?.name}'`,
      );
      assert.equal(status, 1);
      assert.ok(output.includes(`wrong  schema: the schema lacks ${last?.name}`), output);
    });

    it("the doctor reports totals that differ from rows and tallies", async () => {
      const slug = await createPoll(site);
      await vote(site.url, slug, { choices: ["1"] });
      await site.drained();
      const change = (by: string) =>
        `UPDATE poll_totals SET ballots = ballots ${by} WHERE poll_id = (SELECT id FROM polls WHERE slug = '${slug}')`;
      const worker = site.workers[0];
      assert.ok(worker);
      await worker.child.stop();
      try {
        const { status, output } = await planted(change("+ 5"), change("- 5"));
        assert.equal(status, 1);
        assert.ok(output.includes(`rows and totals of ${slug} differ`), output);
        assert.ok(output.includes(`totals and tallies of ${slug} differ`), output);
        assert.match(
          output,
          /wrong .*books: poll \d+: more or fewer ballots came out of the flush than went in/,
        );
      } finally {
        await site.restartWorker(worker);
      }
    });

    it("the doctor reports dead letters until they are dismissed", async () => {
      const at = store();
      const letter = { pollId: undefined, slot: 1, reason: "a test", bytes: Buffer.from("x") };
      await insertDeadLetters(at, "epochoftests" as Epoch, [{ ...letter, ballots: 3 }], Date.now());
      const [found] = await listDeadLetters(at);
      await at.close();
      const { status, output } = await examine();
      assert.equal(status, 1);
      assert.match(output, /wrong .*dead letters: 1 open, with at least 3 ballots/);
      assert.match(await site.run("dead-letters", ["--dismiss", String(found?.id)]), /dismissed/);
      const afterwards = await planted("SELECT 1", "DELETE FROM dead_letters");
      assert.match(afterwards.output, /ok .*dead letters: 1, all dismissed/);
    });

    it("the doctor reports checkpoints of unknown servers, and ones that went back in time", async () => {
      await site.drained();
      const strange = await planted(
        `INSERT INTO checkpoints (epoch, server, queue, opened_at, updated_at)
         VALUES ('strangeepoch', '10.9.8.7:11211', 'normal.0', '2026-01-01', '2026-01-01')`,
        "DELETE FROM checkpoints WHERE epoch = 'strangeepoch'",
      );
      assert.match(strange.output, /warn .*queues: MySQL knows queues on 10\.9\.8\.7:11211/);
      await site.workers[0]?.child.stop();
      const back = await planted(
        "UPDATE checkpoints SET slot = slot - 1 WHERE slot > 0 AND closed_at IS NULL",
        "UPDATE checkpoints SET slot = slot + 1 WHERE slot > 0 AND closed_at IS NULL",
      );
      assert.equal(back.status, 1);
      assert.match(back.output, /the published checkpoint is \d+, and MySQL has slots up to/);
    });
  });

  it("the doctor reports that no worker runs while votes wait", async () => {
    await site.workers[0]?.child.stop();
    const poll = await createPoll(site);
    assert.equal((await vote(site.url, poll, { choices: ["1"] })).status, 202);
    const { status, output } = await examine();
    assert.equal(status, 1);
    assert.match(output, /wrong .*worker: no worker answers at .*; 1 slot of ballots waiting/);
  });
});
