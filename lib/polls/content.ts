/**
 * A poll's content from an editor's input, and which changes are refused.
 *
 * Before the opening, everything may change. While the poll is open, only its closing time and its rules may: who sees
 * results and in which form, what follows a vote, the lane, and whether votes may be changed. Readers have voted on the
 * rest. Once it is closed, only those rules may change.
 */
import { MINUTE, SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { isInRange, momentRangeMessage } from "../base/moments.ts";
import type { OptionNumber, Slug } from "../model/ids.ts";
import type { Poll, PollContent, PollOption } from "../model/poll.ts";
import { defaultRules, type PollRules } from "../model/poll-rules.ts";
import { pollState } from "../model/poll-state.ts";
import {
  type CreatePoll,
  changeableRulesSchema,
  contradictions,
  type UpdatePoll,
} from "./schema.ts";

/** Fields that readers do not vote on. */
const changeableWhileOpen: ReadonlySet<string> = new Set([
  "version",
  "closesAt",
  ...Object.keys(changeableRulesSchema.shape),
]);
/** Longer than a front remembers a published poll. */
const publicationLagMs = 5 * SECOND;

/** A new poll's content, without its slug. */
export function contentOf(input: CreatePoll): Omit<PollContent, "slug"> {
  return {
    question: input.question,
    description: input.description,
    choicesMin: input.choicesMin,
    choicesMax: choicesMaxOf(input, input.options.length, input.choicesMax),
    opensAtMs: input.opensAt ?? null,
    closesAtMs: input.closesAt ?? null,
    language: input.language ?? null,
    options: numbered(input.options),
    ...rulesWith(defaultRules, input),
  };
}

/** Ranked and rating ballots may name every option. */
function choicesMaxOf({ kind }: Pick<UpdatePoll, "kind">, options: number, given: number): number {
  return kind === undefined || kind === "choice" ? given : options;
}

function numbered(options: CreatePoll["options"]): PollOption[] {
  return options.map(({ label, image, pinned }, index) => ({
    number: (index + 1) as OptionNumber,
    label,
    ...(image && { image }),
    ...(pinned && { pinned }),
  }));
}

/** A poll's content with an editor's change applied. */
export function mergedWith(poll: Poll, change: UpdatePoll): PollContent {
  return {
    slug: (change.slug ?? poll.slug) as Slug,
    question: change.question ?? poll.question,
    description: change.description ?? poll.description,
    choicesMin: change.choicesMin ?? poll.choicesMin,
    choicesMax: choicesMaxOf(
      { kind: change.kind ?? poll.kind },
      change.options?.length ?? poll.options.length,
      change.choicesMax ?? poll.choicesMax,
    ),
    opensAtMs: change.opensAt === undefined ? poll.opensAtMs : change.opensAt,
    closesAtMs: change.closesAt === undefined ? poll.closesAtMs : change.closesAt,
    language: change.language === undefined ? poll.language : change.language,
    options: change.options ? numbered(change.options) : poll.options,
    ...rulesWith(poll, change),
  };
}

type RulesChange = Pick<UpdatePoll, keyof UpdatePoll & (keyof PollRules | "resultsFrom")>;

/** The rules with an editor's change applied. */
function rulesWith(before: PollRules, change: RulesChange): PollRules {
  return {
    kind: change.kind ?? before.kind,
    optionOrder: change.optionOrder ?? before.optionOrder,
    resultsTo: change.resultsTo ?? before.resultsTo,
    resultsFromMs: change.resultsFrom === undefined ? before.resultsFromMs : change.resultsFrom,
    resultsAs: change.resultsAs ?? before.resultsAs,
    afterVote: change.afterVote ?? before.afterVote,
    afterVoteText: change.afterVoteText ?? before.afterVoteText,
    afterVoteLink: change.afterVoteLink ?? before.afterVoteLink,
    lane: change.lane ?? before.lane,
    mayChange: change.mayChange ?? before.mayChange,
    listed: change.listed ?? before.listed,
  };
}

/** @throws FloodgateError `poll_in_use`, `invalid_request`. */
export function refuseLateChanges(
  poll: Poll,
  change: UpdatePoll,
  content: PollContent,
  nowMs: number,
): void {
  // A front may show the old content for a second, and takes ballots on it as soon as the poll opens.
  const state = pollState(poll, nowMs + publicationLagMs);
  if (state === "draft" || state === "scheduled") return;
  const late = Object.keys(change).filter(name => !changeableWhileOpen.has(name));
  const over = state !== "open" && "closesAt" in change;
  if (late.length > 0 || over) {
    throw new FloodgateError("poll_in_use", {
      detail:
        state === "open"
          ? "An open poll allows changes only to its closing time and its rules: who sees results and in which form, what follows a vote, the lane, and whether votes may be changed."
          : "A closed poll allows changes only to its rules, not to its closing time.",
    });
  }
  if (state === "open" && content.closesAtMs !== null && content.closesAtMs <= nowMs) {
    throw new FloodgateError("invalid_request", {
      detail: "closesAt must be in the future. To close the poll now, use the close action.",
    });
  }
}

/** A client's clock, and the way to here. */
const openingLateMsMax = 2 * MINUTE;

type Times = Pick<PollContent, "opensAtMs" | "closesAtMs">;

/**
 * Refuses times that are set now and have passed already. A mistyped year must not open a poll at once, nor open one
 * that is closed in the same moment.
 *
 * @param before - the times that the poll has; a time that does not change may have passed.
 * @throws FloodgateError `invalid_request`, `closing_passed`.
 */
export function refusePassedTimes(content: Times, nowMs: number, before?: Times): void {
  const { opensAtMs, closesAtMs } = content;
  const setsOpening = opensAtMs !== null && opensAtMs !== before?.opensAtMs;
  const setsClosing = closesAtMs !== null && closesAtMs !== before?.closesAtMs;
  const problems: { path: string; message: string }[] = [];
  if (setsOpening && opensAtMs < nowMs - openingLateMsMax) {
    const message = "has passed: to open the poll now, leave it out and use the open action";
    problems.push({ path: "opensAt", message });
  }
  if (setsClosing && closesAtMs <= nowMs) {
    problems.push({ path: "closesAt", message: "must be in the future" });
  }
  refuse(problems);
  if (setsOpening && closesAtMs !== null && closesAtMs <= nowMs) {
    throw new FloodgateError("closing_passed");
  }
}

/**
 * @param earlier - the stored poll and the change to it. A contradiction that the poll has already, and that the change
 *   does not touch, is no reason to refuse: an earlier release may have allowed it.
 * @throws FloodgateError `invalid_request` naming every field that contradicts another.
 */
export function refuseContradictions(
  content: Omit<PollContent, "slug">,
  earlier?: { readonly poll: Poll; readonly change: UpdatePoll },
): void {
  const known = earlier ? [...contradictions(earlier.poll), ...outOfRange(earlier.poll)] : [];
  const isKnown = ({ path }: { path: string }) =>
    earlier && !(path in earlier.change) && known.some(problem => problem.path === path);
  refuse([...contradictions(content), ...outOfRange(content)].filter(problem => !isKnown(problem)));
}

/** Moments that came from somewhere else than the schema. */
function outOfRange({ opensAtMs, closesAtMs, resultsFromMs }: Omit<PollContent, "slug">) {
  const moments = { opensAt: opensAtMs, closesAt: closesAtMs, resultsFrom: resultsFromMs };
  return Object.entries(moments)
    .filter(([, ms]) => ms !== null && !isInRange(ms))
    .map(([path]) => ({ path, message: momentRangeMessage }));
}

function refuse(problems: readonly { readonly path: string; readonly message: string }[]): void {
  if (problems.length === 0) return;
  throw new FloodgateError("invalid_request", {
    detail: problems.map(({ path, message }) => `${path} ${message}`).join("; "),
    extra: { problems },
  });
}
