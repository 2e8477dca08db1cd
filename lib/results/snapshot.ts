/**
 * Results as they are sent: a tally, reduced to what a requester may see. Pure.
 *
 * Invariant: numbers are given only to requesters who may see them (`model/visibility.ts`), and to readers only those
 *   that the poll's rules allow. While results are hidden, the version depends on the poll's state alone: otherwise it
 *   would reveal the number of votes.
 * Invariant: the runoff of a final poll was computed from the ballots that its numbers count.
 */
import { percentages, sharesOf } from "../base/percent.ts";
import { editionOf } from "../model/edition.ts";
import type { OptionNumber } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { type Measured, outcomeOf } from "../model/poll-outcome.ts";
import { type PollState, pollState } from "../model/poll-state.ts";
import type { OptionResults, Outcome, Results, RunoffResults } from "../model/results.ts";
import { bordaPoints, gradeCounts, votesOf } from "../model/tally-parts.ts";
import { maySeeResults, type Requester } from "../model/visibility.ts";
import type { Tally } from "../tallies/counters.ts";
import { isRunoffOf, type PublishedRunoff } from "./published-runoff.ts";

/** Encoded once, and shared by all requests until the next read. */
export interface Snapshot {
  readonly results: Results;
  /** The JSON, as text to embed in another answer and as bytes to send. */
  readonly text: string;
  readonly json: Uint8Array<ArrayBuffer>;
  /** Weak: it identifies numbers and wording, not the moment at which they were read. */
  readonly etag: string;
}

const stateRank: Readonly<Record<PollState, number>> = {
  draft: 0,
  scheduled: 0,
  open: 1,
  closing: 2,
  final: 3,
};

/** The snapshot for a requester who may not see results; `undefined` when they may. */
export function hiddenSnapshot(
  poll: Poll,
  requester: Requester,
  nowMs: number,
): Snapshot | undefined {
  if (maySeeResults(poll, requester, nowMs)) return undefined;
  const state = pollState(poll, nowMs);
  return encode(poll, {
    poll: poll.slug,
    edition: editionOf(poll),
    state,
    // Below every version with numbers, so that those are newer once they may be seen.
    version: poll.version * 4 + stateRank[state],
    asOf: new Date(nowMs).toISOString(),
    ...momentsOf(poll),
    hidden: poll.resultsTo,
    ballots: null,
    waiting: null,
    options: [],
    outcome: null,
  });
}

/** What a board has read about a poll. */
export interface BoardEntry {
  readonly tally: Tally;
  readonly runoff?: PublishedRunoff | null;
  readonly asOfMs: number;
}

/** The snapshot for a requester who may see results; editors see all numbers. */
export function tallySnapshot(poll: Poll, entry: BoardEntry, requester: Requester): Snapshot {
  const { tally, runoff, asOfMs } = entry;
  const state = pollState(poll, asOfMs);
  const as = requester === "editor" ? "both" : poll.resultsAs;
  // A final result has no winner of another count beside its numbers.
  const shown = state === "final" && !isRunoffOf(runoff, tally) ? null : runoff;
  return encode(poll, {
    poll: poll.slug,
    edition: editionOf(poll),
    state,
    version: tally.version * 4 + stateRank[state],
    asOf: new Date(asOfMs).toISOString(),
    ...momentsOf(poll),
    hidden: null,
    ballots: as === "percentages" ? null : Math.max(0, tally.ballots),
    waiting: as === "percentages" ? null : waitingOf(tally, state),
    options: poll.kind === "rating" ? ratingLines(poll, tally, as) : voteLines(poll, tally, as),
    outcome: outcomeIn(poll, { tally, runoff: shown ?? null, asOfMs }, state),
    ...(poll.kind === "ranked" && { runoff: shown ? runoffResults(shown, as) : null }),
  });
}

function outcomeIn(poll: Poll, { tally, runoff, asOfMs }: BoardEntry, state: PollState): Outcome {
  return outcomeOf({
    kind: poll.kind,
    options: poll.options.map(({ number }) => measuredIn(poll, tally, number)),
    asOfMs,
    finalAtMs: state === "final" ? poll.finalizedAtMs : null,
    ...(runoff && { runoff }),
  });
}

function measuredIn({ kind }: Poll, { votes }: Tally, number: OptionNumber): Measured {
  const id = String(number);
  if (kind !== "rating") return { id, votes: votesOf(votes, number) };
  const grades = gradeCounts(votes, number);
  return { id, votes: sumOf(grades), gradeSum: gradeSumOf(grades) };
}

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
const gradeSumOf = (grades: readonly number[]) =>
  sumOf(grades.map((count, index) => count * (index + 1)));

const isoOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** Pages that are open follow these: an editor may move them. */
const momentsOf = ({ opensAtMs, closesAtMs }: Poll) => ({
  opensAt: isoOf(opensAtMs),
  closesAt: isoOf(closesAtMs),
});

type As = Poll["resultsAs"];

function voteLines(poll: Poll, tally: Tally, as: As): OptionResults[] {
  const votes = poll.options.map(({ number }) => votesOf(tally.votes, number));
  const one = poll.kind === "ranked" || poll.choicesMax === 1;
  const shares = one ? percentages(votes) : sharesOf(votes, tally.ballots);
  return poll.options.map(({ number, label }, index) => ({
    id: String(number),
    label,
    votes: as === "percentages" ? null : (votes[index] ?? 0),
    share: as === "counts" ? null : (shares[index] ?? 0),
    ...(poll.kind === "ranked" && {
      points: as === "percentages" ? null : bordaPoints(tally.votes, number, poll.options.length),
    }),
  }));
}

function ratingLines(poll: Poll, tally: Tally, as: As): OptionResults[] {
  return poll.options.map(({ number, label }) => {
    const grades = gradeCounts(tally.votes, number);
    const votes = sumOf(grades);
    const sum = gradeSumOf(grades);
    return {
      id: String(number),
      label,
      votes: as === "percentages" ? null : votes,
      share: null,
      grades: as === "percentages" ? percentages(grades) : grades,
      mean: votes === 0 ? null : Math.round((sum * 100) / votes) / 100,
    };
  });
}

/** A final poll, and one without ballots, has none waiting. */
function waitingOf({ ballots, stored }: Tally, state: PollState): number | null {
  if (state === "final" || ballots <= 0) return 0;
  return stored === null ? null : Math.max(0, ballots - stored);
}

function runoffResults(runoff: PublishedRunoff, as: As): RunoffResults {
  const { computedAtMs, rounds, winner, tied } = runoff;
  const showsCounts = as !== "percentages";
  return {
    computedAt: new Date(computedAtMs).toISOString(),
    winner,
    ...(tied && { tied }),
    rounds: rounds.map(({ votes, exhausted, ...out }) => {
      const shares = percentages(Object.values(votes));
      const ids = Object.keys(votes);
      return {
        votes: showsCounts ? votes : Object.fromEntries(ids.map((id, i) => [id, shares[i] ?? 0])),
        exhausted: showsCounts ? exhausted : null,
        ...out,
      };
    }),
  };
}

function encode(poll: Poll, results: Results): Snapshot {
  const text = JSON.stringify(results);
  const etag = `W/"${results.edition}-${results.version}-${poll.version}-${results.waiting ?? ""}"`;
  return { results, text, json: Buffer.from(text), etag };
}
