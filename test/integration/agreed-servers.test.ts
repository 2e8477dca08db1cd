/** The agreed list of servers when MySQL goes back to an earlier state: the fleet keeps its list and step. */
import assert from "node:assert/strict";
import { after, beforeEach, describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { AgreedServers } from "#lib/fleet/agreed-servers.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { ServerList } from "#lib/model/server-list.ts";
import { Store } from "#lib/store/database.ts";
import { insertServerList, readServerLists, setServerStep } from "#lib/store/server-lists.ts";
import { testDatabase } from "#test/support/services.ts";

const { url } = await testDatabase();
const store = new Store({ url, connectionsMax: 2, statementMs: 10_000 });
after(() => store.close());
/** Nothing is sent to them. */
const client = new MemcachedClient({ host: "127.0.0.1", port: 1 });
after(() => client.close());
const before: ServerList = {
  version: 1,
  rule: "by_order",
  memcached: [client.name],
  queues: [client.name],
};
const newest: ServerList = { ...before, version: 2, rule: "rendezvous" };

function newProcess(): AgreedServers {
  const placement = new Placement([client], 1);
  const configured = { memcached: [client.name], queues: [client.name] };
  return new AgreedServers({ store, log: createLog("test", "silent"), placement, configured });
}

/** What MySQL has: versions and the newest one's step. */
async function stored(): Promise<string> {
  const lists = await readServerLists(store);
  return `${lists?.old?.version ?? "none"} to ${lists?.newest.version}, ${lists?.step}`;
}

describe("the agreed list of servers after MySQL went back", { concurrency: false }, () => {
  beforeEach(async () => {
    await store.write("test.empty", "DELETE FROM server_lists");
    await insertServerList(store, before, "settled");
    await insertServerList(store, newest, "switching");
  });

  it("MySQL that lacks a step gets it again from a process that has taken it", async () => {
    const agreed = newProcess();
    await agreed.take();
    await setServerStep(store, 2, "joining");
    await agreed.take();
    assert.equal(await stored(), "1 to 2, switching");
    assert.equal(agreed.lists.step, "switching");
  });

  for (const [what, lost] of [
    ["the newest list gets it again, with its step", "version = 2"],
    ["every list gets the fleet's again before a process makes a first one", "version > 0"],
  ]) {
    it(`MySQL that lacks ${what}`, async () => {
      const agreed = newProcess();
      await agreed.take();
      await store.write("test.back", `DELETE FROM server_lists WHERE ${lost}`);
      await agreed.take();
      assert.equal(await stored(), "1 to 2, switching");
    });
  }
});
