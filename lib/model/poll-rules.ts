/**
 * The rules that an editor sets for a poll, beyond its question and times. The words are the same in SQL, code and
 * API. Pure.
 */
import type { Lane } from "./lane.ts";

/** How readers vote, in the order of the numbers that slots have for them: choose, rank, or give grades from 1 to 5. */
export const pollKinds = ["choice", "ranked", "rating"] as const;
export type PollKind = (typeof pollKinds)[number];

/** Who sees results. `voters`: while it is open, whoever has voted; then everyone. */
export const resultsToValues = [
  "everyone",
  "voters",
  "after_close",
  "from_date",
  "staff",
  "nobody",
] as const;
export const resultsAsValues = ["both", "percentages", "counts"] as const;
export const optionOrders = ["fixed", "random"] as const;
export const afterVoteValues = ["results", "thanks", "text", "link"] as const;

export interface PollRules {
  readonly kind: PollKind;
  /** Of the options on the page that readers vote on. */
  readonly optionOrder: (typeof optionOrders)[number];
  readonly resultsTo: (typeof resultsToValues)[number];
  /** With `from_date`; milliseconds since 1970. */
  readonly resultsFromMs: number | null;
  /** Which numbers are told: to readers, by whatever way. */
  readonly resultsAs: (typeof resultsAsValues)[number];
  /** What a reader is shown who has voted. */
  readonly afterVote: (typeof afterVoteValues)[number];
  /** With `text`, the text; with `link`, the words of the link. */
  readonly afterVoteText: string;
  /** With `link`: https only. */
  readonly afterVoteLink: string;
  /** The lane of its ballots, unless a rule of the site comes before. */
  readonly lane: Lane;
  /** Readers may change or withdraw their ballots while it is open. */
  readonly mayChange: boolean;
}

export const defaultRules: PollRules = {
  kind: "choice",
  optionOrder: "fixed",
  resultsTo: "everyone",
  resultsFromMs: null,
  resultsAs: "both",
  afterVote: "results",
  afterVoteText: "",
  afterVoteLink: "",
  lane: "normal",
  mayChange: false,
};
