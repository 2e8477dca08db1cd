/**
 * The rules that an editor sets for a poll, beyond its question and times. The words are the same in SQL, code and
 * API. Pure.
 */
import type { Lane } from "./lane.ts";

/** How readers vote: choose, rank, or give grades from 1 to 5. The order is that of the numbers in slots. */
export const pollKinds = ["choice", "ranked", "rating"] as const;
export type PollKind = (typeof pollKinds)[number];

/** Who sees results. `voters`: while the poll is open, readers who have voted; then everyone. */
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
  /** The order of the options on the page where readers vote. */
  readonly optionOrder: (typeof optionOrders)[number];
  readonly resultsTo: (typeof resultsToValues)[number];
  /** With `from_date`; milliseconds since 1970. */
  readonly resultsFromMs: number | null;
  /** Which numbers readers get, on pages and in the API. */
  readonly resultsAs: (typeof resultsAsValues)[number];
  /** What readers see after they have voted. */
  readonly afterVote: (typeof afterVoteValues)[number];
  /** With `text`, the text; with `link`, the words of the link. */
  readonly afterVoteText: string;
  /** With `link`: https only. */
  readonly afterVoteLink: string;
  /** The lane of its ballots, unless one of the site's rules applies. */
  readonly lane: Lane;
  /** Readers may change or withdraw their ballots while the poll is open. */
  readonly mayChange: boolean;
  /** It is in readers' list of polls and in its search, and search engines may show it. */
  readonly listed: boolean;
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
  listed: true,
};
