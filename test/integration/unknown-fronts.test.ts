/**
 * Fronts that accepted ballots and have no row in MySQL: of release 0.2.0, or known once and forgotten since. What
 * waits for the first must not wait for the others.
 */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { DAY, MINUTE, SECOND } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { Fronts } from "#lib/fleet/fronts.ts";
import type { PollId, Slug } from "#lib/model/ids.ts";
import { addArrived } from "#lib/store/acceptances.ts";
import { insertBatches } from "#lib/store/batches.ts";
import { registerProcess } from "#lib/store/fleet-processes.ts";
import { countUnknownFronts } from "#lib/store/front-rows.ts";
import { finalizePoll } from "#lib/store/poll-changes.ts";
import { insertServerList, oldFrontsMayRun } from "#lib/store/server-lists.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";

const { store, newPoll } = await startFlushBench();
const goneMs = 10 * MINUTE;
const fronts = new Fronts({
  store,
  log: createLog("test", "silent"),
  goneMs,
  self: "00".repeat(8),
});
const front = "0123456789abcdef";
const producer = Buffer.from(front, "hex");
const epoch = "epochoftests" as Parameters<typeof insertBatches>[1];

let poll: PollId;

beforeEach(async () => {
  for (const table of ["processes", "acceptances", "batches", "server_lists"]) {
    await store.write("test.empty", `DELETE FROM ${table}`);
  }
  poll = await newPoll();
  await addArrived(store, [{ pollId: poll, producer, ballots: 3 }]);
});

/** A front of this release that ended so long ago. */
async function endedFront(agoMs: number): Promise<void> {
  const identity = { id: front, role: "front", home: 0, homes: 1, machine: "m", pid: 1 } as const;
  const rest = { pidSpace: "s", version: "1", settings: {}, serverStep: undefined };
  const state = { heldSinceMs: Date.now(), clockAheadMs: 0 };
  await registerProcess(store, { ...identity, ...rest }, { ...state, ...rest });
  const endedAt = new Date(Date.now() - agoMs);
  await store.write("test.ended", "UPDATE processes SET ended_at = ?", [endedAt]);
}

describe("pruneProcesses", () => {
  it("a front that ended long ago is kept while a poll with its ballots is not final, and no result waits for it", async () => {
    await endedFront(100 * DAY);
    await fronts.prune();
    assert.equal(await countUnknownFronts(store, poll), 0);
    const nowMs = Date.now();
    const closed = { id: poll, slug: "poll" as Slug, closesAtMs: nowMs - MINUTE };
    assert.equal(await fronts.waitingFor(closed, nowMs, nowMs), undefined);
    await finalizePoll(store, poll, nowMs);
    await fronts.prune();
    assert.deepEqual(await store.rows("test.rows", "SELECT id FROM processes"), []);
  });

  it("a front that ended long ago and accepted nothing is forgotten", async () => {
    await endedFront(100 * DAY);
    await store.write("test.empty", "DELETE FROM acceptances");
    await fronts.prune();
    assert.deepEqual(await store.rows("test.rows", "SELECT id FROM processes"), []);
  });
});

describe("oldFrontsMayRun", () => {
  const mayRun = () => oldFrontsMayRun(store, goneMs / SECOND);
  const list = { version: 1, rule: "by_order", memcached: ["a:1"], queues: ["a:1"] } as const;
  const firstList = async (agoMs: number) => {
    await insertServerList(store, list, "settled");
    const changedAt = new Date(Date.now() - agoMs);
    await store.write("test.list", "UPDATE server_lists SET changed_at = ?", [changedAt]);
  };
  const batchOf = (id: string, agoMs: number) => {
    const batch = { id: Buffer.from(`${id}00000001`, "hex"), slot: 1, ballots: 3 };
    return insertBatches(store, epoch, [batch], Date.now() - agoMs);
  };

  it("a change of servers does not wait for an unknown front whose last batch came long ago", async () => {
    await firstList(DAY);
    await batchOf(front, goneMs + MINUTE);
    assert.equal(await mayRun(), false);
  });

  it("a change of servers waits while batches of an unknown front arrive", async () => {
    await firstList(DAY);
    await batchOf(front, MINUTE);
    assert.equal(await mayRun(), true);
  });

  it("a change of servers waits after the first start of this release: older fronts may be idle", async () => {
    await firstList(MINUTE);
    assert.equal(await mayRun(), true);
    await store.write("test.final", "UPDATE polls SET finalized_at = NOW(3)");
    assert.equal(await mayRun(), false);
    await store.write("test.open", "UPDATE polls SET finalized_at = NULL");
  });

  it("a change of servers does not wait for a front that has a row, whatever it sends", async () => {
    await firstList(MINUTE);
    await endedFront(0);
    await batchOf(front, MINUTE);
    assert.equal(await mayRun(), false);
  });
});
