/**
 * What a flush finds out about the ballots it brings: which can be inserted, which can't ever be, and,
 * once they are in, which of them count. Pure: no MySQL here.
 */
import type { Ballot } from "../model/ballot.ts";
import type { BatchId, PollId } from "../model/ids.ts";
import { gradeMax, gradesOf } from "../model/tally-parts.ts";
import type { BallotRow } from "../store/ballots.ts";
import type { LockedPoll } from "../store/locked-polls.ts";

/** A ballot with where it came from. */
export interface Arrival {
  readonly slot: number;
  readonly batchId: BatchId;
  readonly ballot: Ballot;
}

/**
 * - `counted`: its row is new.
 * - `redelivered`: the very same ballot is there already (a retry, a replay, a second copy).
 * - `replaced`: its voter has a ballot of a higher revision, which came before this one.
 * - `duplicate`: its voter has an earlier ballot of the same revision.
 * - `change`: it is of a higher revision than the ballot that stood, and took its place.
 * - `earlier`: it is earlier than the ballot of the same revision that stood (it was replayed after a loss of
 *   memory), and took its place.
 */
export type Fate =
  | { readonly fate: "counted" }
  | { readonly fate: "redelivered" | "duplicate" | "replaced"; readonly standing?: Standing }
  | { readonly fate: "change" | "earlier"; readonly instead: Uint8Array };

/** The fate of a ballot whose row is new. */
export const counted: Fate = { fate: "counted" };

/** The ballot that stands for a voter. */
export type Standing = Pick<BallotRow, "ballotId" | "revision" | "choices">;

/** The year 2200: beyond it, MySQL's and JavaScript's ideas of a date part ways. */
const latestTimeMs = Date.UTC(2200, 0);

/** Why a ballot can never be counted, or `undefined` when it can. */
export function refusalOf(
  ballot: Ballot,
  polls: ReadonlyMap<PollId, LockedPoll>,
): string | undefined {
  const poll = polls.get(ballot.pollId);
  if (!poll) return "the poll does not exist";
  if (poll.final) return "the poll's result was final";
  if (ballot.kind !== poll.kind) return "of another kind than its poll";
  if (ballot.choices.length === 0 && ballot.revision === 0) return "no choice";
  const grades = ballot.kind === "rating" ? gradesOf(ballot.choices) : undefined;
  if (grades?.some(([, grade]) => grade < 1 || grade > gradeMax)) return "not a grade";
  const options = grades ? Uint8Array.from(grades, ([option]) => option) : ballot.choices;
  if (isRepeating(options)) return "a choice is repeated";
  if (!options.every(option => poll.options.has(option))) return "an option is not of this poll";
  if (ballot.receivedAtMs > latestTimeMs) return "an impossible time";
  return undefined;
}

const isRepeating = (options: Uint8Array) =>
  options.length > 1 && new Set(options).size !== options.length;

/** The identity of a voter in a poll, as a map key. */
export function voterIn({ pollId, voter }: Pick<Ballot, "pollId" | "voter">): string {
  return `${pollId}:${voter}`;
}

type Ranked = Pick<BallotRow, "revision" | "receivedAtMs">;

/**
 * Whether `a` stands rather than `b`, of the same voter: the higher revision; of the same one, the ballot
 * that a front took first.
 */
function standsOver(a: Ranked, b: Ranked): boolean {
  if (a.revision !== b.revision) return a.revision > b.revision;
  return a.receivedAtMs < b.receivedAtMs;
}

/** An arrival with the first 28 bits of its voter: comparing numbers is many times as fast as comparing texts. */
interface Keyed {
  readonly arrival: Arrival;
  readonly prefix: number;
}

const prefixDigits = 7;

function keyed(arrival: Arrival): Keyed {
  return { arrival, prefix: Number.parseInt(arrival.ballot.voter.slice(0, prefixDigits), 16) };
}

/** As the table is sorted: hex digits have the order of their bytes. */
function byKey({ arrival: { ballot: a }, prefix }: Keyed, { arrival, prefix: other }: Keyed) {
  const { ballot: b } = arrival;
  if (a.pollId !== b.pollId) return a.pollId - b.pollId;
  if (prefix !== other) return prefix - other;
  if (a.voter === b.voter) return 0;
  return a.voter < b.voter ? -1 : 1;
}

/** Of each voter's arrivals in each poll the one that stands, sorted as the table is. */
export function bestOfEachVoter(arrivals: readonly Arrival[]): Arrival[] {
  const best: Keyed[] = [];
  for (const next of arrivals.map(keyed).sort(byKey)) {
    const last = best[best.length - 1];
    if (!last || byKey(last, next) !== 0) best.push(next);
    else if (standsOver(next.arrival.ballot, last.arrival.ballot)) best[best.length - 1] = next;
  }
  return best.map(({ arrival }) => arrival);
}

/**
 * What becomes of a ballot whose voter has one already.
 *
 * @param accepted - its voter was told so. Otherwise it comes too late, whenever a front took it: the voter of
 *   the one that stands may have been told.
 */
export function fateAgainst(row: BallotRow, standing: BallotRow, accepted: boolean): Fate {
  const sameRevision = row.revision === standing.revision;
  if (sameRevision && row.ballotId === standing.ballotId) {
    return { fate: "redelivered", standing };
  }
  if (standsOver(row, standing) && (accepted || !sameRevision)) {
    return { fate: sameRevision ? "earlier" : "change", instead: standing.choices };
  }
  return { fate: sameRevision ? "duplicate" : "replaced", standing };
}

/** The row of an arrival. */
export function ballotRow({ ballot, batchId }: Arrival): BallotRow {
  return {
    pollId: ballot.pollId,
    voter: ballot.voter,
    ballotId: ballot.ballotId,
    batchId,
    revision: ballot.revision,
    choices: ballot.choices,
    receivedAtMs: ballot.receivedAtMs,
  };
}
