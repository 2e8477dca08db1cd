/**
 * What an editor decides about a poll beyond its question and times: columns of `polls`. The words are the
 * same in SQL, code and API.
 */
import type { Lane } from "../config/lane-rules.ts";
import type { Row } from "./database.ts";

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

export interface PollRulesRow extends Row {
  readonly kind: PollKind;
  readonly option_order: PollRules["optionOrder"];
  readonly results_to: PollRules["resultsTo"];
  readonly results_from: Date | null;
  readonly results_as: PollRules["resultsAs"];
  readonly after_vote: PollRules["afterVote"];
  readonly after_vote_text: string;
  readonly after_vote_link: string;
  readonly lane: Lane;
  readonly may_change: number;
}

/** In the order of `ruleValues`. */
export const ruleColumns = [
  "kind",
  "option_order",
  "results_to",
  "results_from",
  "results_as",
  "after_vote",
  "after_vote_text",
  "after_vote_link",
  "lane",
  "may_change",
] as const;

export function rulesOf(row: PollRulesRow): PollRules {
  return {
    kind: row.kind,
    optionOrder: row.option_order,
    resultsTo: row.results_to,
    resultsFromMs: row.results_from?.getTime() ?? null,
    resultsAs: row.results_as,
    afterVote: row.after_vote,
    afterVoteText: row.after_vote_text,
    afterVoteLink: row.after_vote_link,
    lane: row.lane,
    mayChange: row.may_change === 1,
  };
}

export function ruleValues(rules: PollRules): (string | number | Date | null)[] {
  return [
    rules.kind,
    rules.optionOrder,
    rules.resultsTo,
    rules.resultsFromMs === null ? null : new Date(rules.resultsFromMs),
    rules.resultsAs,
    rules.afterVote,
    rules.afterVoteText,
    rules.afterVoteLink,
    rules.lane,
    rules.mayChange ? 1 : 0,
  ];
}
