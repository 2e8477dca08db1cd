/** `floodgate recount` as an operator runs it: what it finds, what it prints, and its exit status. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { tallyKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { PollId, PollKey } from "#lib/model/ids.ts";
import { createPoll, vote } from "#test/support/ledger.ts";
import { testClient } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";

describe("floodgate recount", () => {
  let site: Site;
  let memcached: MemcachedClient;
  let slug: string;
  let poll: PollId;
  let key: PollKey;
  before(async () => {
    site = await Site.start({ workers: 0 });
    memcached = testClient(site.memcached[0]?.port ?? 0);
    slug = await createPoll(site);
    const rows = await site.query<RowDataPacket & { id: number; poll_key: string }>(
      "SELECT id, CAST(poll_key AS CHAR) AS poll_key FROM polls WHERE slug = ?",
      [slug],
    );
    poll = rows[0]?.id as PollId;
    key = rows[0]?.poll_key as PollKey;
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
        ["--enable-source-maps", "dist/cli.mjs", "recount", "--poll", slug, ...more],
        { env: { ...process.env, ...site.env }, timeout: 30_000 },
        (error, stdout, stderr) =>
          resolve({ status: error ? Number(error.code ?? -1) : 0, said: stdout + stderr }),
      );
    });

  /** Changes the counter of the ballots, and nothing else. */
  async function corruptTally(): Promise<void> {
    const p = new Pipeline();
    p.incr(tallyKey(key, "b"), 5);
    await memcached.send(p);
  }

  it("floodgate recount ends with status 75 and compares no tallies while ballots are on their way", async () => {
    const { status, said } = await recount();
    assert.match(said, /recount: 1 poll: rows and totals agree; tallies not compared/);
    assert.equal(status, 75);
  });

  it("floodgate recount ends with status 0 when rows, totals and tallies agree", async () => {
    await site.drained();
    const { status, said } = await recount();
    assert.match(said, /everything agrees/);
    assert.equal(status, 0);
  });

  it("floodgate recount names wrong totals and tallies with status 1, and corrects both with --repair", async () => {
    await site.query("UPDATE poll_totals SET ballots = 7 WHERE poll_id = ?", [poll]);
    const { status, said } = await recount();
    assert.match(said, /ballots: 1 by the rows, 7 by the totals/);
    assert.match(said, /tallies and totals differ/);
    assert.equal(status, 1);
    await corruptTally();
    assert.match((await recount("--repair")).said, /1 corrected/);
    assert.equal((await recount()).status, 0);
  });

  it("floodgate recount compares the tallies of a final poll only as long as memcached has them", async () => {
    await site.query("UPDATE polls SET finalized_at = NOW(3), closes_at = NOW(3) WHERE id = ?", [
      poll,
    ]);
    await corruptTally();
    assert.equal((await recount()).status, 1);
    assert.equal((await recount("--repair")).status, 0);
    assert.equal((await recount()).status, 0);
    const p = new Pipeline();
    p.delete(tallyKey(key, "b"));
    await memcached.send(p);
    const { status, said } = await recount();
    assert.match(said, /tallies too, except those of 1 final poll, which memcached has dropped/);
    assert.equal(status, 0);
  });
});
