/**
 * Settles batches in MySQL: the steps that every transaction with ballots has in common. Its callers open
 * the transaction and add what is their own: `transaction.ts` for slots, `direct.ts` for a front's batch,
 * `redrive.ts` for a dead letter.
 *
 * Order of locks, the same for all of them: the caller's own row (a checkpoint, a dead letter) · batches ·
 * polls (shared) · ballots · totals · acceptances. Rows of one table are locked in the order of their keys.
 *
 * Invariant: the transaction that brings a batch's ballots records the batch's id, so a batch is settled once.
 * Invariant: only ballots that this transaction inserted or put in the place of others are added to the
 *   totals.
 * Invariant: a ballot that moved the tallies and does not become a row is taken off them by this verdict: a
 *   duplicate, a refused ballot, and every ballot of a batch that is set aside. Batches that are set aside are
 *   recorded like the others, so it is taken off once. Should the process die before it has written the
 *   corrections, the comparison of tallies with totals finds the difference (`rebuild/reconcile.ts`).
 * Invariant: a ballot whose poll does not exist changes nothing of the poll that has its number now: neither rows nor
 *   books. It becomes a dead letter of no poll, and is taken off the tallies of its own poll key.
 */
import type { Ballot, Batch } from "../model/ballot.ts";
import { type BatchId, type Epoch, type PollId, producerBytes } from "../model/ids.ts";
import { encodeBatch } from "../queue/slot-codec.ts";
import { type Acceptance, addArrived } from "../store/acceptances.ts";
import { insertBatches, knownBatches } from "../store/batches.ts";
import type { Database } from "../store/database.ts";
import type { DeadLetter } from "../store/dead-letters.ts";
import { type LockedPoll, lockPolls } from "../store/locked-polls.ts";
import { addToTotals } from "../store/totals.ts";
import { type Arrival, countedFate, type Fate, isBallotOf } from "./fates.ts";
import { type InsertOptions, insertArrivals } from "./insert-ballots.ts";
import { tallyCorrections, type Verdict } from "./tally-corrections.ts";

export interface SlotBatch {
  readonly slot: number;
  readonly batch: Batch;
  /** Written to the rows in place of the batch's own id, and recorded beside it. */
  readonly rowsId?: BatchId;
}

export interface SettleOptions extends InsertOptions {
  /** Recorded with the batches: the queue's epoch, or a word for another origin. */
  readonly epoch: Epoch;
  readonly nowMs: number;
  /** The reason to refuse a ballot, if there is one. What it throws rolls everything back. */
  readonly refusal: (ballot: Ballot, polls: ReadonlyMap<PollId, LockedPoll>) => string | undefined;
  /** Refused ballots become the caller's dead letters, or never enter the books. */
  readonly refused: "set-aside" | "dropped";
  /**
   * The voters were told that their ballots are accepted. Otherwise, a ballot that does not stand is
   * refused in the answer to its voter and never enters the books.
   */
  readonly accepted: boolean;
  /** The ballots come out of a dead letter, so the books have them already, as set aside. */
  readonly wasSetAside?: boolean;
}

export interface RefusedBallot {
  readonly arrival: Arrival;
  /** Its poll does not exist, so it is in no poll's books. */
  readonly homeless: boolean;
  readonly reason: string;
}

export interface Settlement {
  /** Batches that were new to MySQL. */
  readonly fresh: readonly SlotBatch[];
  /** Batches that MySQL had from elsewhere: a second copy, a replay, a repeated write. */
  readonly repeated: readonly SlotBatch[];
  /** Ballots of the new batches that were not refused. */
  readonly arrivals: readonly Arrival[];
  readonly refused: readonly RefusedBallot[];
  readonly fateOf: (arrival: Arrival) => Fate;
  readonly verdict: Verdict;
}

/** @throws StoreFailure. `duplicate`: another transaction is committing one of the batches; run again. */
export async function settle(
  db: Database,
  batches: readonly SlotBatch[],
  options: SettleOptions,
): Promise<Settlement> {
  const { refusal, accepted, wasSetAside = false } = options;
  const { fresh, repeated } = withoutKnown(batches, options.epoch, await known(db, batches));
  await recordBatches(db, fresh, options);
  const polls = await lockPolls(db, [...pollsOf(fresh.map(({ batch }) => batch))]);
  const { arrivals, refused } = refuse(fresh, polls, ballot => refusal(ballot, polls));
  const found = await insertArrivals(db, arrivals, accepted, options);
  const fateOf = (arrival: Arrival) => found.get(arrival) ?? countedFate;
  const dropped = options.refused === "dropped" ? refused.map(ballotOf) : [];
  const turnedAway = accepted ? [] : arrivals.filter(each => !stands(fateOf(each)));
  const homeless = refused.filter(each => each.homeless).map(ballotOf);
  const unbooked = new Set([...dropped, ...homeless, ...turnedAway.map(({ ballot }) => ballot)]);
  const booked = arrivals.filter(({ ballot }) => !unbooked.has(ballot));
  const verdict = tallyCorrections(booked, fateOf, {
    setAside: options.refused === "set-aside" ? refused.map(ballotOf) : [],
    unbooked,
    wasSetAside: wasSetAside ? booked.map(({ ballot }) => ballot) : [],
  });
  await addToTotals(db, verdict.totals);
  const arrived = fresh.map(({ batch }) => batch);
  await addArrived(db, wasSetAside ? [] : acceptancesOf(arrived, unbooked));
  return { fresh, repeated, arrivals, refused, fateOf, verdict };
}

/** A dead letter for one refused ballot, which is encoded again as a slot of its own. */
export function deadLetterOf({
  arrival: { slot, batchId, ballot },
  homeless,
  reason,
}: RefusedBallot): DeadLetter {
  const bytes = encodeBatch({ id: batchId, ballots: [ballot], talliesDoubtful: false });
  return { pollId: homeless ? undefined : ballot.pollId, slot, reason, bytes, ballots: 1 };
}

const hex = (bytes: Buffer): string => bytes.toString("hex");

const ballotOf = ({ arrival }: RefusedBallot): Ballot => arrival.ballot;

const stands = ({ fate }: Fate): boolean => fate !== "duplicate" && fate !== "replaced";

type KnownBatches = Awaited<ReturnType<typeof knownBatches>>;

function known(db: Database, batches: readonly SlotBatch[]): Promise<KnownBatches> {
  return knownBatches(
    db,
    batches.map(({ batch }) => batch.id),
  );
}

function recordBatches(
  db: Database,
  batches: readonly SlotBatch[],
  { epoch, nowMs }: SettleOptions,
): Promise<void> {
  const rows = batches.flatMap(({ slot, batch, rowsId }) =>
    [batch.id, ...(rowsId ? [rowsId] : [])].map(id => ({
      id,
      slot,
      ballots: batch.ballots.length,
    })),
  );
  return insertBatches(db, epoch, rows, nowMs);
}

/**
 * Sorts out the batches that MySQL has. One that it has from the very same slot was committed behind a
 * missing slot, with its tallies corrected: it is in neither list.
 */
export function withoutKnown(
  batches: readonly SlotBatch[],
  epoch: Epoch,
  before: KnownBatches,
): Pick<Settlement, "fresh" | "repeated"> {
  const fresh: SlotBatch[] = [];
  const repeated: SlotBatch[] = [];
  const seen = new Set<string>();
  for (const each of batches) {
    const id = hex(each.batch.id);
    const earlier = before.get(id);
    if (earlier?.epoch === epoch && earlier.slot === each.slot) continue;
    // A write that was repeated after a lost answer stands in two slots of the same window.
    if (earlier || seen.has(id)) repeated.push(each);
    else fresh.push(each);
    seen.add(id);
  }
  return { fresh, repeated };
}

/** The polls of these batches, each once. */
export function pollsOf(batches: readonly Batch[]): Set<PollId> {
  const polls = new Set<PollId>();
  for (const { ballots } of batches) for (const { pollId } of ballots) polls.add(pollId);
  return polls;
}

function refuse(
  batches: readonly SlotBatch[],
  polls: ReadonlyMap<PollId, LockedPoll>,
  refusal: (ballot: Ballot) => string | undefined,
): Pick<Settlement, "arrivals" | "refused"> {
  const arrivals: Arrival[] = [];
  const refused: RefusedBallot[] = [];
  for (const { slot, batch, rowsId = batch.id } of batches) {
    for (const ballot of batch.ballots) {
      const arrival = { slot, batchId: rowsId, ballot };
      const reason = refusal(ballot);
      if (reason === undefined) {
        arrivals.push(arrival);
        continue;
      }
      const poll = polls.get(ballot.pollId);
      refused.push({ arrival, homeless: !poll || !isBallotOf(ballot, poll), reason });
    }
  }
  return { arrivals, refused };
}

/** How many ballots arrived, by poll and by the run of the front that sent them. */
export function acceptancesOf(
  batches: readonly Pick<Batch, "id" | "ballots">[],
  unbooked: ReadonlySet<Ballot> = new Set(),
): Acceptance[] {
  const runs = new Map<string, { producer: Buffer; ballots: Map<PollId, number> }>();
  for (const { id, ballots } of batches) {
    const producer = id.subarray(0, producerBytes);
    const key = producer.toString("latin1");
    const run = runs.get(key) ?? { producer, ballots: new Map() };
    runs.set(key, run);
    for (const ballot of ballots) {
      if (unbooked.has(ballot)) continue;
      run.ballots.set(ballot.pollId, (run.ballots.get(ballot.pollId) ?? 0) + 1);
    }
  }
  return [...runs.values()].flatMap(({ producer, ballots }) =>
    [...ballots].map(([pollId, count]) => ({ pollId, producer, ballots: count })),
  );
}
