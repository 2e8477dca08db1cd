/** `Store` over connections that are dead, or not set up: every statement fails in time, or is not sent. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { type Row, Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { answerStatements, failed } from "#test/support/mysql-errors.ts";
import { testDatabase } from "#test/support/services.ts";

const statementMs = 1_500;
/** For a machine that stands still at times. */
const patienceMs = 3 * SECOND;

const database = await testDatabase();
const proxy = await FaultProxy.start({
  host: "127.0.0.1",
  port: Number(new URL(database.url).port),
});
after(() => proxy.stop());

function newStore(): Store {
  const url = new URL(database.url);
  url.port = String(proxy.port);
  return new Store({ url: url.href, connectionsMax: 1, statementMs });
}

describe("a connection to MySQL that goes silent", () => {
  for (const [when, request] of [
    ["before a connection is set up", "SET SESSION"],
    ["while a statement is under way", "SELECT 1"],
    ["at the end of a transaction", "*/ COMMIT"],
  ] as const) {
    it(`${when} fails the statement when its time is over`, async () => {
      const store = newStore();
      proxy.interceptRequests(bytes => {
        if (bytes.includes(request)) proxy.stall();
      });
      const answer = store.transaction(db => db.rows("test.one", "SELECT 1"));
      const failure = await Promise.race([
        answer.catch((error: unknown) => error),
        sleep(statementMs + patienceMs).then(() => "still waiting"),
      ]);
      assert.ok(isStoreFailure(failure), String(failure));
      assert.equal(failure.kind, request.endsWith("COMMIT") ? "commit_unknown" : "unavailable");
      proxy.heal();
      assert.equal((await store.rows("test.two", "SELECT 2")).length, 1);
      await store.close();
    });
  }
});

describe("a connection whose session can't be set up", () => {
  it("executes no statement, and another connection takes its place", async () => {
    const store = newStore();
    const seen: (string | undefined)[] = [];
    let failures = 1;
    answerStatements(proxy, statement => {
      seen.push(statement);
      return statement.startsWith("SET SESSION time_zone") && failures-- > 0
        ? failed(1264)
        : undefined;
    });
    const rows = () => store.rows<Row & { zone: string }>("test.zone", "SELECT @@time_zone zone");
    await assert.rejects(rows(), error => isStoreFailure(error, "unavailable"));
    assert.ok(!seen.includes("test.zone"));
    assert.equal((await rows())[0]?.zone, "+00:00");
    await store.close();
    proxy.heal();
  });
});
