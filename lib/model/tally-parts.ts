/**
 * Which counters a ballot moves, for each kind of poll. Pure.
 *
 * A tally has *parts*, each a counter of its own: a measure of an option. The same parts are rows of
 * `option_totals`, so tallies and totals are compared part by part, whatever the kind.
 *
 * | kind   | measure | counts |
 * |--------|---------|--------|
 * | choice | 0       | votes |
 * | ranked | 0       | first preferences |
 * | ranked | 1       | ballots that rank the option |
 * | ranked | 2       | sum of the ranks that they give it |
 * | rating | 1 … 5   | ballots that give the option this grade |
 *
 * Invariant: what a ballot adds follows from its own bytes, so subtracting it again is exact. That is why ranks are
 *   added up instead of Borda points, which also depend on the number of options.
 */
import type { OptionNumber, TallyPart } from "./ids.ts";
import type { PollKind } from "./poll-rules.ts";

const measureSize = 64; // > optionNumberMax

/** Measure 0 of an option has the option's own number. */
export function partOf(option: OptionNumber, measure: number): TallyPart {
  return (option + measure * measureSize) as TallyPart;
}

export function splitPart(part: TallyPart): { option: OptionNumber; measure: number } {
  return {
    option: (part % measureSize) as OptionNumber,
    measure: Math.floor(part / measureSize),
  };
}

export const gradeMax = 5;
const timesRanked = 1;
const sumOfRanks = 2;

const measures: Readonly<Record<PollKind, readonly number[]>> = {
  choice: [0],
  ranked: [0, timesRanked, sumOfRanks],
  rating: [1, 2, 3, 4, gradeMax],
};

/** All parts of a poll's tally. */
export function partsOf(poll: {
  readonly kind: PollKind;
  readonly options: readonly { readonly number: OptionNumber }[];
}): TallyPart[] {
  return poll.options.flatMap(({ number }) =>
    measures[poll.kind].map(measure => partOf(number, measure)),
  );
}

/** What a part counts, in words for operators. */
export function describePart(kind: PollKind, part: TallyPart): string {
  const { option, measure } = splitPart(part);
  if (kind === "rating") return `ballots that give option ${option} the grade ${measure}`;
  if (measure === timesRanked) return `ballots that rank option ${option}`;
  if (measure === sumOfRanks) return `sum of the ranks of option ${option}`;
  return `${kind === "ranked" ? "first preferences" : "votes"} of option ${option}`;
}

/** A part, and the number that is added to it. */
type Count = readonly [TallyPart, number];

/** The counts of ballots with one choice, as nearly all are. */
const oneVote: readonly (readonly Count[])[] = Array.from({ length: 256 }, (_, option) => [
  [partOf(option as OptionNumber, 0), 1],
]);

/**
 * What a ballot adds to which part.
 *
 * @param choices - a ballot's bytes: options; in the order of preference for a ranked poll; for a rating
 *   pairs of option and grade.
 */
export function countsOf(kind: PollKind, choices: Uint8Array): readonly Count[] {
  if (kind === "choice") return votesIn(choices);
  if (kind === "ranked") return ranksIn(choices);
  return gradesOf(choices).map(([option, grade]) => [partOf(option, grade), 1]);
}

function votesIn(choices: Uint8Array): readonly Count[] {
  const one = choices.length === 1 ? oneVote[choices[0] ?? 0] : undefined;
  return one ?? Array.from(choices, option => [partOf(option as OptionNumber, 0), 1]);
}

function ranksIn(choices: Uint8Array): readonly Count[] {
  const counts = Array.from(choices as Iterable<OptionNumber>, (option, index): Count[] => [
    [partOf(option, timesRanked), 1],
    [partOf(option, sumOfRanks), index + 1],
  ]);
  const first: Count[] = choices.length > 0 ? [[partOf(choices[0] as OptionNumber, 0), 1]] : [];
  return [...first, ...counts.flat()];
}

/** The pairs of a rating. */
export function gradesOf(choices: Uint8Array): (readonly [OptionNumber, number])[] {
  return Array.from({ length: choices.length >> 1 }, (_, index) => [
    choices[index * 2] as OptionNumber,
    choices[index * 2 + 1] as number,
  ]);
}

type Votes = ReadonlyMap<TallyPart, number>;

/** First preferences, or votes; at least 0. The counter is below 0 when a change is seen before what it replaces. */
export function votesOf(votes: Votes, option: OptionNumber): number {
  return Math.max(0, votes.get(partOf(option, 0)) ?? 0);
}

/**
 * Borda points: with n options, the first of a ballot gets n-1, the second n-2, and so on; an option that
 * a ballot leaves out gets nothing.
 */
export function bordaPoints(votes: Votes, option: OptionNumber, optionCount: number): number {
  const times = votes.get(partOf(option, timesRanked)) ?? 0;
  return optionCount * times - (votes.get(partOf(option, sumOfRanks)) ?? 0);
}

/** How many ballots gave an option each grade, 1 first. */
export function gradeCounts(votes: Votes, option: OptionNumber): number[] {
  return measures.rating.map(grade => Math.max(0, votes.get(partOf(option, grade)) ?? 0));
}
