/** `Store` over a dead connection: every statement fails in time. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
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
