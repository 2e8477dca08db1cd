/**
 * Random sequences of the product's store functions, for the comparison of the fake MySQL with a real one: each
 * operation gives what it saw, in a form that doesn't depend on the server's clock.
 */
import fc from "fast-check";
import type {
  BallotId,
  BatchId,
  Epoch,
  OptionNumber,
  PollId,
  PollKey,
  QueueName,
  Slug,
  VoterKey,
} from "#lib/model/ids.ts";
import { defaultRules } from "#lib/model/poll-rules.ts";
import { partOf } from "#lib/model/tally-parts.ts";
import {
  addArrived,
  missingAcceptances,
  raiseAccepted,
  sumAcceptances,
} from "#lib/store/acceptances.ts";
import * as ballots from "#lib/store/ballots.ts";
import { insertBatches, knownBatches, pruneBatches } from "#lib/store/batches.ts";
import * as checkpoints from "#lib/store/checkpoints.ts";
import type { Database } from "#lib/store/database.ts";
import * as letters from "#lib/store/dead-letters.ts";
import * as fleet from "#lib/store/fleet-processes.ts";
import * as fronts from "#lib/store/front-rows.ts";
import { ballotLoadOf, loadBallots } from "#lib/store/load-ballots.ts";
import { lockPolls } from "#lib/store/locked-polls.ts";
import { finalizePoll, insertPoll, noteSecret } from "#lib/store/poll-changes.ts";
import { listedPolls } from "#lib/store/poll-lists.ts";
import * as polls from "#lib/store/polls.ts";
import { completeReopenings, reopeningsOf } from "#lib/store/reopenings.ts";
import { lastRestore } from "#lib/store/restores.ts";
import { oldFrontsMayRun } from "#lib/store/server-lists.ts";
import {
  addToTotals,
  readOutcomes,
  readTotals,
  replaceTotals,
  setLost,
} from "#lib/store/totals.ts";

export type Operation = (db: Database) => Promise<unknown>;

const baseMs = Date.UTC(2026, 10, 27, 18);
const smallMs = fc.nat(9).map(n => baseMs + n);
const epoch = fc.constantFrom("aaaaaaaaaaaa", "bbbbbbbbbbbb") as fc.Arbitrary<Epoch>;
const queue = fc.constantFrom("normal.0", "high.1") as fc.Arbitrary<QueueName>;
const slot = fc.nat(5);
const pollId = fc.integer({ min: 1, max: 3 }) as fc.Arbitrary<PollId>;
const pollKey = fc.constantFrom(
  "2",
  "18446744073709551614",
  "18446744073709551615",
) as fc.Arbitrary<PollKey>;
const voter = fc.nat(3).map(n => String(n).repeat(32) as VoterKey);
const batchId = fc.nat(3).map(n => Buffer.alloc(12, n + 1) as BatchId);
const producer = fc.nat(1).map(n => Buffer.alloc(8, 0x11 * (n + 1)));
const slug = fc.constantFrom("a", "b", "c") as fc.Arbitrary<Slug>;
const processId = fc.constantFrom("11".repeat(8), "22".repeat(8));

const row = fc.record<ballots.BallotRow>({
  pollId,
  voter,
  ballotId: fc.nat(3).map(n => String(n + 4).repeat(32) as BallotId),
  batchId,
  revision: fc.nat(2),
  choices: fc.uint8Array({ maxLength: 2 }),
  receivedAtMs: smallMs,
});
const rows = fc
  .uniqueArray(row, {
    minLength: 1,
    maxLength: 3,
    selector: ({ pollId: id, voter: by }) => `${id}:${by}`,
  })
  .map(all => all.sort((a, b) => a.pollId - b.pollId || (a.voter < b.voter ? -1 : 1)));

const content = fc.record({
  slug,
  key: fc.option(pollKey),
  opensAtMs: fc.option(smallMs),
  closesAtMs: fc.option(smallMs),
  kind: fc.constantFrom("choice" as const, "ranked" as const),
});

/** Sorted, because MySQL promises no order without ORDER BY. */
function sorted(value: unknown): unknown {
  if (value instanceof Map) return [...value].map(each => JSON.stringify(each, plain)).sort();
  if (value instanceof Set) return [...value].map(each => JSON.stringify(each, plain)).sort();
  if (Array.isArray(value)) return value.map(each => JSON.stringify(each, plain)).sort();
  return value;
}

function plain(_: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return sorted(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value;
}

const does = <T>(arbitrary: fc.Arbitrary<T>, run: (value: T, db: Database) => Promise<unknown>) =>
  arbitrary.map(
    (value): Operation =>
      async db =>
        JSON.stringify(sorted(await run(value, db)), plain) ?? "done",
  );

const entries = fc.array(fc.record({ pollId, producer, ballots: fc.nat(5) }), {
  minLength: 1,
  maxLength: 2,
});
const totals = fc.record({
  poll: pollId,
  ballots: fc.integer({ min: -2, max: 5 }),
  part: fc.integer({ min: 1, max: 2 }),
});

const ofQueues = [
  does(fc.record({ epoch, queue, slot }), (it, db) =>
    checkpoints.openCheckpoint(db, { ...it, server: "m:1" }, baseMs),
  ),
  does(epoch, (it, db) => checkpoints.readCheckpoint(db, it)),
  does(fc.constant(0), (_, db) => checkpoints.openCheckpoints(db)),
  does(fc.constant(0), async (_, db) => (await checkpoints.readProgress(db)).open),
  does(epoch, (it, db) => checkpoints.lockCheckpoint(db, it)),
  does(fc.record({ epoch, from: slot, to: slot }), ({ epoch: it, ...move }, db) =>
    checkpoints.skipCheckpoint(db, it, move, baseMs),
  ),
  does(fc.record({ epoch, to: slot, deleted: slot, missing: slot }), ({ epoch: it, ...move }, db) =>
    checkpoints.moveCheckpoint(db, it, move, baseMs),
  ),
  does(epoch, (it, db) => checkpoints.closeCheckpoint(db, it, baseMs)),
  does(fc.record({ epoch, id: batchId, slot }), (it, db) =>
    insertBatches(db, it.epoch, [{ ...it, ballots: 1 }], baseMs),
  ),
  does(fc.array(batchId, { minLength: 1, maxLength: 3 }), (it, db) => knownBatches(db, it)),
  does(smallMs, (it, db) => pruneBatches(db, it, 1)),
];

const ofBallots = [
  does(rows, (it, db) => ballots.insertBallots(it)(db)),
  does(rows, (it, db) => loadBallots(db, ballotLoadOf(it))),
  does(rows, (it, db) => ballots.replaceBallots(db, it)),
  does(rows, (it, db) => ballots.lockBallots(db, it)),
  does(fc.record({ pollId, voter }), (it, db) => ballots.ballotsAfter(db, it.pollId, it.voter, 2)),
  does(fc.record({ pollId, voter }), (it, db) =>
    ballots.votersWithBallots(db, it.pollId, [it.voter]),
  ),
  does(pollId, (it, db) => ballots.countChoices(db, it)),
  does(entries, (it, db) => raiseAccepted(db, it)),
  does(fc.record({ pollId, pollKey, producer, ballots: fc.nat(5) }), (it, db) =>
    raiseAccepted(db, [it]),
  ),
  does(entries, (it, db) => addArrived(db, it)),
  does(pollId, (it, db) => sumAcceptances(db, [it])),
  does(
    fc.record({ before: fc.option(pollId, { nil: undefined }), max: fc.constantFrom(1, 9) }),
    (it, db) => missingAcceptances(db, it.before, it.max),
  ),
];

const noOthers = { duplicates: 1, repeated: 0, replaced: 0, withdrawn: 0, setAside: 2 };

const ofPolls = [
  does(content, async (it, db) => {
    const options = [1, 2].map(number => ({ number: number as never, label: `${number}` }));
    const rest = { question: "?", description: "", choicesMin: 1, choicesMax: 1, language: null };
    const id = await insertPoll(db, { ...defaultRules, ...rest, ...it, options }, baseMs);
    return typeof id;
  }),
  does(slug, async (it, db) => (await polls.findPoll(db, it))?.question),
  does(slug, async (it, db) => (await polls.pollsBySlug(db, [it])).map(poll => poll.version)),
  does(fc.constant(0), (_, db) => lastRestore(db)),
  does(fc.constantFrom("x", "y"), (it, db) => noteSecret(db, it, baseMs)),
  does(fc.constant(0), (_, db) => polls.secretsInUse(db)),
  does(fc.record({ ids: fc.array(pollId, { maxLength: 2 }) }), ({ ids }, db) =>
    polls.pollsById(db, ids),
  ),
  does(smallMs, async (it, db) => (await polls.closingPolls(db, it)).map(poll => poll.slug)),
  does(smallMs, async (it, db) => (await polls.countingPolls(db, it)).map(poll => poll.slug)),
  does(fc.record({ a: smallMs, b: smallMs }), async (it, db) =>
    (await polls.rankedPolls(db, it.a, it.b)).map(poll => poll.slug),
  ),
  does(fc.option(pollId, { nil: undefined }), async (it, db) =>
    (await polls.finalRankedPolls(db, it, 1)).map(poll => poll.slug),
  ),
  does(smallMs, async (it, db) => (await polls.pollsChangedSince(db, it)).map(poll => poll.slug)),
  does(fc.record({ a: smallMs, b: smallMs }), async (it, db) =>
    (await polls.pollsToCompare(db, it.a, it.b)).map(poll => poll.slug),
  ),
  does(fc.record({ a: smallMs, b: smallMs }), async (it, db) =>
    (await listedPolls(db, it.a, it.b, 2)).map(poll => poll.slug),
  ),
  does(pollId, (it, db) => lockPolls(db, [it])),
  does(slug, async (it, db) => (await polls.lockPoll(db, it))?.version),
  does(fc.record({ pollId, at: smallMs }), (it, db) => finalizePoll(db, it.pollId, it.at)),
  does(pollId, (it, db) => completeReopenings(db, it, baseMs)),
  does(pollId, (it, db) => reopeningsOf(db, [it])),
  does(totals, async ({ poll, part, ballots: count }, db) => {
    const known = (await readTotals(db, [poll])).has(poll);
    const votes = new Map([[partOf(part as OptionNumber, 0), count]]);
    if (known) await addToTotals(db, new Map([[poll, { ...noOthers, ballots: count, votes }]]));
  }),
  does(pollId, (it, db) => readTotals(db, [it])),
  does(pollId, (it, db) => readOutcomes(db, [it])),
  does(fc.record({ pollId, lost: fc.nat(3) }), (it, db) => setLost(db, it.pollId, it.lost)),
  does(pollId, async (it, db) => {
    if ((await readTotals(db, [it])).has(it))
      await replaceTotals(db, it, { ballots: 3, votes: new Map() });
  }),
];

const withoutIds = (found: readonly { readonly bytes: Buffer }[]) =>
  found.map(({ bytes }) => bytes);
const state = { heldSinceMs: baseMs, clockAheadMs: 3 };

const ofOthers = [
  does(fc.record({ epoch, pollId: fc.option(pollId, { nil: undefined }), slot }), (it, db) => {
    const letter = {
      ...it,
      reason: letters.refusedAsFinal,
      bytes: Buffer.from([it.slot]),
      ballots: it.slot,
    };
    return letters.insertDeadLetters(db, it.epoch, [letter], baseMs);
  }),
  does(fc.constant(0), (_, db) => letters.countOpenLetters(db)),
  does(fc.constant(0), async (_, db) => [...(await letters.newestDeadLetters(db)).keys()]),
  does(pollId, async (it, db) => withoutIds(await letters.deadLettersAfter(db, it, 0, 3))),
  does(pollId, async (it, db) => withoutIds(await letters.lettersRefusedAsFinal(db, it, 0, 3))),
  does(processId, (id, db) =>
    fleet.registerProcess(
      db,
      {
        id,
        role: id.startsWith("1") ? "front" : "worker",
        home: id.startsWith("1") ? 4 : undefined,
        homes: 2,
        machine: "m",
        pid: 1,
        pidSpace: "s",
        version: "1",
        settings: {},
      },
      { ...state, settings: {}, serverStep: undefined },
    ),
  ),
  does(processId, (id, db) => fleet.endProcesses(db, [id])),
  does(fc.constant(0), async (_, db) => (await fleet.listProcesses(db, 1_000)).map(({ id }) => id)),
  does(fc.constant(0), async (_, db) => (await fronts.processesIn(db, "s")).map(({ id }) => id)),
  does(fc.constant(0), async (_, db) => (await fleet.readSharedState(db)).homes),
  does(fc.constant(0), (_, db) => fleet.settingsOfFronts(db)),
  does(smallMs, async (it, db) => (await fronts.frontsBefore(db, it, baseMs)).map(({ id }) => id)),
  does(pollId, (it, db) => fronts.countUnknownFronts(db, it)),
  does(fc.constant(0), async (_, db) => (await fronts.noteMissingFronts(db, 1_000, 1_000)).length),
  does(processId, (id, db) => fronts.declareGone(db, id, 60_000)),
  // Also those that ended just now.
  does(fc.constant(-1), (days, db) => fleet.pruneProcesses(db, days)),
  does(fc.constantFrom(60, 1e9), (seconds, db) => oldFrontsMayRun(db, seconds)),
];

/** Operations of one subject each, so that they meet each other's rows; the last has all. */
export const subjects: readonly fc.Arbitrary<Operation>[] = [
  fc.oneof(...ofQueues),
  fc.oneof(...ofBallots),
  fc.oneof(...ofPolls),
  fc.oneof(...ofOthers),
  fc.oneof(...ofQueues, ...ofBallots, ...ofPolls, ...ofOthers),
];
