/** A queue, a database and a flusher in one process, for tests that look at single slots. */
import { randomBytes, randomUUID } from "node:crypto";
import { after } from "node:test";
import { createLog } from "#lib/base/log.ts";
import type { FlushDeps } from "#lib/flush/deps.ts";
import { Flusher } from "#lib/flush/flusher.ts";
import { Loading } from "#lib/flush/loading.ts";
import { RecentBatches } from "#lib/flush/recent-batches.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Ballot, Batch } from "#lib/model/ballot.ts";
import { ballotIdOf } from "#lib/model/ballot-id.ts";
import type { BatchId, OptionNumber, PollId, PollKey, Slug, VoterKey } from "#lib/model/ids.ts";
import type { Lane } from "#lib/model/lane.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { defaultRules } from "#lib/model/poll-rules.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { QueueHomes } from "#lib/queue/queue-homes.ts";
import { queueName } from "#lib/queue/queue-names.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { type Row, Store } from "#lib/store/database.ts";
import { insertPoll } from "#lib/store/poll-changes.ts";
import { moveTallies } from "#lib/tallies/counters.ts";
import { testClient, testDatabase, testMemcached } from "./services.ts";

export const optionCount = 4;

/** A ballot of some voter for a poll whose number is its poll key, as `newPoll` makes them. */
export function ballot(
  pollId: PollId,
  change: Partial<Ballot> = {},
): Ballot & { readonly pollKey: PollKey } {
  return {
    pollId,
    pollKey: keyOfId(pollId),
    voter: randomBytes(16).toString("hex") as VoterKey,
    ballotId: ballotIdOf(randomUUID()),
    receivedAtMs: Date.now(),
    revision: 0,
    choices: Uint8Array.of(1),
    kind: "choice",
    tallied: true,
    ...change,
  };
}

export function batch(ballots: readonly Ballot[], change: Partial<Batch> = {}): Batch {
  return { id: randomBytes(12) as BatchId, ballots, talliesDoubtful: false, ...change };
}

export async function startFlushBench(
  options: Partial<FlushDeps> = {},
  servers: { readonly memoryMb?: number; readonly databaseOptions?: readonly string[] } = {},
) {
  const memcached = await testMemcached(servers.memoryMb ? { memoryMb: servers.memoryMb } : {});
  const database = await testDatabase({ options: servers.databaseOptions ?? [] });
  const store = new Store({
    url: database.url,
    connectionsMax: 8,
    statementMs: 10_000,
    localLoads: true,
  });
  const client = testClient(memcached.port);
  const placement = new Placement([client], 1);
  const log = createLog("test", "silent");
  const corrections: Parameters<FlushDeps["correctTallies"]>[] = [];
  const deps: FlushDeps = {
    store,
    clock: { nowMs: Date.now },
    log,
    recent: new RecentBatches(),
    loading: new Loading(log),
    graceMs: 300,
    keep: { keepMs: 0, keepMarginMs: 0 },
    ballotsPerCommit: 10_000,
    relief: { reliefSize: 0, reliefChance: 0 },
    committed: () => {},
    onSetback: () => {},
    onGonePoll: () => {},
    correctTallies: async (...args) => {
      corrections.push(args);
      await moveTallies(placement, args[0]);
    },
    ...options,
  };
  after(async () => {
    client.close();
    await store.close();
  });
  let polls = 0;
  return {
    memcached,
    database,
    store,
    client,
    corrections,
    deps,
    newFlusher: (change: Partial<FlushDeps> = {}) =>
      new Flusher(
        { ...deps, recent: new RecentBatches(), ...change },
        placement,
        new QueueHomes(4),
        1,
      ),
    newPoll: () =>
      insertPoll(
        store,
        {
          key: null,
          slug: `poll-${++polls}` as Slug,
          question: "Yes?",
          description: "",
          choicesMin: 1,
          choicesMax: 2,
          opensAtMs: 1,
          closesAtMs: null,
          language: null,
          ...defaultRules,
          options: Array.from({ length: optionCount }, (_, i) => ({
            number: (i + 1) as OptionNumber,
            label: `Option ${i + 1}`,
          })),
        },
        Date.now(),
      ),
    producer: (home = 0, lane: Lane = "normal") => new QueueProducer(queueName(lane, home), client),
    /** Writes one slot and returns its ticket. When a stall made a ticket stale, takes another, as a front does. */
    enqueue: async (producer: QueueProducer, bytes: Batch | Buffer) => {
      const encoded = Buffer.isBuffer(bytes) ? bytes : encodeBatch(bytes);
      for (;;) {
        const ticket = await producer.waitForLock(await producer.takeTicket());
        const { outcome } = await producer.write(ticket, encoded);
        if (outcome === "written") return ticket;
        if (outcome !== "stale") throw new Error(`not written: ${outcome}`);
      }
    },
    /** Ballots, duplicates and votes by option, from MySQL's totals. */
    totals: async (poll: PollId) => {
      const rows = await store.rows<Row & { ballots: number; duplicates: number }>(
        "test.totals",
        "SELECT ballots, duplicates FROM poll_totals WHERE poll_id = ?",
        [poll],
      );
      const votes = await store.rows<Row & { votes: number }>(
        "test.votes",
        "SELECT votes FROM option_totals WHERE poll_id = ? ORDER BY option_number",
        [poll],
      );
      return {
        ballots: Number(rows[0]?.ballots),
        duplicates: Number(rows[0]?.duplicates),
        votes: votes.map(row => Number(row.votes)),
      };
    },
    count: async (table: string, where = "1 = 1") => {
      const rows = await store.rows<Row & { n: number }>(
        "test.count",
        `SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`,
      );
      return Number(rows[0]?.n);
    },
  };
}
