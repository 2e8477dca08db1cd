/**
 * Restores that MySQL fails at the swap or after it, on a real MariaDB behind a proxy that answers in its place: a restore
 * that fails loses no data, and one that has gone live says so.
 */
import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import { type Row, Store } from "#lib/store/database.ts";
import { backupOf, restoreInto } from "#test/support/backups.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { generationOf, schemaOf, tableNames } from "#test/support/hard-values.ts";
import { answerStatements, failed } from "#test/support/mysql-errors.ts";

const bench = await startFlushBench();
const { store } = bench;
const url = new URL(bench.database.url);
const proxy = await FaultProxy.start({ host: "127.0.0.1", port: Number(url.port) });
url.port = String(proxy.port);
const proxied = new Store({ url: url.href, connectionsMax: 2, statementMs: 10_000 });
after(async () => {
  await proxied.close();
  await proxy.stop();
});
afterEach(() => proxy.heal());

/** ER_OPTION_PREVENTS_STATEMENT: the server is read-only. */
const readOnly = 1290;

await bench.newPoll();
const backup = await backupOf(store);
const schema = await schemaOf(store);

const ask = (question: string) =>
  store.write("test.question", "UPDATE polls SET question = ?", [question]);

async function questionIn(table: string): Promise<string | undefined> {
  const [row] = await store.rows<Row & { readonly question: string }>(
    "test.question",
    `SELECT question FROM ${table}`,
  );
  return row?.question;
}

const withPrefix = async (prefix: string) =>
  (await tableNames(store)).filter(name => name.startsWith(prefix));

/** Fails a statement each time when it comes after the swap. */
function failAfterSwap(statement: string, errno: number): void {
  let isSwapped = false;
  answerStatements(proxy, name => {
    isSwapped ||= name === "backup.swap";
    return isSwapped && name === statement ? failed(errno) : undefined;
  });
}

describe("a restore that MySQL fails at the swap", () => {
  it("a restore whose swap fails leaves the tables that an earlier restore has replaced", async () => {
    await ask("before the first restore");
    await restoreInto(store, backup);
    await ask("before the second restore");
    const generation = await generationOf(store);
    answerStatements(proxy, name => (name === "backup.swap" ? failed(readOnly) : undefined));
    await assert.rejects(restoreInto(proxied, backup));
    assert.equal(await generationOf(store), generation);
    assert.equal(await questionIn("polls"), "before the second restore");
    assert.equal(await questionIn("replaced_polls"), "before the first restore");
    await restoreInto(store, backup);
    assert.equal(await questionIn("replaced_polls"), "before the second restore");
    assert.deepEqual(await withPrefix("discarded_"), []);
  });

  it("tables that a restore could not delete after its swap do not block the next restore", async () => {
    await restoreInto(store, backup);
    failAfterSwap("backup.drop", readOnly);
    await restoreInto(proxied, backup).catch(() => {});
    proxy.heal();
    assert.ok((await withPrefix("discarded_")).includes("discarded_polls"));
    await ask("before the next restore");
    await restoreInto(store, backup);
    assert.equal(await questionIn("replaced_polls"), "before the next restore");
    assert.deepEqual(await withPrefix("discarded_"), []);
    assert.deepEqual(await schemaOf(store), schema);
  });
});
