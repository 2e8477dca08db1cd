/**
 * Compares a history with what is stored and shown once the site is quiescent. Pure, and tested on planted histories:
 * a checker that can't find anything is worth nothing.
 *
 * - *lost*: a voter has an acknowledged ballot and no row.
 * - *duplicated*: more than one row for a voter.
 * - *unexpected*: a row that was never sent, or with another choice than was sent.
 * - *displaced*: another ballot counts than the one that was acknowledged before it was even sent.
 * - *contradicted*: a voter who was told "you have voted already" and has no row, or whose one and only
 *   ballot was acknowledged and then refused as if it were another.
 * - *inexact*: totals or tallies that are not the number of rows, option by option; slots left behind.
 * - *recovered*: a row whose ballot was never acknowledged: allowed, its answer was lost.
 *
 * Source: Jepsen's total-queue checker; `docs/architecture.md`, promises 1 to 3.
 */
import type { HistoryEvent } from "./history.ts";

export interface StoredRow {
  readonly poll: string;
  readonly ballot: string;
  readonly choice: string;
}

/** Ballots, and votes by option id. */
export interface Sums {
  readonly ballots: number;
  readonly votes: Readonly<Record<string, number>>;
}

/** What is stored and shown when the site is quiescent. */
export interface Books {
  readonly rows: readonly StoredRow[];
  /** By poll: as MySQL adds up, and as readers are shown. */
  readonly totals: Readonly<Record<string, Sums>>;
  readonly tallies: Readonly<Record<string, Sums>>;
  /** Voter keys that have more than one row in a poll. */
  readonly votersTwice: number;
  /** Slots in memcached that are committed and were not deleted, or not even committed. */
  readonly slotsLeft: number;
}

export interface Verdict {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly recovered: number;
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly unexpected: readonly string[];
  readonly displaced: readonly string[];
  readonly contradicted: readonly string[];
  readonly inexact: readonly string[];
  /** Ballots counted more often than once: rows, totals and tallies beyond what they should be. */
  readonly doubleCounted: number;
}

/** True when every promise was kept. */
export function isClean(verdict: Verdict): boolean {
  const { lost, duplicated, unexpected, displaced, contradicted, inexact, doubleCounted } = verdict;
  const lists = [lost, duplicated, unexpected, displaced, contradicted, inexact];
  const broken = lists.some(list => list.length > 0);
  return !broken && doubleCounted === 0;
}

/** What clients know of one ballot. */
interface Known {
  readonly poll: string;
  readonly voter: number;
  /** A ballot id may be sent with several choices; which comes first is for the server to say. */
  readonly choices: Set<string>;
  readonly firstInvokedMs: number;
  acknowledgedMs: number | undefined;
  /** The answer said that the voter has a ballot already. */
  conflict: boolean;
}

const conflictStatus = 409;

export function check(events: readonly HistoryEvent[], books: Books): Verdict {
  const known = ballotsOf(events);
  const rowsOfVoters = new Map<string, StoredRow[]>();
  const unexpected: string[] = [];
  let recovered = 0;
  for (const row of books.rows) {
    const ballot = known.get(`${row.poll} ${row.ballot}`);
    if (!ballot?.choices.has(row.choice)) {
      unexpected.push(`${row.poll}: ${row.ballot} for ${row.choice}`);
      continue;
    }
    if (ballot.acknowledgedMs === undefined) recovered += 1;
    const voter = `${row.poll} ${ballot.voter}`;
    rowsOfVoters.set(voter, [...(rowsOfVoters.get(voter) ?? []), row]);
  }
  const acknowledged = [...known.values()].filter(b => b.acknowledgedMs !== undefined);
  const lost = new Set<string>();
  const displaced: string[] = [];
  for (const ballot of acknowledged) {
    const voter = `${ballot.poll} ${ballot.voter}`;
    const [row] = rowsOfVoters.get(voter) ?? [];
    if (!row) lost.add(voter);
    const stands = row && known.get(`${row.poll} ${row.ballot}`);
    if (stands && stands !== ballot && stands.firstInvokedMs > (ballot.acknowledgedMs ?? 0)) {
      displaced.push(voter);
    }
  }
  const duplicated = [...rowsOfVoters]
    .filter(([, rows]) => rows.length > 1)
    .map(([voter]) => voter);
  const sums = compareSums(books);
  return {
    attempted: known.size,
    acknowledged: acknowledged.length,
    recovered,
    lost: [...lost],
    duplicated,
    unexpected,
    displaced,
    contradicted: contradictions([...known.values()], rowsOfVoters),
    inexact: [
      ...sums.inexact,
      ...(books.slotsLeft > 0 ? [`${books.slotsLeft} slots left behind`] : []),
    ],
    doubleCounted: Math.max(duplicated.length, books.votersTwice) + sums.beyond,
  };
}

function ballotsOf(events: readonly HistoryEvent[]): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>();
  for (const { poll, voter, ballot, choice, atMs, type, status } of events) {
    const key = `${poll} ${ballot}`;
    const entry: Known = known.get(key) ?? {
      poll,
      voter,
      choices: new Set(),
      firstInvokedMs: atMs,
      acknowledgedMs: undefined,
      conflict: false,
    };
    known.set(key, entry);
    entry.choices.add(choice);
    if (type === "ok") entry.acknowledgedMs ??= atMs;
    entry.conflict ||= status === conflictStatus;
  }
  return known;
}

/** Voters to whom the answers can't have made sense. */
function contradictions(
  ballots: readonly Known[],
  rowsOfVoters: ReadonlyMap<string, readonly StoredRow[]>,
): string[] {
  const ballotsOfVoters = new Map<string, number>();
  for (const { poll, voter } of ballots) {
    const key = `${poll} ${voter}`;
    ballotsOfVoters.set(key, (ballotsOfVoters.get(key) ?? 0) + 1);
  }
  const wronged = ballots
    .filter(({ conflict }) => conflict)
    .filter(({ poll, voter, acknowledgedMs }) => {
      const only = ballotsOfVoters.get(`${poll} ${voter}`) === 1;
      return !rowsOfVoters.has(`${poll} ${voter}`) || (only && acknowledgedMs !== undefined);
    });
  return [...new Set(wronged.map(({ poll, voter }) => `${poll} ${voter}`))];
}

/** Totals and tallies against the rows; `beyond`: how many ballots they have too many. */
function compareSums({ rows, totals, tallies }: Books): { inexact: string[]; beyond: number } {
  const inexact: string[] = [];
  let beyond = 0;
  for (const poll of new Set([...Object.keys(totals), ...Object.keys(tallies)])) {
    const mine = rows.filter(row => row.poll === poll);
    let most = 0;
    for (const [name, sums] of Object.entries({ totals: totals[poll], tallies: tallies[poll] })) {
      const say = (what: string, is: number | undefined, should: number) => {
        if (is !== should) inexact.push(`${poll}: ${name} of ${what} ${is}, rows ${should}`);
        most = Math.max(most, (is ?? 0) - should);
      };
      say("ballots", sums?.ballots, mine.length);
      for (const [option, votes] of Object.entries(sums?.votes ?? {})) {
        say(`option ${option}`, votes, mine.filter(row => row.choice === option).length);
      }
    }
    beyond += most;
  }
  return { inexact, beyond };
}
