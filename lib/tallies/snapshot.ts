/**
 * Results as they are sent: what a tally is to somebody who asks. Pure.
 *
 * Invariant: numbers get out of here only for who may see them (`polls/visibility.ts`), and only those that
 *   the poll's editor lets readers be told; a version tells nothing either while results are hidden, or it
 *   would count the votes.
 */
import { percentages, sharesOf } from "../percent.ts";
import { type PollState, pollState } from "../polls/state.ts";
import { maySeeResults, type Requester } from "../polls/visibility.ts";
import type { Poll } from "../store/polls.ts";
import type { Tally } from "./counters.ts";

/** The JSON of `GET /api/polls/{poll}/results`. */
export interface Results {
  readonly poll: string;
  readonly state: PollState;
  /** Rises with every change of these results. */
  readonly version: number;
  /** ISO 8601, when the tallies were read. */
  readonly asOf: string;
  /** `null`: here they are. Otherwise whom they are for; there are no options and no counts then. */
  readonly hidden: Poll["resultsTo"] | null;
  /** `null` where no counts are told. */
  readonly ballots: number | null;
  /** Of the ballots, those that are accepted and not stored yet; `null` where that is not known or told. */
  readonly waiting: number | null;
  readonly options: readonly ResultLine[];
}

interface ResultLine {
  readonly id: string;
  readonly label: string;
  /** `null` where only percentages are told. */
  readonly votes: number | null;
  /** Per cent; `null` where only counts are told. */
  readonly share: number | null;
}

/** Made once, and shared by everybody who asks until the next look. */
export interface Snapshot {
  readonly results: Results;
  /** As JSON: text to put into another answer, bytes to be one. */
  readonly text: string;
  readonly json: Uint8Array;
  /** Weak: it names the numbers and the wording, not the moment at which they were read. */
  readonly etag: string;
}

const stateRank: Readonly<Record<PollState, number>> = {
  draft: 0,
  scheduled: 0,
  open: 1,
  closing: 2,
  final: 3,
};

/** What somebody is told who may not see results yet; `undefined` when they may. */
export function hiddenSnapshot(
  poll: Poll,
  requester: Requester,
  nowMs: number,
): Snapshot | undefined {
  if (maySeeResults(poll, requester, nowMs)) return undefined;
  const state = pollState(poll, nowMs);
  return encode(poll, {
    poll: poll.slug,
    state,
    // Below every version with numbers, so that those are news when they may be seen.
    version: poll.version * 4 + stateRank[state],
    asOf: new Date(nowMs).toISOString(),
    hidden: poll.resultsTo,
    ballots: null,
    waiting: null,
    options: [],
  });
}

/** The numbers, for somebody who may see them: editors all of them. */
export function tallySnapshot(
  poll: Poll,
  tally: Tally,
  asOfMs: number,
  requester: Requester,
): Snapshot {
  const state = pollState(poll, asOfMs);
  const as = requester === "editor" ? "both" : poll.resultsAs;
  const votes = poll.options.map(({ number }) => tally.votes.get(number) ?? 0);
  const shares = poll.choicesMax === 1 ? percentages(votes) : sharesOf(votes, tally.ballots);
  return encode(poll, {
    poll: poll.slug,
    state,
    version: tally.version * 4 + stateRank[state],
    asOf: new Date(asOfMs).toISOString(),
    hidden: null,
    ballots: as === "percentages" ? null : tally.ballots,
    waiting: as === "percentages" ? null : waitingOf(tally, state),
    options: poll.options.map(({ number, label }, index) => ({
      id: String(number),
      label,
      votes: as === "percentages" ? null : (votes[index] ?? 0),
      share: as === "counts" ? null : (shares[index] ?? 0),
    })),
  });
}

/** What is final has been counted to the last ballot; what has no ballots has none that wait. */
function waitingOf({ ballots, stored }: Tally, state: PollState): number | null {
  if (state === "final" || ballots === 0) return 0;
  return stored === null ? null : Math.max(0, ballots - stored);
}

function encode(poll: Poll, results: Results): Snapshot {
  const text = JSON.stringify(results);
  const etag = `W/"${results.version}-${poll.version}-${results.waiting ?? ""}"`;
  return { results, text, json: Buffer.from(text), etag };
}
