/**
 * Instant-runoff: the rounds of a ranked poll, from its ballots. Pure.
 *
 * Each ballot counts for the option that it ranks highest among the remaining ones. An option with more than half of the
 * ballots that count wins. Otherwise the option with the fewest ballots is eliminated, and the next round begins. A tie
 * is decided by the latest round in which the tied options differed, then by fewer Borda points, then by the later
 * position on the page.
 */
import type { OptionNumber } from "./ids.ts";

/** The number of a poll's ballots that have the same choices. */
export interface ChoicesCount {
  readonly choices: Uint8Array;
  readonly ballots: number;
}

export interface RunoffRound {
  /** Ballots that count for each remaining option. */
  readonly votes: Readonly<Record<string, number>>;
  /** Ballots that rank none of the remaining options. */
  readonly exhausted: number;
  /** The option that is eliminated after this round; `null` in the last one. */
  readonly out: string | null;
}

/** What the worker publishes: the winner and the rounds. */
export interface Runoff {
  readonly rounds: readonly RunoffRound[];
  /** `null`: there is no ballot yet. */
  readonly winner: string | null;
}

/**
 * @param options - in the order of the page.
 * @param rankings - choices, the favourite first.
 */
export function computeRunoff(
  options: readonly OptionNumber[],
  rankings: readonly ChoicesCount[],
): Runoff {
  const remaining = new Set<number>(options);
  const rounds: RunoffRound[] = [];
  const points = pointsOf(options, rankings);
  while (remaining.size > 0) {
    const votes = new Map([...remaining].map(option => [option, 0]));
    let exhausted = 0;
    for (const { choices, ballots } of rankings) {
      const option = choices.find(choice => remaining.has(choice));
      if (option === undefined) exhausted += ballots;
      else votes.set(option, (votes.get(option) ?? 0) + ballots);
    }
    const total = [...votes.values()].reduce((sum, count) => sum + count, 0);
    if (total === 0) return { rounds, winner: null };
    const votesByOption = Object.fromEntries(votes);
    const winner = [...votes].find(([, count]) => count * 2 > total)?.[0];
    if (winner !== undefined) {
      rounds.push({ votes: votesByOption, exhausted, out: null });
      return { rounds, winner: String(winner) };
    }
    const out = weakest(votes, rounds, points);
    rounds.push({ votes: votesByOption, exhausted, out: String(out) });
    remaining.delete(out);
  }
  return { rounds, winner: null };
}

function weakest(
  votes: ReadonlyMap<number, number>,
  earlier: readonly RunoffRound[],
  points: ReadonlyMap<number, number>,
): number {
  const least = Math.min(...votes.values());
  let tied = [...votes].filter(([, count]) => count === least).map(([option]) => option);
  const measures = [...earlier]
    .reverse()
    .map(round => (option: number) => round.votes[option] ?? 0);
  for (const measure of [...measures, (option: number) => points.get(option) ?? 0]) {
    const fewest = Math.min(...tied.map(measure));
    tied = tied.filter(option => measure(option) === fewest);
  }
  return tied.at(-1) ?? 0;
}

function pointsOf(options: readonly OptionNumber[], rankings: readonly ChoicesCount[]) {
  const points = new Map<number, number>();
  for (const { choices, ballots } of rankings) {
    for (const [index, option] of choices.entries()) {
      const more = (options.length - 1 - index) * ballots;
      points.set(option, (points.get(option) ?? 0) + more);
    }
  }
  return points;
}
