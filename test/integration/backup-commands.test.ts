/** `floodgate backup` and `floodgate restore` as operators run them, and killed at any moment. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Row } from "#lib/store/database.ts";
import { checkSchema } from "#lib/store/migrate.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { commandsOf } from "#test/support/floodgate-command.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import {
  assertSameContent,
  contentOf,
  fillWithHardValues,
  generationOf,
  schemaOf,
  tableNames,
} from "#test/support/hard-values.ts";

const bench = await startFlushBench();
const { store } = bench;
const directory = mkdtempSync(join(tmpdir(), "floodgate-backup-"));
after(() => rmSync(directory, { recursive: true }));

await fillWithHardValues(bench);
/** Sign-ins are not restored. */
const content = { ...(await contentOf(store)), editor_sessions: [] };
const schema = await schemaOf(store);

const floodgate = commandsOf(bench);

describe("floodgate backup and floodgate restore", () => {
  const file = join(directory, "one.backup");

  it("floodgate backup writes a new file that only its owner can read, and never another one's", async () => {
    const { status, stderr } = await floodgate(["backup", "--to", file]).ended;
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^backup: 1 polls and 4 ballots as of 20/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!existsSync(`${file}.unfinished`));
    const again = await floodgate(["backup", "--to", file]).ended;
    assert.equal(again.status, 64);
    assert.match(again.stderr, /exists/);
  });

  it("floodgate backup writes to a pipe, and floodgate restore reads from one", async () => {
    const { stdout, status } = await floodgate(["backup"]).ended;
    assert.equal(status, 0);
    const back = await floodgate(["restore", "--replace", "-"], { input: stdout }).ended;
    assert.equal(back.status, 0, back.stderr);
    assert.match(
      back.stdout.toString(),
      /^restore: MySQL has the backup of 20.*: 1 poll and 4 ballots\n/,
    );
    assertSameContent(await contentOf(store), content);
  });

  it("floodgate restore does not replace polls unless it is told to, and says what it would replace", async () => {
    const generation = await generationOf(store);
    const { status, stderr } = await floodgate(["restore", file]).ended;
    assert.equal(status, 64);
    assert.match(
      stderr,
      /the database has 1 poll and 2 ballots, the newest of 20\S+Z: --replace puts/,
    );
    assert.equal(await generationOf(store), generation);
  });

  it("a failed backup leaves no file, and a damaged one is refused in one line", async () => {
    const absent = join(directory, "absent.backup");
    const away = await floodgate(["backup", "--to", absent], {
      url: "mysql://x:y@127.0.0.1:1/floodgate",
    }).ended;
    assert.equal(away.status, 1);
    assert.ok(!existsSync(absent) && !existsSync(`${absent}.unfinished`));
    const half = join(directory, "half.backup");
    writeFileSync(half, readFileSync(file).subarray(0, 500));
    const refused = await floodgate(["restore", "--replace", half]).ended;
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /truncated; nothing has changed\n$/);
    const missing = await floodgate(["restore", join(directory, "no.backup")]).ended;
    assert.deepEqual([missing.status, missing.stderr.split("\n").length], [1, 2]);
  });

  /** The next restore finishes one that was cut off after its swap, and keeps the tables that it has replaced. */
  async function assertFinishedFirst(moment: string): Promise<void> {
    const { status, stderr } = await floodgate(["restore", "--replace", file]).ended;
    assert.equal(status, 1, moment);
    assert.match(stderr, /: an earlier restore .* is finished now; nothing else has changed/);
    const [row] = await store.rows<Row & { readonly question: string }>(
      "test.question",
      "SELECT question FROM replaced_polls",
    );
    assert.equal(row?.question, "before", moment);
  }

  it("floodgate restore that is killed at any moment leaves the old tables or the new ones, and the next restore loses neither", async () => {
    const { port } = new URL(bench.database.url);
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: Number(port) });
    const url = bench.database.url.replace(`:${port}/`, `:${proxy.port}/`);
    after(() => proxy.stop());
    const early = [
      "migrate",
      "load",
      "load_end",
      "site_restored",
      "drop_kept",
      "carry_gone",
      "swap",
    ];
    const late = ["carry_gone", "drop", "drop_keys", "name_keys"];
    const moments = [
      ...early.map(statement => ({ statement, isSwapped: false })),
      ...late.map(statement => ({ statement, isSwapped: true })),
    ];
    for (const { statement, isSwapped } of moments) {
      const moment = `${statement} ${isSwapped ? "after" : "before"} the swap`;
      await store.write("test.mark", "UPDATE polls SET question = 'before'");
      const before = await generationOf(store);
      const { ended, kill } = floodgate(["restore", "--replace", file], { url });
      let swapSent = false;
      proxy.interceptRequests(request => {
        const isThere = request.includes(`backup.${statement} */`) && swapSent === isSwapped;
        swapSent ||= request.includes("backup.swap */");
        if (!isThere) return undefined;
        kill();
        // The statement itself never gets to MySQL.
        return new Promise(() => {});
      });
      assert.equal((await ended).status, "SIGKILL", moment);
      proxy.heal();
      assert.equal((await generationOf(store)) !== before, isSwapped, moment);
      const [row] = await store.rows<Row & { readonly question: string }>(
        "test.question",
        "SELECT question FROM polls",
      );
      assert.equal(row?.question !== "before", isSwapped, moment);
      await checkSchema(store);
      if (isSwapped) await assertFinishedFirst(moment);
    }
    assert.deepEqual(await schemaOf(store), schema, "the foreign keys have their names");
    assert.equal((await floodgate(["restore", "--replace", file]).ended).status, 0);
    assertSameContent(await contentOf(store), content);
    assert.deepEqual(await schemaOf(store), schema);
    const kept = (await tableNames(store)).filter(name => /^(restoring|replaced)_/.test(name));
    assert.ok(
      kept.every(name => name.startsWith("replaced_")) && kept.includes("replaced_ballots"),
    );
    assert.equal((await floodgate(["restore", "--drop-replaced"]).ended).status, 0);
    assert.ok(!(await tableNames(store)).some(name => name.startsWith("replaced_")));
  });

  it("floodgate restore --announce changes the generation and nothing else", async () => {
    const before = await generationOf(store);
    assert.equal((await floodgate(["restore", "--announce"]).ended).status, 0);
    assert.notEqual(await generationOf(store), before);
    assertSameContent(await contentOf(store), content);
  });
});
