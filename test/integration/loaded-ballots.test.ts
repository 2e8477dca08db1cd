/**
 * Ballots by LOAD DATA LOCAL on a real MariaDB: what is loaded equals what is inserted, whatever its bytes; and a load
 * that the server ignored or changed a row of leaves nothing behind.
 */
import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import fc from "fast-check";
import { createConnection } from "mysql2/promise";
import { createLog } from "#lib/base/log.ts";
import { Loading } from "#lib/flush/loading.ts";
import type { BallotId, BatchId, PollId, VoterKey } from "#lib/model/ids.ts";
import { type BallotRow, insertBallots } from "#lib/store/ballots.ts";
import { type Database, type Row, Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { ballotLoadOf, loadBallots, loadObstacle } from "#lib/store/load-ballots.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { failed, statementIn } from "#test/support/mysql-errors.ts";
import { startProxiedStore } from "#test/support/proxied-store.ts";

const bench = await startFlushBench();
const { store } = bench;
const { proxy, store: proxied } = await startProxiedStore(bench.database.url);
const admin = await createConnection({ uri: bench.database.adminUrl });
after(() => admin.end());
afterEach(() => admin.query("SET GLOBAL local_infile = ON"));

/** Every byte, those with a meaning of their own above all. */
const byte = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0x00, 0x08, 0x09, 0x0a, 0x0d, 0x1a, 0x22, 0x27, 0x30, 0x4e, 0x5c, 0x6e, 0xff),
);
const bytes = (length: number) => fc.array(byte, { minLength: length, maxLength: length });
const hex = (length: number) => bytes(length).map(each => Buffer.from(each).toString("hex"));

const row = fc.record({
  pollId: fc.integer({ min: 1, max: 2 ** 32 - 1 }) as fc.Arbitrary<PollId>,
  voter: hex(16) as fc.Arbitrary<VoterKey>,
  ballotId: hex(16) as fc.Arbitrary<BallotId>,
  batchId: bytes(12).map(each => Buffer.from(each) as BatchId),
  revision: fc.nat(65_535),
  choices: fc.array(byte, { maxLength: 100, size: "max" }).map(each => Uint8Array.from(each)),
  receivedAtMs: fc.integer({ min: 0, max: Date.UTC(2200, 0) }),
});
const rows = fc.uniqueArray(row, {
  minLength: 1,
  maxLength: 30,
  selector: each => `${each.pollId}:${each.voter}`,
});

/** The table's content as texts, after `fill`, in a transaction that is rolled back. */
async function contentAfter(fill: (db: Database) => Promise<unknown>): Promise<unknown> {
  class Enough extends Error {}
  let content: unknown;
  const work = store.transaction(async db => {
    await fill(db);
    const found = await db.rows(
      "test.content",
      `SELECT poll_id, HEX(voter), HEX(ballot_id), HEX(batch_id), revision, HEX(choices),
         CAST(received_at AS CHAR) FROM ballots ORDER BY poll_id, voter`,
    );
    content = found.map(each => ({ ...each }));
    throw new Enough();
  });
  await assert.rejects(work, Enough);
  return content;
}

const rowOf = (change: Partial<BallotRow> = {}): BallotRow => ({
  ...ballot(1 as PollId),
  batchId: Buffer.alloc(12, 7) as BatchId,
  ...change,
});

describe("a load of ballots", () => {
  it("a load stores in every column what INSERTs store, whatever the bytes", async () => {
    const property = fc.asyncProperty(rows, async all => {
      const inserted = await contentAfter(insertBallots(all));
      const loaded = await contentAfter(async db => {
        assert.deepEqual(await loadBallots(db, ballotLoadOf(all)), { outcome: "loaded" });
      });
      assert.deepEqual(loaded, inserted);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  for (const [what, bad] of [
    ["a voter has a ballot already", {}],
    ["a value is cut to its column's length", { choices: new Uint8Array(101) }],
    ["a number is out of its column's range", { revision: 65_536 }],
  ] as const) {
    for (const mode of ["", "STRICT_ALL_TABLES"]) {
      it(`a load leaves nothing behind when ${what}, with the SQL mode '${mode}'`, async () => {
        const before = rowOf();
        const [good, other] = [rowOf(), rowOf({ ...before, batchId: rowOf().batchId, ...bad })];
        const duplicate = Object.keys(bad).length === 0;
        const load = [good, duplicate ? other : { ...other, voter: rowOf().voter }];
        const untouched = await contentAfter(insertBallots([before]));
        const content = await contentAfter(async db => {
          await db.write("test.mode", `SET SESSION sql_mode = '${mode}'`);
          await insertBallots([before])(db);
          assert.deepEqual(await loadBallots(db, ballotLoadOf(load)), { outcome: "not all new" });
        });
        assert.deepEqual(content, untouched);
      });
    }
  }

  it("a server that answers a load with an error gets INSERTs, and what was done before the load stays", async () => {
    await admin.query("SET GLOBAL local_infile = OFF");
    const before = rowOf();
    const untouched = await contentAfter(insertBallots([before]));
    const content = await contentAfter(async db => {
      await insertBallots([before])(db);
      const { outcome } = await loadBallots(db, ballotLoadOf([rowOf(), rowOf()]));
      assert.equal(outcome, "refused");
    });
    assert.deepEqual(content, untouched);
    assert.equal(await loadObstacle(store), "local_infile is off");
  });
});

describe("a flush that loads", () => {
  /** Names of the statements of a pass, with what the proxy answers to each. */
  async function passOf(
    loading: Loading,
    answer: (statement: string) => ReturnType<typeof failed> | undefined = () => undefined,
  ) {
    const seen: string[] = [];
    proxy.forgeAnswers(request => {
      const statement = statementIn(request) ?? "";
      seen.push(statement);
      return answer(statement);
    });
    const summary = await bench.newFlusher({ store: proxied, loading }).pass();
    return { ...summary, seen: seen.filter(name => /^ballots\./.test(name)) };
  }
  const newLoading = () => new Loading(createLog("test", "silent"));
  const enqueueMany = async (poll: PollId, count = 60) => {
    const ballots = Array.from({ length: count }, () => ballot(poll));
    await bench.enqueue(bench.producer(), batch(ballots));
    return ballots;
  };

  it("a flush loads many first ballots, and inserts changes and small batches", async () => {
    const loading = newLoading();
    const poll = await bench.newPoll();
    const [first] = await enqueueMany(poll);
    const { counted, seen } = await passOf(loading);
    assert.deepEqual(
      [counted, seen],
      [60, ["ballots.load_support", "ballots.savepoint", "ballots.load"]],
    );
    const change = ballot(poll, { voter: first?.voter as VoterKey, revision: 1 });
    await enqueueMany(poll);
    await bench.enqueue(bench.producer(), batch([change]));
    const second = await passOf(loading);
    assert.deepEqual([second.counted, second.replaced], [60, 1]);
    const changed = ["ballots.insert", "ballots.lock", "ballots.replace"];
    assert.deepEqual(second.seen, ["ballots.savepoint", "ballots.load", ...changed]);
    await enqueueMany(poll, 3);
    assert.deepEqual((await passOf(loading)).seen, ["ballots.insert"]);
    assert.equal((await bench.totals(poll)).ballots, 123);
  });

  it("a flush takes a load with a known voter back, counts each voter once, and inserts the next time", async () => {
    const loading = newLoading();
    const poll = await bench.newPoll();
    const [first] = await enqueueMany(poll);
    await passOf(loading);
    await bench.enqueue(
      bench.producer(),
      batch([ballot(poll, { voter: first?.voter as VoterKey })]),
    );
    await enqueueMany(poll);
    const { counted, duplicates, seen } = await passOf(loading);
    assert.deepEqual([counted, duplicates], [60, 1]);
    assert.deepEqual(seen.slice(1, 4), ["ballots.load", "ballots.unload", "ballots.insert"]);
    await enqueueMany(poll);
    assert.deepEqual((await passOf(loading)).seen, ["ballots.insert"]);
    await enqueueMany(poll);
    assert.deepEqual((await passOf(loading)).seen, ["ballots.savepoint", "ballots.load"]);
    assert.equal((await bench.totals(poll)).ballots, 240);
  });

  it("a flush remembers that the server takes no loads, and logs it once", async () => {
    const logged: unknown[] = [];
    const log = { ...createLog("test", "silent"), info: (fields: unknown) => logged.push(fields) };
    const loading = new Loading(log as never);
    const poll = await bench.newPoll();
    for (let round = 0; round < 2; round++) {
      await enqueueMany(poll);
      const { counted, seen } = await passOf(loading, statement =>
        statement === "ballots.load" ? failed(3948) : undefined,
      );
      assert.equal(counted, 60);
      assert.equal(seen.includes("ballots.load"), round === 0);
    }
    assert.equal(logged.length, 1);
  });

  it("a load that waits for another transaction's row too long is not tried again in this pass", async () => {
    const poll = await bench.newPoll();
    await enqueueMany(poll);
    const { counted, seen } = await passOf(newLoading(), statement =>
      statement === "ballots.load" ? failed(1205) : undefined,
    );
    assert.equal(counted, 60);
    assert.equal(seen.filter(name => name === "ballots.load").length, 1);
    assert.ok(!seen.includes("ballots.unload"));
  });

  it("a load whose savepoint is gone fails the transaction, and the next pass counts each ballot once", async () => {
    const poll = await bench.newPoll();
    await enqueueMany(poll);
    const answers = new Map([
      ["ballots.load", failed(1180)],
      ["ballots.unload", failed(1305)],
    ]);
    await assert.rejects(
      passOf(newLoading(), statement => answers.get(statement)),
      error => isStoreFailure(error, "unavailable"),
    );
    assert.equal(await bench.count("ballots", `poll_id = ${poll}`), 0);
    assert.equal((await passOf(newLoading())).counted, 60);
  });

  it("a connection that is lost in a load rolls everything back, and the next pass counts each ballot once", async () => {
    const poll = await bench.newPoll();
    await enqueueMany(poll, 500);
    const flusher = bench.newFlusher({ store: proxied, loading: newLoading() });
    proxy.interceptRequests(request => {
      if (statementIn(request) === "ballots.load") proxy.cutAnswer(3);
    });
    await assert.rejects(flusher.pass(), error => isStoreFailure(error, "unavailable"));
    proxy.heal();
    assert.equal(await bench.count("ballots", `poll_id = ${poll}`), 0);
    assert.equal((await passOf(newLoading())).counted, 500);
    assert.equal((await bench.totals(poll)).ballots, 500);
  });
});

describe("a server that asks for a file", () => {
  const path = "/etc/hostname";
  const asks = Buffer.concat([Buffer.of(path.length + 1, 0, 0, 1, 0xfb), Buffer.from(path)]);

  it("a server that asks for a file in place of rows gets an empty one", async () => {
    const sent: Buffer[] = [];
    let asked = false;
    proxy.forgeAnswers(request => {
      if (asked) sent.push(request);
      if (!request.includes("test.asked")) return undefined;
      asked = true;
      return { bytes: asks };
    });
    const asking = proxied.rows<Row>("test.asked", "SELECT 1");
    asking.catch(() => {});
    while (sent.length === 0) await new Promise(resolve => setTimeout(resolve, 10));
    assert.deepEqual(sent[0], Buffer.of(0, 0, 0, 2));
    proxy.reset();
    await assert.rejects(asking, isStoreFailure);
  });

  it("a server can't ask a store that loads nothing", async () => {
    const plain = new Store({ url: bench.database.url, connectionsMax: 1, statementMs: 5_000 });
    await plain.transaction(async db => {
      const { outcome } = await loadBallots(db, ballotLoadOf([rowOf()]));
      assert.equal(outcome, "refused");
    });
    await plain.close();
  });
});
