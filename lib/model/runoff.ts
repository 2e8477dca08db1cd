/**
 * Instant-runoff: the rounds of a ranked poll, from its ballots. Pure.
 *
 * Each ballot counts for the option that it ranks highest among the remaining ones. An option with more than half of the
 * ballots that count wins. Otherwise the option with the fewest ballots is eliminated, and the next round begins.
 *
 * A tie for the fewest is decided by the latest round in which the tied options differed, then by fewer Borda points.
 * When they are equal in all of this:
 *
 * 1. Are they all that remains, the result is a tie between them.
 * 2. Can none of them overtake another option, they are eliminated together.
 * 3. Otherwise every elimination is tried. Leads each to the same winner, that one wins; if not, the count ends here,
 *    and the result is a tie between those who win in one of the trials.
 *
 * Invariant: the order of the options on the page decides nothing, except under the rule `page_order`, which is the
 *   rule of release 0.2.0.
 *
 * Source: `docs/decisions/0033-ties.md`.
 */
import type { OptionNumber } from "./ids.ts";

/** The number of a poll's ballots that have the same choices. */
export interface ChoicesCount {
  readonly choices: Uint8Array;
  readonly ballots: number;
}

/** What decided a tie for the fewest ballots; `null`: nothing did, and the result is a tie. */
export const tieRules = ["earlier_round", "points", "no_effect", "page_order"] as const;
export type TieRule = (typeof tieRules)[number];

export interface RunoffTie {
  /** The options with the fewest ballots, in the order of the page. */
  readonly between: readonly string[];
  readonly decidedBy: TieRule | null;
}

export interface RunoffRound {
  /** Ballots that count for each remaining option. */
  readonly votes: Readonly<Record<string, number>>;
  /** Ballots that rank none of the remaining options. */
  readonly exhausted: number;
  /** The option that is eliminated after this round; `null` in the last one. */
  readonly out: string | null;
  /** All options that are eliminated after this round, when there are several. */
  readonly outTogether?: readonly string[];
  readonly tie?: RunoffTie;
}

/** What the worker publishes: the winner and the rounds. */
export interface Runoff {
  readonly rounds: readonly RunoffRound[];
  /** `null`: there is no ballot yet, or a tie. */
  readonly winner: string | null;
  /** The options that share the first place, in the order of the page; absent unless the result is a tie. */
  readonly tied?: readonly string[];
}

/** Bounds the trials of one count. Each costs as much as a round. */
const trialsMax = 300;

interface Standing {
  readonly votes: ReadonlyMap<number, number>;
  readonly exhausted: number;
  readonly winner: number | undefined;
}

/** The options that may be eliminated next, and how a tie between them was decided. */
interface Weakest {
  readonly tied: readonly number[];
  readonly left: readonly number[];
  readonly decidedBy: "earlier_round" | "points" | undefined;
}

/**
 * @param options - in the order of the page.
 * @param rankings - choices, the favourite first.
 * @param pageOrder - a tie that nothing else decides eliminates the option that is lower on the page.
 */
export function computeRunoff(
  options: readonly OptionNumber[],
  rankings: readonly ChoicesCount[],
  pageOrder = false,
): Runoff {
  return new Count(options, rankings).result(pageOrder);
}

class Count {
  readonly #options: readonly number[];
  readonly #rankings: readonly ChoicesCount[];
  readonly #points: ReadonlyMap<number, number>;
  #trials = 0;

  constructor(options: readonly OptionNumber[], rankings: readonly ChoicesCount[]) {
    this.#options = options;
    this.#rankings = rankings;
    this.#points = pointsOf(options, rankings);
  }

  result(pageOrder: boolean): Runoff {
    const rounds: RunoffRound[] = [];
    let remaining = this.#options;
    for (;;) {
      const { votes, exhausted, winner } = this.#standing(remaining);
      if (winner === 0) return { rounds, winner: null };
      const round = { votes: Object.fromEntries(votes), exhausted };
      if (winner !== undefined) {
        return { rounds: [...rounds, { ...round, out: null }], winner: String(winner) };
      }
      const { tied, left, decidedBy } = this.#weakest(votes, rounds);
      const end = (winners: readonly number[]): Runoff => {
        const tie = { between: ids(left), decidedBy: null };
        return {
          rounds: [...rounds, { ...round, out: null, tie }],
          winner: null,
          tied: ids(winners),
        };
      };
      const last = left.at(-1) ?? 0;
      let out: readonly number[] = [last];
      let rule: TieRule | undefined = decidedBy;
      if (left.length > 1 && pageOrder) rule = "page_order";
      else if (left.length > 1) {
        if (left.length === remaining.length) return end(left);
        rule = "no_effect";
        if (this.#isHarmless(left, votes)) out = left;
        else {
          const winners = this.#winners(remaining, left, [...rounds, { ...round, out: null }]);
          if (winners.size > 1) return end(remaining.filter(option => winners.has(option)));
        }
      }
      rounds.push({
        ...round,
        out: String(last),
        ...(out.length > 1 && { outTogether: ids(out) }),
        ...(rule && { tie: { between: ids(decidedBy === rule ? tied : left), decidedBy: rule } }),
      });
      remaining = remaining.filter(option => !out.includes(option));
    }
  }

  /** Those who win when one of `left` is eliminated next. All that remain, when the trials become too many. */
  #winners(
    remaining: readonly number[],
    left: readonly number[],
    rounds: readonly RunoffRound[],
  ): ReadonlySet<number> {
    const winners = new Set<number>();
    for (const out of left) {
      const others = remaining.filter(option => option !== out);
      for (const winner of this.#trial(others, rounds)) winners.add(winner);
    }
    return this.#trials > trialsMax ? new Set(remaining) : winners;
  }

  #trial(remaining: readonly number[], rounds: readonly RunoffRound[]): Iterable<number> {
    if (++this.#trials > trialsMax) return remaining;
    const { votes, exhausted, winner } = this.#standing(remaining);
    if (winner !== undefined) return [winner];
    const { left } = this.#weakest(votes, rounds);
    if (left.length === remaining.length) return left;
    const next = [...rounds, { votes: Object.fromEntries(votes), exhausted, out: null }];
    if (left.length > 1 && !this.#isHarmless(left, votes)) {
      return this.#winners(remaining, left, next);
    }
    return this.#trial(
      remaining.filter(option => !left.includes(option)),
      next,
    );
  }

  /** The ballots of each remaining option, and the one with more than half of them; winner 0: nobody has a ballot. */
  #standing(remaining: readonly number[]): Standing {
    const votes = new Map(remaining.map(option => [option, 0]));
    let exhausted = 0;
    for (const { choices, ballots } of this.#rankings) {
      const option = choices.find(choice => votes.has(choice));
      if (option === undefined) exhausted += ballots;
      else votes.set(option, (votes.get(option) ?? 0) + ballots);
    }
    const total = [...votes.values()].reduce((sum, count) => sum + count, 0);
    const winner = total === 0 ? 0 : [...votes].find(([, count]) => count * 2 > total)?.[0];
    return { votes, exhausted, winner };
  }

  #weakest(votes: ReadonlyMap<number, number>, earlier: readonly RunoffRound[]): Weakest {
    const least = Math.min(...votes.values());
    const tied = [...votes].filter(([, count]) => count === least).map(([option]) => option);
    let left = tied;
    const keepFewest = (measure: (option: number) => number) => {
      const fewest = Math.min(...left.map(measure));
      left = left.filter(option => measure(option) === fewest);
    };
    for (const round of [...earlier].reverse()) keepFewest(option => round.votes[option] ?? 0);
    if (left.length === 1) {
      return { tied, left, decidedBy: tied.length > 1 ? "earlier_round" : undefined };
    }
    keepFewest(option => this.#points.get(option) ?? 0);
    return { tied, left, decidedBy: "points" };
  }

  /**
   * True if each of `weak` has fewer ballots than any other option even when all the rest of `weak` is eliminated: they
   * go out one after the other then, in whatever order.
   */
  #isHarmless(weak: readonly number[], votes: ReadonlyMap<number, number>): boolean {
    const others = [...votes].filter(([option]) => !weak.includes(option));
    const most = new Map(weak.map(option => [option, 0]));
    for (const { choices, ballots } of this.#rankings) {
      for (const option of choices) {
        if (!votes.has(option)) continue;
        const reached = most.get(option);
        if (reached === undefined) break;
        most.set(option, reached + ballots);
      }
    }
    return Math.max(...most.values()) < Math.min(...others.map(([, count]) => count));
  }
}

const ids = (options: readonly number[]): readonly string[] => options.map(String);

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
