/** What `floodgate restore` says when MySQL fails it: whether the backup is live, and what is left to do. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { commandsOf } from "#test/support/floodgate-command.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { generationOf, schemaOf } from "#test/support/hard-values.ts";
import { answerStatements, failed } from "#test/support/mysql-errors.ts";

const bench = await startFlushBench();
const { store } = bench;
const floodgate = commandsOf(bench);
const through = new URL(bench.database.url);
const proxy = await FaultProxy.start({ host: "127.0.0.1", port: Number(through.port) });
through.port = String(proxy.port);
const directory = mkdtempSync(join(tmpdir(), "floodgate-backup-"));
after(async () => {
  rmSync(directory, { recursive: true });
  await proxy.stop();
});
afterEach(() => proxy.heal());

/** ER_OPTION_PREVENTS_STATEMENT: the server is read-only. */
const readOnly = 1290;
const schema = await schemaOf(store);
await bench.newPoll();
const file = join(directory, "one.backup");
assert.equal((await floodgate(["backup", "--to", file]).ended).status, 0);

/** Restores through the proxy; resolves with what the command said, and whether the backup is live. */
async function restore(fails: (statement: string, isSwapped: boolean) => boolean) {
  const before = await generationOf(store);
  let isSwapped = false;
  answerStatements(proxy, statement => {
    isSwapped ||= statement === "backup.swap";
    return fails(statement, isSwapped) ? failed(readOnly) : undefined;
  });
  const args = ["restore", "--replace", file];
  const { status, stdout, stderr } = await floodgate(args, { url: through.href }).ended;
  const isLive = (await generationOf(store)) !== before;
  return { status, stdout: stdout.toString(), stderr, isLive };
}

describe("floodgate restore that MySQL fails", () => {
  it("floodgate restore that fails before the backup is live says that nothing has changed", async () => {
    for (const statement of ["backup.load", "backup.carry_gone", "backup.swap"]) {
      const { status, stderr, isLive } = await restore(name => name === statement);
      assert.deepEqual([status, isLive], [1, false], statement);
      assert.match(stderr, new RegExp(`${statement}: .*; nothing has changed\n$`));
    }
  });

  it("floodgate restore that can't be finished says that the backup is live, and floodgate migrate finishes it", async () => {
    await bench.newPoll();
    const { status, stdout, stderr, isLive } = await restore(
      (name, isSwapped) => isSwapped && name === "backup.name_keys",
    );
    assert.deepEqual([status, isLive], [2, true]);
    assert.match(stdout, /^restore: MySQL has the backup of 20/);
    assert.match(stdout, /\nrestore: gone: poll-2 \(0 ballots accepted\): Yes\?\n/);
    assert.match(stderr, /the backup is live, but .*backup.name_keys.*run `floodgate migrate`/);
    const migrated = await floodgate(["migrate"]).ended;
    assert.match(migrated.stdout.toString(), /^finished the restore of a backup\n/);
    assert.deepEqual(await schemaOf(store), schema);
    assert.doesNotMatch((await floodgate(["migrate"]).ended).stdout.toString(), /finished/);
  });

  it("floodgate restore that can't publish polls anew names the gone polls, and says who publishes", async () => {
    await bench.newPoll();
    const { status, stdout, stderr, isLive } = await restore(
      (name, isSwapped) => isSwapped && !name.startsWith("backup.") && !name.startsWith("SET "),
    );
    assert.deepEqual([status, isLive], [0, true]);
    assert.match(stdout, /^restore: MySQL has the backup of 20.*\nrestore: gone: /);
    assert.match(
      stderr,
      /memcached still has polls as they were before .*a worker or `floodgate flush`/,
    );
  });

  it("floodgate restore --announce that can't publish polls anew has told fronts and workers", async () => {
    const before = await generationOf(store);
    let isAnnounced = false;
    answerStatements(proxy, name => {
      const isFailed = isAnnounced && !/^(SET |transaction|site\.)/.test(name);
      isAnnounced ||= name === "site.announce";
      return isFailed ? failed(readOnly) : undefined;
    });
    const { status, stderr } = await floodgate(["restore", "--announce"], { url: through.href })
      .ended;
    assert.equal(status, 0, stderr);
    assert.match(stderr, /a worker or `floodgate flush` publishes them anew/);
    assert.notEqual(await generationOf(store), before);
  });
});
