/**
 * What settled ballots change: the totals in MySQL, and the tallies in memcached where these had moved differently
 * when a ballot was accepted. Pure.
 */
import type { Ballot } from "../model/ballot.ts";
import type { PollId, PollKey } from "../model/ids.ts";
import { type PollReference, pollKeyOf } from "../model/poll-key.ts";
import { SumsByPoll, type TallyChange } from "../model/tally-sums.ts";
import { noOthers, type TotalsChange } from "../store/totals.ts";
import type { Arrival, Fate } from "./fates.ts";

export interface Verdict {
  /** Added to the totals in MySQL. */
  readonly totals: ReadonlyMap<PollId, TotalsChange>;
  /** Added to the tallies in memcached, which had moved when the ballots were accepted. */
  readonly corrections: ReadonlyMap<PollKey, TallyChange>;
  readonly counted: number;
  readonly duplicates: number;
  readonly redelivered: number;
  /** Changes and withdrawals, in whichever order the two ballots arrived. */
  readonly replaced: number;
}

export interface SetAside {
  /** Ballots that become dead letters. */
  readonly setAside?: readonly Ballot[];
  /** Those of them whose poll does not exist: they are in no books. */
  readonly unbooked?: ReadonlySet<Ballot>;
  /** Ballots that come out of dead letters. */
  readonly wasSetAside?: readonly Pick<Ballot, "pollId">[];
}

/**
 * Sums up the fates.
 *
 * A `tallied` ballot moved the tallies when it was accepted; a change also took off what it replaced. By its fate, it
 * should have moved them by the row's choices now, less those before. The correction is the difference. A ballot that
 * becomes a dead letter should not have moved them at all.
 */
export function tallyCorrections(
  arrivals: readonly Arrival[],
  fateOf: (arrival: Arrival) => Fate,
  { setAside = [], unbooked = new Set(), wasSetAside = [] }: SetAside = {},
): Verdict {
  const totals = new TotalsByPoll();
  const corrections = new SumsByPoll(pollKeyOf);
  const count = { counted: 0, duplicates: 0, redelivered: 0, replaced: 0 };
  for (const arrival of arrivals) {
    const { ballot } = arrival;
    const { pollId } = ballot;
    const found = fateOf(arrival);
    const { fate } = found;
    const displaced = "instead" in found ? { ...ballot, choices: found.instead } : undefined;
    const counts = fate === "counted" || displaced !== undefined;
    if (counts) totals.votes.add(ballot, 1);
    if (counts && isWithdrawal(ballot)) totals.add(pollId, "withdrawn", 1);
    if (displaced) totals.votes.add(displaced, -1);
    if (displaced && isWithdrawal(displaced)) totals.add(pollId, "withdrawn", -1);
    if (!movedAsItCounts(ballot, counts, displaced)) {
      corrections.addMoved(ballot, -1);
      if (counts) corrections.add(ballot, 1);
      if (displaced) corrections.add(displaced, -1);
    }
    count[countOf[fate]] += 1;
    if (fate !== "counted") totals.add(pollId, columnOf[fate], 1);
  }
  for (const ballot of setAside) {
    if (!unbooked.has(ballot)) totals.add(ballot.pollId, "setAside", 1);
    corrections.addMoved(ballot, -1);
  }
  for (const { pollId } of wasSetAside) totals.add(pollId, "setAside", -1);
  return { totals: totals.changes, corrections: corrections.byPoll, ...count };
}

const isWithdrawal = ({ choices }: { readonly choices: Uint8Array }) => choices.length === 0;

const noChoices = new Uint8Array();

/** True when the tallies moved by exactly the ballot's fate, which is the usual case. */
function movedAsItCounts(
  { tallied, replaced = noChoices }: Ballot,
  counts: boolean,
  displaced: { readonly choices: Uint8Array } | undefined,
): boolean {
  if (tallied !== counts) return false;
  const takenOff = displaced?.choices ?? noChoices;
  return !tallied || replaced === takenOff || Buffer.compare(replaced, takenOff) === 0;
}

type Others = Omit<TotalsChange, "ballots" | "votes">;

/** The total that counts a ballot that is not counted, or the ballot that it replaced. */
const columnOf: Readonly<Record<Exclude<Fate["fate"], "counted">, keyof Others>> = {
  redelivered: "repeated",
  duplicate: "duplicates",
  earlier: "duplicates",
  replaced: "replaced",
  change: "replaced",
};

const countOf = {
  counted: "counted",
  redelivered: "redelivered",
  duplicate: "duplicates",
  earlier: "duplicates",
  replaced: "replaced",
  change: "replaced",
} as const satisfies Record<Fate["fate"], keyof Verdict>;

/** Sums for the totals: ballots and votes that count, and the number of others by kind. */
class TotalsByPoll {
  readonly votes = new SumsByPoll(({ pollId }: PollReference) => pollId);
  readonly #others = new Map<PollId, Record<keyof Others, number>>();

  add(poll: PollId, kind: keyof Others, by: 1 | -1): void {
    const others = this.#others.get(poll) ?? { ...noOthers };
    others[kind] += by;
    this.#others.set(poll, others);
  }

  get changes(): ReadonlyMap<PollId, TotalsChange> {
    const sums = this.votes.byPoll;
    return new Map(
      [...new Set([...sums.keys(), ...this.#others.keys()])].map(poll => {
        const { ballots, votes } = sums.get(poll) ?? { ballots: 0, votes: new Map() };
        return [poll, { ballots, votes, ...(this.#others.get(poll) ?? noOthers) }] as const;
      }),
    );
  }
}
