/** What `floodgate backup` and `floodgate restore` say when MySQL fails them: what is done, and what is left to do. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { newestBackupMs } from "#lib/store/restores.ts";
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

describe("floodgate backup that MySQL fails when the backup is whole", {
  concurrency: false,
}, () => {
  const noted =
    /polls and \d+ ballots as of .*\nbackup: it is whole, but MySQL has no note of it .*the doctor/;

  it("floodgate backup whose note fails says that the backup is whole, and it can be restored", async () => {
    const before = await newestBackupMs(store);
    const unnoted = join(directory, "unnoted.backup");
    answerStatements(proxy, name => (name === "site.backed_up" ? failed(readOnly) : undefined));
    const { ended } = floodgate(["backup", "--to", unnoted], { url: through.href });
    const { status, stderr } = await ended;
    assert.equal(status, 0, stderr);
    assert.match(stderr, noted);
    assert.equal(await newestBackupMs(store), before);
    proxy.heal();
    assert.equal((await floodgate(["restore", "--replace", unnoted]).ended).status, 0);
  });

  it("floodgate backup that loses MySQL when the backup is whole says that it is", async () => {
    const unnoted = join(directory, "lost.backup");
    proxy.interceptRequests(request => {
      if (!request.includes("site.backed_up */")) return;
      proxy.refuse();
      proxy.reset();
    });
    const { ended } = floodgate(["backup", "--to", unnoted], { url: through.href });
    const { status, stderr } = await ended;
    proxy.refuse(false);
    assert.equal(status, 0, stderr);
    assert.match(stderr, noted);
    assert.ok(existsSync(unnoted));
  });

  it("floodgate backup tries to note it again when MySQL can't for a moment", async () => {
    let failures = 0;
    const before = await newestBackupMs(store);
    answerStatements(proxy, name =>
      name === "site.backed_up" && ++failures < 3 ? failed(readOnly) : undefined,
    );
    const { ended } = floodgate(["backup", "--to", join(directory, "noted.backup")], {
      url: through.href,
    });
    assert.doesNotMatch((await ended).stderr, /no note/);
    assert.notEqual(await newestBackupMs(store), before);
  });
});
