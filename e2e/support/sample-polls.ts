/** The polls and results of the visual baselines: the same at every run, by a clock that stands still. */

import { percentages, sharesOf } from "#lib/base/percent.ts";
import { editionOf } from "#lib/model/edition.ts";
import type { Poll } from "#lib/model/poll.ts";
import { outcomeOf } from "#lib/model/poll-outcome.ts";
import { defaultRules } from "#lib/model/poll-rules.ts";
import type { PollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";

export const nowMs = Date.parse("2026-11-20T17:04:12Z");
export const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export const labels = [
  "Yes, all year round",
  "Yes, but only from May to September",
  "No",
  "I don’t go there",
];

export const poll = {
  id: 1,
  key: "1",
  slug: "harbour-cars",
  question: "Should the old harbour be closed to cars?",
  description: "The council votes on Tuesday.",
  choicesMin: 1,
  choicesMax: 1,
  opensAtMs: nowMs - dayMs,
  closesAtMs: nowMs + 2 * dayMs + 3 * hourMs,
  finalizedAtMs: null,
  language: null,
  version: 1,
  ...defaultRules,
  options: labels.map((label, index) => ({ number: index + 1, label })),
} as unknown as Poll;

export function resultsOf(
  of: Poll,
  votes: readonly number[],
  ballots: number,
  state: PollState,
): Results {
  const shares =
    of.choicesMax === 1
      ? percentages(of.options.map((_, index) => votes[index] ?? 0))
      : sharesOf(votes, ballots);
  return {
    poll: of.slug,
    edition: editionOf(of),
    state,
    version: 1,
    asOf: new Date(nowMs).toISOString(),
    hidden: null,
    waiting: 0,
    ballots,
    outcome: outcomeOf({
      kind: "choice",
      options: of.options.map(({ number }, index) => ({
        id: String(number),
        votes: votes[index] ?? 0,
      })),
      asOfMs: nowMs,
      finalAtMs: state === "final" ? nowMs : null,
    }),
    options: of.options.map(({ number, label }, index) => ({
      id: String(number),
      label,
      votes: votes[index] ?? 0,
      share: shares[index] ?? 0,
    })),
  };
}

const votes = [3_854, 5_470, 3_108, 0];
export const results = resultsOf(poll, votes, 12_432, "open");

export const changeable = { ...poll, mayChange: true };
export const over = { ...poll, closesAtMs: nowMs - 60_000 };
export const several = { ...poll, choicesMin: 2, choicesMax: 3 };
export const long = {
  ...poll,
  question:
    "Which of the following measures, each of which the council has costed, should be paid for first, even if the others have to wait for another year and perhaps for longer?",
  options: [
    "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle",
    "A covered market hall with room for forty stalls, open all year round, and a square in front of it",
    ...labels,
  ].map((label, index) => ({ number: index + 1, label })),
} as unknown as Poll;

export const ranked = { ...poll, kind: "ranked", choicesMax: 4 } as Poll;
export const rankedResults: Results = {
  ...resultsOf({ ...ranked, choicesMax: 1 }, votes, 12_432, "open"),
  options: resultsOf({ ...ranked, choicesMax: 1 }, votes, 12_432, "open").options.map(
    (option, index) => ({ ...option, points: [21_045, 26_113, 14_200, 3_310][index] ?? 0 }),
  ),
  outcome: {
    status: "leads",
    final: false,
    options: ["2"],
    by: "runoff",
    round: 3,
    at: new Date(nowMs - 3_000).toISOString(),
  },
  runoff: {
    computedAt: new Date(nowMs - 3_000).toISOString(),
    winner: "2",
    rounds: [
      { votes: { 1: 3_854, 2: 5_470, 3: 3_108, 4: 0 }, exhausted: 0, out: "4" },
      { votes: { 1: 3_854, 2: 5_470, 3: 3_108 }, exhausted: 0, out: "3" },
      { votes: { 1: 4_610, 2: 7_012 }, exhausted: 810, out: null },
    ],
  },
};

/** Two options with the same votes and points, and nothing that decides between them. */
export const rankedTie: Results = {
  ...rankedResults,
  ballots: 22,
  options: rankedResults.options.map((option, index) => ({
    ...option,
    votes: [8, 8, 4, 2][index] ?? 0,
    share: [36, 36, 18, 9][index] ?? 0,
    points: [44, 44, 31, 13][index] ?? 0,
  })),
  outcome: {
    status: "tied",
    final: false,
    options: ["1", "2"],
    by: "runoff",
    round: 3,
    at: new Date(nowMs - 3_000).toISOString(),
  },
  runoff: {
    computedAt: new Date(nowMs - 3_000).toISOString(),
    winner: null,
    tied: ["1", "2"],
    rounds: [
      { votes: { 1: 8, 2: 8, 3: 4, 4: 2 }, exhausted: 0, out: "4" },
      { votes: { 1: 8, 2: 8, 3: 4 }, exhausted: 2, out: "3" },
      {
        votes: { 1: 10, 2: 10 },
        exhausted: 2,
        out: null,
        tie: { between: ["1", "2"], decidedBy: null },
      },
    ],
  },
};

export const rated = { ...poll, kind: "rating", choicesMax: 4 } as Poll;
const grades = [
  [120, 340, 1_020, 2_204, 3_870],
  [2_310, 1_870, 905, 410, 388],
  [10, 22, 41, 13, 9],
  [0, 0, 0, 0, 0],
];
export const ratedResults: Results = {
  ...resultsOf(rated, [], 12_432, "open"),
  outcome: outcomeOf({
    kind: "rating",
    options: grades.map((counts, index) => ({
      id: String(index + 1),
      votes: counts.reduce((sum, count) => sum + count, 0),
      gradeSum: counts.reduce((sum, count, grade) => sum + count * (grade + 1), 0),
    })),
    asOfMs: nowMs,
    finalAtMs: null,
  }),
  options: resultsOf(rated, [], 12_432, "open").options.map((option, index) => {
    const counts = grades[index] ?? [];
    const given = counts.reduce((sum, count) => sum + count, 0);
    const sum = counts.reduce((total, count, grade) => total + count * (grade + 1), 0);
    const mean = given === 0 ? null : Math.round((sum * 100) / given) / 100;
    return { ...option, votes: given, share: null, grades: counts, mean };
  }),
};

/** A picture that every machine draws alike: light from above, a horizon, and water. */
const picture = (sky: string, water: string) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480"><rect width="640" height="480" fill="${sky}"/><rect y="280" width="640" height="200" fill="${water}"/></svg>`,
  )}`;
const images = [
  { url: picture("#c9d6d8", "#3f6470"), alt: "The harbour in the morning" },
  { url: picture("#e8c9a0", "#6b4a3a"), alt: "The harbour at dusk" },
  { url: picture("#8a9095", "#2b3238"), alt: "The harbour in a storm" },
];
export const withImages = (of: Poll): Poll => ({
  ...of,
  options: of.options.map((option, index) => {
    const image = images[index];
    return image ? { ...option, image } : option;
  }),
});
