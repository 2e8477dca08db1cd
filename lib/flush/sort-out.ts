/**
 * What a flush finds out about the ballots it brings: which can be inserted, which can't ever be, and,
 * once they are in, which of them count. Pure: no MySQL here.
 */
import type { BatchId, PollId } from "../ids.ts";
import type { QueuedBallot } from "../queue/slot-codec.ts";
import { ballotIdBytes } from "../queue/slot-codec.ts";
import type { BallotRow } from "../store/ballots.ts";
import type { HeldPoll } from "../store/polls.ts";
import type { TotalsChange } from "../store/totals.ts";
import { gradeMax, gradesOf } from "../tallies/parts.ts";
import { SumsByPoll, type TallyChange } from "../tallies/sums.ts";

/** A ballot with where it came from. */
export interface Arrival {
  readonly slot: number;
  readonly batchId: BatchId;
  readonly ballot: QueuedBallot;
}

/**
 * - `counted`: its row is new.
 * - `redelivered`: the very same ballot is there already (a retry, a replay, a second copy).
 * - `duplicate`: its voter has an earlier ballot in this poll.
 * - `earlier`: its voter has a later ballot in this poll, stored before this one came (it was replayed
 *   after a loss of memory); of two ballots the first stands, so this one took the other's place.
 */
export type Fate =
  | { readonly fate: "counted" }
  | { readonly fate: "redelivered" | "duplicate"; readonly standing?: Standing }
  | { readonly fate: "earlier"; readonly instead: Uint8Array };

/** The ballot that counts for a voter. */
export type Standing = Pick<BallotRow, "ballotId" | "choices">;

/** The year 2200: beyond it, MySQL's and JavaScript's ideas of a date part ways. */
const latestTimeMs = Date.UTC(2200, 0);

/** Why a ballot can never be counted, or `undefined` when it can. */
export function refusalOf(
  ballot: QueuedBallot,
  polls: ReadonlyMap<PollId, HeldPoll>,
): string | undefined {
  const poll = polls.get(ballot.pollId);
  if (!poll) return "the poll does not exist";
  if (poll.final) return "the poll's result was final";
  if (ballot.kind !== poll.kind) return "of another kind than its poll";
  if (ballot.choices.length === 0) return "no choice";
  const grades = ballot.kind === "rating" ? gradesOf(ballot.choices) : undefined;
  if (grades?.some(([, grade]) => grade < 1 || grade > gradeMax)) return "not a grade";
  const options = grades?.map(([option]) => option) ?? [...ballot.choices];
  if (new Set(options).size !== options.length) return "a choice is repeated";
  if (!options.every(option => poll.options.has(option))) return "an option is not of this poll";
  if (ballot.receivedAtMs > latestTimeMs) return "an impossible time";
  return undefined;
}

/** The identity of a voter in a poll, as a map key. */
export function voterIn(ballot: { readonly pollId: PollId; readonly voter: Buffer }): string {
  return `${ballot.pollId}:${ballot.voter.toString("latin1")}`;
}

/** The first of two ballots of one voter: by the time that a front took it. */
export function cameBefore(
  a: { readonly receivedAtMs: number },
  b: { readonly receivedAtMs: number },
): boolean {
  return a.receivedAtMs < b.receivedAtMs;
}

/** The first arrival of each voter in each poll, sorted as the table is. */
export function firstOfEachVoter(arrivals: readonly Arrival[]): Arrival[] {
  const first = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const key = voterIn(arrival.ballot);
    const other = first.get(key);
    if (!other || cameBefore(arrival.ballot, other.ballot)) first.set(key, arrival);
  }
  // Of one poll, keys have the order of their voters' bytes.
  const sorted = [...first].sort(
    ([a, { ballot: one }], [b, { ballot: other }]) => one.pollId - other.pollId || (a < b ? -1 : 1),
  );
  return sorted.map(([, arrival]) => arrival);
}

/** The row of an arrival. */
export function ballotRow({ ballot, batchId }: Arrival): BallotRow {
  return {
    pollId: ballot.pollId,
    voter: ballot.voter,
    ballotId: ballotIdBytes(ballot.ballotId),
    batchId,
    choices: ballot.choices,
    receivedAtMs: ballot.receivedAtMs,
  };
}

export interface Verdict {
  /** What goes onto the totals in MySQL. */
  readonly totals: ReadonlyMap<PollId, TotalsChange>;
  /** What the tallies in memcached are off by, because they moved when a ballot was accepted. */
  readonly corrections: ReadonlyMap<PollId, TallyChange>;
  readonly counted: number;
  readonly duplicates: number;
  readonly redelivered: number;
}

/**
 * Sums up a flush.
 *
 * A ballot moved the tallies by its `tallied` flag when it was accepted, and by its fate it should have
 * moved them by one or by nothing: the correction is the difference, whatever the history was.
 *
 * @param setAside - ballots that became dead letters.
 */
export function sumUp(
  arrivals: readonly Arrival[],
  fateOf: (arrival: Arrival) => Fate,
  setAside: readonly Pick<QueuedBallot, "pollId">[] = [],
): Verdict {
  const totals = new TotalsByPoll();
  const corrections = new SumsByPoll();
  const count = { counted: 0, duplicates: 0, redelivered: 0 };
  for (const arrival of arrivals) {
    const { ballot } = arrival;
    const { pollId } = ballot;
    const fate = fateOf(arrival);
    const counts = fate.fate === "counted" || fate.fate === "earlier";
    if (counts) totals.votes.add(ballot, 1);
    if (counts && !ballot.tallied) corrections.add(ballot, 1);
    if (!counts && ballot.tallied) corrections.add(ballot, -1);
    if (fate.fate === "counted") count.counted += 1;
    if (fate.fate === "redelivered") {
      count.redelivered += 1;
      totals.add(pollId, "repeated");
    }
    if (fate.fate === "duplicate" || fate.fate === "earlier") {
      count.duplicates += 1;
      totals.add(pollId, "duplicates");
    }
    if (fate.fate === "earlier") {
      const displaced = { ...ballot, choices: fate.instead };
      totals.votes.add(displaced, -1);
      corrections.add(displaced, -1);
    }
  }
  for (const { pollId } of setAside) totals.add(pollId, "setAside");
  return { totals: totals.changes, corrections: corrections.byPoll, ...count };
}

type Aside = "duplicates" | "repeated" | "setAside";

/** What goes onto the totals: ballots and votes that count, and how many others there were of each kind. */
class TotalsByPoll {
  readonly votes = new SumsByPoll();
  readonly #others = new Map<PollId, Record<Aside, number>>();

  add(poll: PollId, kind: Aside): void {
    const others = this.#others.get(poll) ?? { duplicates: 0, repeated: 0, setAside: 0 };
    others[kind] += 1;
    this.#others.set(poll, others);
  }

  get changes(): ReadonlyMap<PollId, TotalsChange> {
    const none = { duplicates: 0, repeated: 0, setAside: 0 };
    const counted = this.votes.byPoll;
    return new Map(
      [...new Set([...counted.keys(), ...this.#others.keys()])].map(poll => {
        const { ballots, votes } = counted.get(poll) ?? { ballots: 0, votes: new Map() };
        return [poll, { ballots, votes, ...(this.#others.get(poll) ?? none) }] as const;
      }),
    );
  }
}
