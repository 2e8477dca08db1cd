/**
 * A poll's rules: columns of `polls`. The words are the same in SQL, code and API.
 */
import type { Lane } from "../model/lane.ts";
import type { PollKind, PollRules } from "../model/poll-rules.ts";
import type { Row } from "./database.ts";

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
  readonly listed: number;
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
  "listed",
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
    listed: row.listed === 1,
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
    rules.listed ? 1 : 0,
  ];
}
