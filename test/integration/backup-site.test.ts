/** What a restore does to a site's id and to its list of servers: those of processes that run, or may run, stay. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { AgreedServers } from "#lib/fleet/agreed-servers.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { ServerList } from "#lib/model/server-list.ts";
import { Store } from "#lib/store/database.ts";
import { readSharedState } from "#lib/store/fleet-processes.ts";
import { insertServerList, readServerLists } from "#lib/store/server-lists.ts";
import { backupOf, restoreInto } from "#test/support/backups.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { testDatabase } from "#test/support/services.ts";

const bench = await startFlushBench();
const { store, client } = bench;
const list = (version: number): ServerList => ({
  version,
  rule: "rendezvous",
  memcached: [client.name],
  queues: [client.name],
});

await bench.newPoll();
await store.write("test.site", "UPDATE site SET site_id = 'id of the backup'");
await insertServerList(store, list(2), "settled");
const backup = await backupOf(store);

async function anotherDatabase(schema: "empty" | "migrated"): Promise<Store> {
  const { url } = await testDatabase({}, schema);
  const other = new Store({ url, connectionsMax: 2, statementMs: 30_000 });
  after(() => other.close());
  return other;
}

const siteIdOf = async (of: Store) => (await readSharedState(of)).siteId;
const versionIn = async (of: Store) => (await readServerLists(of))?.newest.version;

const newPlacement = () => new Placement([client], 1);

/** A process of the site; with a new placement, one that starts. */
function newProcess(of: Store, placement = newPlacement()): AgreedServers {
  const names = [client.name];
  return new AgreedServers({
    ...{ store: of, log: createLog("test", "silent") },
    placement,
    configured: { memcached: names, queues: names },
  });
}

function addProcess(of: Store) {
  return of.write(
    "test.process",
    `INSERT INTO processes SET id = 'a front!', role = 'front', home = 0, homes = 1, machine = 'm', pid_space = '', pid = 1,
       version = '0', settings = '{}', started_at = NOW(3), seen_at = NOW(3), clock_ahead_ms = 0`,
  );
}

describe("the list of servers when a backup is restored", { concurrency: false }, () => {
  it("a restore leaves the list of the site as it is", async () => {
    await insertServerList(store, list(3), "settled");
    await restoreInto(store, backup);
    assert.equal(await versionIn(store), 3);
  });

  it("an empty database gets no list from a backup, and a process that runs writes its own", async () => {
    const empty = await anotherDatabase("empty");
    const placement = newPlacement();
    await newProcess(store, placement).take();
    await restoreInto(empty, backup);
    assert.equal(await versionIn(empty), undefined);
    await newProcess(empty, placement).take();
    assert.equal(await versionIn(empty), 3);
  });

  it("the first process after a restore into an empty database takes the list that memcached has", async () => {
    const empty = await anotherDatabase("empty");
    const before = newProcess(store);
    await before.take();
    await before.publish();
    await restoreInto(empty, backup);
    const command = newProcess(empty);
    await command.take();
    assert.deepEqual([command.lists.newest.version, command.lists.newest.rule], [3, "rendezvous"]);
    assert.equal(await versionIn(empty), undefined, "a command writes no list");
    const first = newProcess(empty);
    await first.join();
    assert.deepEqual([await versionIn(empty), first.taken], [3, "3:settled"]);
  });

  it("a new site makes its first list, whatever list memcached has", async () => {
    const fresh = await anotherDatabase("migrated");
    const first = newProcess(fresh);
    await first.join();
    assert.equal(await versionIn(fresh), 1);
  });
});

describe("the site's id when a backup is restored", { concurrency: false }, () => {
  it("an empty database becomes that of the backup's site, also when it was migrated before", async () => {
    for (const schema of ["empty", "migrated"] as const) {
      const other = await anotherDatabase(schema);
      await restoreInto(other, backup);
      assert.equal(await siteIdOf(other), "id of the backup", schema);
    }
  });

  it("a database with polls, or that processes have run with, keeps its site's id", async () => {
    await store.write("test.site", "UPDATE site SET site_id = 'id of the site'");
    await restoreInto(store, backup);
    assert.equal(await siteIdOf(store), "id of the site");
    const used = await anotherDatabase("migrated");
    await addProcess(used);
    const before = await siteIdOf(used);
    await restoreInto(used, backup);
    assert.equal(await siteIdOf(used), before);
  });
});
