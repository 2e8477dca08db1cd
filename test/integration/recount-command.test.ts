/** `npm run recount` as an operator runs it: what it finds, what it says, and its exit status. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { tallyKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { PollId } from "#lib/model/ids.ts";
import { createPoll, vote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

describe("a recount", () => {
  let site: Site;
  let memcached: MemcachedClient;
  let slug: string;
  let poll: PollId;
  before(async () => {
    site = await Site.start({ workers: 0 });
    memcached = new MemcachedClient({ host: "127.0.0.1", port: site.memcached[0]?.port ?? 0 });
    slug = await createPoll(site);
    const rows = await site.query<RowDataPacket & { id: number }>(
      "SELECT id FROM polls WHERE slug = ?",
      [slug],
    );
    poll = rows[0]?.id as PollId;
    assert.equal((await vote(site.url, slug, { choices: ["1"] })).status, 202);
  });
  after(async () => {
    memcached?.close();
    await site?.stop();
  });

  const recount = (...more: string[]) =>
    new Promise<{ status: number; said: string }>(resolve => {
      execFile(
        process.execPath,
        ["--enable-source-maps", "dist/recount.mjs", "--poll", slug, ...more],
        { env: { ...process.env, ...site.env }, timeout: 30_000 },
        (error, stdout, stderr) =>
          resolve({ status: error ? Number(error.code ?? -1) : 0, said: stdout + stderr }),
      );
    });

  /** Moves the counter of the ballots behind everybody's back. */
  async function bendTally(): Promise<void> {
    const p = new Pipeline();
    p.incr(tallyKey(poll, "b"), 5);
    await memcached.send(p);
  }

  it("can't tell about tallies while ballots are on their way, and says so", async () => {
    const { status, said } = await recount();
    assert.match(said, /1 polls, rows as they should be, tallies not compared/);
    assert.equal(status, 75);
  });

  it("finds that all is as it should be", async () => {
    await site.drained();
    const { status, said } = await recount();
    assert.match(said, /all as it should be/);
    assert.equal(status, 0);
  });

  it("finds totals and tallies that are off, and mends both", async () => {
    await site.query("UPDATE poll_totals SET ballots = 7 WHERE poll_id = ?", [poll]);
    const { status, said } = await recount();
    assert.match(said, /ballots: 1 by the rows, 7 by the totals/);
    assert.match(said, /the tallies are not what the totals are/);
    assert.equal(status, 1);
    await bendTally();
    assert.match((await recount("--repair")).said, /1 mended/);
    assert.equal((await recount()).status, 0);
  });

  it("compares the tallies of a final poll, too, as long as memcached has them", async () => {
    await site.query("UPDATE polls SET finalized_at = NOW(3), closes_at = NOW(3) WHERE id = ?", [
      poll,
    ]);
    await bendTally();
    assert.equal((await recount()).status, 1);
    assert.equal((await recount("--repair")).status, 0);
    assert.equal((await recount()).status, 0);
    const p = new Pipeline();
    p.delete(tallyKey(poll, "b"));
    await memcached.send(p);
    const { status, said } = await recount();
    assert.match(said, /all as it should be/);
    assert.equal(status, 0);
  });
});
