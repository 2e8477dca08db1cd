/**
 * The fates of ballots: which are refused for good, which of a voter's ballots stands, and what happens to the
 * others. Pure: no MySQL here.
 */
import { MINUTE } from "../base/clock.ts";
import type { Ballot } from "../model/ballot.ts";
import type { BatchId, PollId } from "../model/ids.ts";
import { keyOfId } from "../model/poll-key.ts";
import { gradeMax, gradesOf } from "../model/tally-parts.ts";
import type { BallotRow } from "../store/ballots.ts";
import { refusedAsFinal } from "../store/dead-letters.ts";
import type { LockedPoll } from "../store/locked-polls.ts";

/** A ballot with the slot and the batch that it came in. */
export interface Arrival {
  readonly slot: number;
  readonly batchId: BatchId;
  readonly ballot: Ballot;
}

/**
 * - `counted`: its row is new.
 * - `redelivered`: the very same ballot is stored already (a retry, a replay, a second copy).
 * - `replaced`: its voter has a ballot of a higher revision, which arrived first.
 * - `duplicate`: its voter has an earlier ballot of the same revision.
 * - `change`: it has a higher revision than the ballot that stood, and replaced it.
 * - `earlier`: it was received before the ballot of the same revision that stood, and replaced it (it was replayed
 *   after a loss of memory).
 */
export type Fate =
  | { readonly fate: "counted" }
  | { readonly fate: "redelivered" | "duplicate" | "replaced"; readonly standing?: Standing }
  | { readonly fate: "change" | "earlier"; readonly instead: Uint8Array };

/** The fate of a ballot whose row is new. */
export const countedFate: Fate = { fate: "counted" };

/** The ballot that stands for a voter. */
export type Standing = Pick<BallotRow, "ballotId" | "revision" | "choices">;

/** The year 2200: for later times, MySQL and JavaScript disagree about dates. */
const latestTimeMs = Date.UTC(2200, 0);

/** By how much a front of release 0.2.0 may date a ballot too early. */
const skewMsMax = MINUTE;

/**
 * True when the ballot is of the poll that has its number now. Another poll may have had that number before MySQL went
 * back to an earlier state.
 *
 * Release 0.2.0 wrote no poll key. A ballot that it accepted before the poll was made can't be of this poll.
 */
export function isBallotOf({ pollId, pollKey, receivedAtMs }: Ballot, poll: LockedPoll): boolean {
  if (pollKey !== undefined) return pollKey === poll.key;
  return poll.key === keyOfId(pollId) || receivedAtMs >= poll.createdAtMs - skewMsMax;
}

/** The reason why a ballot can never be counted, or `undefined`. */
export function permanentRefusal(
  ballot: Ballot,
  polls: ReadonlyMap<PollId, LockedPoll>,
): string | undefined {
  const poll = polls.get(ballot.pollId);
  if (!poll) return "the poll does not exist";
  if (!isBallotOf(ballot, poll)) {
    const which = ballot.pollKey === undefined ? "" : ` ${ballot.pollKey}`;
    return `its poll${which} does not exist: number ${ballot.pollId} is another poll's now`;
  }
  if (poll.final) return refusedAsFinal;
  if (ballot.kind !== poll.kind) return "its kind is not its poll's";
  if (ballot.choices.length === 0 && ballot.revision === 0) return "it has no choices";
  const grades = ballot.kind === "rating" ? gradesOf(ballot.choices) : undefined;
  if (grades?.some(([, grade]) => grade < 1 || grade > gradeMax)) return "a grade is out of range";
  const options = grades ? Uint8Array.from(grades, ([option]) => option) : ballot.choices;
  if (isRepeating(options)) return "a choice is repeated";
  if (!options.every(option => poll.options.has(option))) return "an option is not of this poll";
  if (ballot.receivedAtMs > latestTimeMs) return "its time is after the year 2200";
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
 * Whether `a` stands rather than `b`, of the same voter: the higher revision stands; within a revision, the ballot
 * that a front received first.
 */
function standsOver(a: Ranked, b: Ranked): boolean {
  if (a.revision !== b.revision) return a.revision > b.revision;
  return a.receivedAtMs < b.receivedAtMs;
}

/** An arrival with the first 28 bits of its voter: numbers compare many times as fast as texts. */
interface Keyed {
  readonly arrival: Arrival;
  readonly prefix: number;
}

const prefixDigits = 7;

function keyed(arrival: Arrival): Keyed {
  return { arrival, prefix: Number.parseInt(arrival.ballot.voter.slice(0, prefixDigits), 16) };
}

/** In the order of the table's key: hex digits sort like their bytes. */
function byKey({ arrival: { ballot: a }, prefix }: Keyed, { arrival, prefix: other }: Keyed) {
  const { ballot: b } = arrival;
  if (a.pollId !== b.pollId) return a.pollId - b.pollId;
  if (prefix !== other) return prefix - other;
  if (a.voter === b.voter) return 0;
  return a.voter < b.voter ? -1 : 1;
}

/** The arrival that stands for each voter in each poll, in the order of the table's key. */
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
 * The fate of a ballot whose voter has another one stored.
 *
 * @param accepted - its voter was told that it is accepted. Otherwise the stored ballot of the same revision stands,
 *   whichever was received first: its voter may have been told.
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
