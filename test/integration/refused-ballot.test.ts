/**
 * Ballots whose data MySQL refuses become dead letters, alone and only after MySQL has refused them again. A trigger or a
 * proxy makes MySQL refuse them.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createConnection } from "mysql2/promise";
import { decodeBatch } from "#lib/queue/slot-codec.ts";
import type { Row } from "#lib/store/database.ts";
import { dataErrors, isStoreFailure } from "#lib/store/failure.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { executed, failed, statementIn } from "#test/support/mysql-errors.ts";
import { startProxiedStore } from "#test/support/proxied-store.ts";

interface LetterRow extends Row {
  readonly bytes: Buffer;
  readonly reason: string;
}

const bench = await startFlushBench();
const { proxy, store } = await startProxiedStore(bench.database.url);

/** Queues ballots of one poll in slots of these sizes; resolves with the ballots by slot. */
async function enqueueSlots(...sizes: number[]) {
  const poll = await bench.newPoll();
  const slots = sizes.map(size => Array.from({ length: size }, () => ballot(poll)));
  for (const ballots of slots) await bench.enqueue(bench.producer(), batch(ballots));
  return { poll, slots };
}

/** The ballots in the dead letters of a poll, each with the reason. */
async function lettersOf(poll: number): Promise<ReadonlyMap<string | undefined, string>> {
  const rows = await bench.store.rows<LetterRow>(
    "test.letters",
    "SELECT bytes, reason FROM dead_letters WHERE poll_id = ?",
    [poll],
  );
  return new Map(
    rows.map(({ bytes, reason }) => [decodeBatch(bytes)?.ballots[0]?.ballotId, reason]),
  );
}

/** A pass that fails, as MySQL is now; then one on a healthy MySQL, which flushes everything and sets nothing aside. */
async function flushAfterFailure(poll: number, ballots: number): Promise<void> {
  const flusher = bench.newFlusher({ store });
  await assert.rejects(flusher.pass(), isStoreFailure);
  assert.equal((await lettersOf(poll)).size, 0);
  proxy.heal();
  const { waiting } = await flusher.pass();
  assert.equal(waiting, 0);
  assert.deepEqual([...(await lettersOf(poll)).values()], []);
  assert.equal(await bench.count("ballots", `poll_id = ${poll}`), ballots);
}

describe("ballots whose data MySQL refuses", () => {
  it("a refused ballot becomes a dead letter alone, and every other ballot is counted", async () => {
    const { poll, slots } = await enqueueSlots(200, 500, 300);
    const bad = slots[1]?.[317];
    assert.ok(bad);
    const admin = await createConnection({ uri: bench.database.adminUrl });
    await admin.query(
      `CREATE TRIGGER refuse_one BEFORE INSERT ON ballots FOR EACH ROW
       IF NEW.voter = 0x${bad.voter} THEN
         SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1264, MESSAGE_TEXT = 'not this one';
       END IF`,
    );
    const summary = await bench.newFlusher().pass();
    await admin.query("DROP TRIGGER refuse_one");
    await admin.end();
    assert.deepEqual(
      { counted: summary.counted, letters: summary.letters, waiting: summary.waiting },
      { counted: 999, letters: 1, waiting: 0 },
    );
    assert.equal((await bench.totals(poll)).ballots, 999);
    assert.deepEqual([...(await lettersOf(poll)).keys()], [bad.ballotId]);
  });

  it("every data error sets aside the ballot that it is answered for each time, and no other", async () => {
    const { poll, slots } = await enqueueSlots(60);
    const bad = new Map(dataErrors.map((errno, index) => [slots[0]?.[2 * index], errno]));
    proxy.forgeAnswers(request => {
      if (statementIn(request) !== "ballots.insert") return undefined;
      const [, errno] = [...bad].find(([each]) => each && request.includes(each.voter)) ?? [];
      return errno === undefined ? undefined : failed(errno);
    });
    const { counted, waiting } = await bench.newFlusher({ store }).pass();
    assert.deepEqual([counted, waiting], [60 - dataErrors.length, 0]);
    const letters = await lettersOf(poll);
    assert.equal(letters.size, dataErrors.length);
    for (const [each, errno] of bad) {
      assert.ok(letters.get(each?.ballotId)?.endsWith(`(${errno})`), String(errno));
    }
  });

  it("a ballot that another table refuses becomes a dead letter alone", async () => {
    const poll = await bench.newPoll();
    const bad = ballot(poll, { choices: Uint8Array.of(4) });
    const ballots = [ballot(poll), bad, ballot(poll)];
    await bench.enqueue(bench.producer(), batch(ballots));
    proxy.forgeAnswers(request =>
      statementIn(request) === "totals.add_options" && request.includes(`(${poll}, 4, 0, 1)`)
        ? failed(1452)
        : undefined,
    );
    const { counted, waiting } = await bench.newFlusher({ store }).pass();
    assert.deepEqual([counted, waiting], [2, 0]);
    assert.deepEqual([...(await lettersOf(poll)).keys()], [bad.ballotId]);
  });
});

describe("errors that say nothing about a ballot", () => {
  it("a data error that passes while ballots are tried one by one sets none of them aside", async () => {
    const { poll } = await enqueueSlots(4);
    let left = 8;
    proxy.forgeAnswers(request =>
      statementIn(request) === "ballots.insert" && left-- > 0 ? failed(1264) : undefined,
    );
    await flushAfterFailure(poll, 4);
  });

  it("a data error that the transaction has without ballots, too, leaves the slot in the queue", async () => {
    const { poll } = await enqueueSlots(3);
    proxy.forgeAnswers(request =>
      statementIn(request) === "checkpoints.move" ? failed(1264) : undefined,
    );
    await flushAfterFailure(poll, 3);
  });

  it("a data error that no ballot has alone leaves the slot in the queue", async () => {
    const { poll, slots } = await enqueueSlots(3);
    const voters = slots[0]?.map(({ voter }) => voter) ?? [];
    proxy.forgeAnswers(request =>
      statementIn(request) === "ballots.insert" && voters.every(each => request.includes(each))
        ? failed(1264)
        : undefined,
    );
    await flushAfterFailure(poll, 3);
  });

  for (const [what, answer] of [
    ["before", failed(1180)],
    ["after", executed(1180)],
  ] as const) {
    it(`a COMMIT that always fails ${what} its execution fails the pass, and ballots are counted once`, async () => {
      const { poll } = await enqueueSlots(2);
      let commits = 0;
      proxy.forgeAnswers(request => {
        if (statementIn(request) !== "transaction.commit") return undefined;
        commits += 1;
        return answer;
      });
      const flusher = bench.newFlusher({ store });
      if (what === "before") {
        await assert.rejects(flusher.pass(), isStoreFailure);
        assert.equal(commits, 3);
      } else await flusher.pass();
      proxy.heal();
      assert.equal((await flusher.pass()).waiting, 0);
      assert.equal((await bench.totals(poll)).ballots, 2);
      assert.equal((await lettersOf(poll)).size, 0);
    });
  }

  it("a table that is missing fails the pass until it is there, and sets nothing aside", async () => {
    const { poll } = await enqueueSlots(2, 2);
    const admin = await createConnection({ uri: bench.database.adminUrl });
    await admin.query("RENAME TABLE floodgate.option_totals TO floodgate.option_totals_away");
    const flusher = bench.newFlusher();
    await assert.rejects(flusher.pass(), error => isStoreFailure(error, "mismatch"));
    await admin.query("RENAME TABLE floodgate.option_totals_away TO floodgate.option_totals");
    await admin.end();
    await flusher.pass();
    assert.equal((await bench.totals(poll)).ballots, 4);
    assert.equal((await lettersOf(poll)).size, 0);
  });
});
