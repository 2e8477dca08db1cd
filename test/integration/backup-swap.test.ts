/**
 * Restores that MySQL fails at the swap or after it, on a real MariaDB behind a proxy that answers in its place: a
 * restore that fails loses no data, and one that has gone live says so.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { finishRestore } from "#lib/backup/finish-restore.ts";
import { FinishedEarlierRestore, SwapUnanswered } from "#lib/backup/restore-backup.ts";
import { Session } from "#lib/backup/session.ts";
import { SECOND, sleep } from "#lib/base/clock.ts";
import type { Row } from "#lib/store/database.ts";
import { checkSchema, schemaLock } from "#lib/store/migrate.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { backupOf, restoreInto } from "#test/support/backups.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { generationOf, schemaOf, tableNames } from "#test/support/hard-values.ts";
import { answerStatements, failed } from "#test/support/mysql-errors.ts";
import { startProxiedStore } from "#test/support/proxied-store.ts";

const bench = await startFlushBench();
const { store } = bench;
const { proxy, store: proxied } = await startProxiedStore(bench.database.url);

/** ER_OPTION_PREVENTS_STATEMENT: the server is read-only. */
const readOnly = 1290;
const deadlock = 1213;
const lockWait = 1205;

const poll = await bench.newPoll();
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

/** Fails a statement when it comes after the swap, as often as there are error numbers; the last one for ever. */
function failAfterSwap(statement: string, ...errnos: readonly (number | "healthy")[]): void {
  let isSwapped = false;
  let failures = 0;
  answerStatements(proxy, name => {
    isSwapped ||= name === "backup.swap";
    if (!isSwapped || name !== statement) return undefined;
    const errno = errnos[Math.min(failures++, errnos.length - 1)];
    return typeof errno === "number" ? failed(errno) : undefined;
  });
}

/** Accepted ballots of the poll that is in the backup. */
async function acceptedNow(): Promise<number> {
  const [row] = await store.rows<Row & { readonly accepted: number }>(
    "test.accepted",
    "SELECT SUM(accepted) AS accepted FROM acceptances",
  );
  return Number(row?.accepted);
}

async function assertFinished(): Promise<void> {
  assert.deepEqual(await schemaOf(store), schema);
  assert.deepEqual(await withPrefix("discarded_"), []);
  await checkSchema(store);
}

/** A new restore finishes the earlier one, once MySQL has noticed that its connection is gone, and does no more. */
async function assertFinishesEarlier(): Promise<void> {
  await waitUntil("a free lock", async () => {
    const [row] = await store.rows<Row & { readonly isFree: number }>(
      "test.lock",
      "SELECT IS_FREE_LOCK(?) AS isFree",
      [schemaLock],
    );
    return Number(row?.isFree) === 1;
  });
  await assert.rejects(restoreInto(store, backup), FinishedEarlierRestore);
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

  it("a restore that could not be finished is finished by the next one, which keeps the site's own tables", async () => {
    await restoreInto(store, backup);
    await ask("before the unfinished restore");
    failAfterSwap("backup.drop", readOnly);
    await restoreInto(proxied, backup).catch(() => {});
    proxy.heal();
    assert.ok((await withPrefix("discarded_")).includes("discarded_polls"));
    await ask("before the next restore");
    await assertFinishesEarlier();
    assert.equal(await questionIn("polls"), "before the next restore");
    assert.equal(await questionIn("replaced_polls"), "before the unfinished restore");
    await assertFinished();
    await restoreInto(store, backup);
    assert.equal(await questionIn("replaced_polls"), "before the next restore");
    assert.deepEqual(await withPrefix("discarded_"), []);
    assert.deepEqual(await schemaOf(store), schema);
  });
});

describe("a restore that MySQL fails after the swap", () => {
  for (const statement of ["carry_accepted", "carry_backup_time", "drop", "name_keys"]) {
    it(`backup.${statement} that fails for a moment after the swap is tried again`, async () => {
      await restoreInto(store, backup);
      const before = await generationOf(store);
      failAfterSwap(`backup.${statement}`, deadlock, lockWait, readOnly, "healthy");
      const { unfinished, generation } = await restoreInto(proxied, backup);
      assert.equal(unfinished, undefined);
      assert.notEqual(generation, before);
      assert.ok(proxy.faultsHit > 0);
      await assertFinished();
    });
  }

  it("rows and tables that another session has locked for some seconds after the swap are waited for", async () => {
    const run = Buffer.from("a front.");
    await store.write("test.accept", "INSERT INTO acceptances VALUES (?, ?, 9, 0)", [poll, run]);
    let locked: Promise<void> | undefined;
    let isSwapped = false;
    proxy.interceptRequests(async request => {
      isSwapped ||= request.includes("backup.swap */");
      if (locked || !isSwapped || !request.includes("backup.carry_accepted */")) return;
      const gate = new Promise<void>(resolve => {
        locked = store.transaction(async db => {
          await db.rows("test.lock", "SELECT * FROM acceptances FOR UPDATE");
          await db.rows("test.lock", "SELECT * FROM options");
          resolve();
          // MariaDB ends a transaction that is silent for five seconds.
          for (let seconds = 0; seconds < 9; seconds++) {
            await sleep(SECOND);
            await db.rows("test.lock", "SELECT 1");
          }
        });
      });
      await gate;
    });
    const { unfinished } = await restoreInto(proxied, backup);
    await locked;
    assert.equal(unfinished, undefined);
    assert.equal(await acceptedNow(), 9);
    await assertFinished();
  });

  it("a restore whose connection is lost at the swap asks what came of it", async () => {
    await ask("before");
    proxy.interceptRequests(request => {
      if (!request.includes("backup.swap */")) return;
      proxy.heal();
      proxy.reset();
    });
    const before = await generationOf(store);
    await assert.rejects(restoreInto(proxied, backup), /backup.swap/);
    assert.equal(await generationOf(store), before, "MySQL did not get the swap");
    assert.equal(await questionIn("polls"), "before");

    proxy.loseAnswers((_, request) => request.includes("backup.swap */"));
    const { generation, unfinished } = await restoreInto(proxied, backup);
    assert.equal(unfinished, undefined);
    assert.equal(await generationOf(store), generation, "only the answer was lost");
    assert.equal(await questionIn("replaced_polls"), "before");
    await assertFinished();
  });

  it("a restore that can't ask what came of the swap says so", async () => {
    proxy.loseAnswers((_, request) => {
      const isSwap = request.includes("backup.swap */");
      if (isSwap) proxy.refuse();
      return isSwap;
    });
    await assert.rejects(restoreInto(proxied, backup), SwapUnanswered);
    proxy.refuse(false);
    await Session.use(store, finishRestore);
    await assertFinished();
  });

  it("what can't be done after the swap is told, with the polls that are gone, and can be done later", async () => {
    const gone = await bench.newPoll();
    const run = Buffer.from("another.");
    await store.write("test.accept", "INSERT INTO acceptances VALUES (?, ?, 3, 0)", [gone, run]);
    failAfterSwap("backup.carry_accepted", deadlock);
    const restored = await restoreInto(proxied, backup);
    assert.match(String(restored.unfinished), /backup.carry_accepted.*1213/);
    assert.equal(await generationOf(store), restored.generation);
    assert.deepEqual(
      restored.gone.map(({ id, accepted }) => [id, accepted]),
      [[gone, 3]],
    );
    proxy.heal();
    // What a front reported after the first time that counts were taken over.
    await store.write("test.accept", "INSERT INTO replaced_acceptances VALUES (?, ?, 5, 0)", [
      poll,
      run,
    ]);
    const before = await acceptedNow();
    await Session.use(store, finishRestore);
    assert.equal(await acceptedNow(), before + 5);
    await assertFinished();
  });

  it("polls that are gone are named also when MySQL has gone away after the swap", async () => {
    const gone = await bench.newPoll();
    let isSwapped = false;
    proxy.interceptRequests(request => {
      isSwapped ||= request.includes("backup.swap */");
      if (!isSwapped || !request.includes("backup.carry_accepted */")) return;
      proxy.refuse();
      proxy.reset();
    });
    const restored = await restoreInto(proxied, backup);
    proxy.refuse(false);
    assert.ok(restored.unfinished);
    assert.deepEqual(
      restored.gone.map(({ id }) => id),
      [gone],
    );
    assert.equal(await generationOf(store), restored.generation);
    await assertFinishesEarlier();
    await assertFinished();
  });
});
