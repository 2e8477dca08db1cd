/**
 * Votes without JavaScript: a plain form, answered with a redirect, or with a page that explains the error and
 * keeps the choices.
 *
 * A browser without the identity cookie gets one and repeats the form (307). So every vote belongs to an identity
 * that the browser has stored, and a form sent twice is one vote.
 */
import type { BallotOutcome } from "#lib/ballots/ballot-outcome.ts";
import { errorSpec } from "#lib/base/errors.ts";
import type { ChoiceProblem } from "#lib/model/choices.ts";
import { editionOf, isSameEdition } from "#lib/model/edition.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { mintIdentity } from "#lib/voters/identity.ts";
import { hasVoted, markOf } from "#lib/web/answer-results.ts";
import {
  castError,
  castVote,
  identityHeaders,
  identityOf,
  type StandingBallot,
  standingBallot,
} from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import { findPublicPoll, framingOptions, noticeOf, resultsForPage } from "./answer-poll-page.ts";
import { alreadyVoted, answerParameter, type FormAnswer, isOver } from "./form-answer.ts";
import {
  choicesFromFields,
  chosenFields,
  editionInForm,
  formBallotId,
  isWithdrawal,
  replacedRevision,
} from "./form-choices.ts";
import { type PageContext, pageContextOf } from "./page-context.ts";
import { htmlResponse } from "./page-response.ts";
import { pollPage } from "./render-pages.tsx";
import { instruction } from "./views/instruction.ts";
import { answeredPath, pollPath, type Surface, typedAddress, votePath } from "./views/paths.ts";
import type { Words } from "./words/words.ts";

/** Marks the repeated form: a cookie still missing then means that the browser stores none. */
const withCookie = "cookie";

export async function answerFormVote(
  front: Front,
  slug: string,
  request: Request,
  form: URLSearchParams,
): Promise<Response> {
  const url = new URL(request.url);
  const surface = surfaceOf(request);
  const poll = await findPublicPoll(front, slug, request, surface);
  if (poll instanceof Response) return poll;
  const edition = editionInForm(form);
  // Before anything is said about choices, which may be those of another poll.
  if (edition !== undefined && !isSameEdition(editionOf(poll), edition)) {
    const current = await front.published.findCurrent(poll.slug);
    if (current && !isSameEdition(editionOf(current), edition)) {
      return answerReplaced(front, poll.slug, request, surface);
    }
  }
  const choices = chosenFields(form);
  const replaces = replacedRevision(form);
  const ballotId = formBallotId(form);
  const to = {
    front,
    request,
    poll,
    surface,
    choices,
    replaces,
    context: pageContextOf(front.config, request, poll),
  };
  const identity = identityOf(front, request);
  if (!identity) {
    if (url.searchParams.has(withCookie)) return answer(to, 403, "bad", "cookiesNeeded");
    const secrets = front.secrets.of(poll);
    if (!secrets) return refusal(to, { outcome: "secret_unknown" });
    const minted = { ...mintIdentity(secrets, ballotId), signWith: secrets };
    return new Response(null, {
      status: 307,
      headers: {
        ...identityHeaders(front, request, minted),
        Location: votePath(poll, surface, to.context.urlLanguage, withCookie),
        "Cache-Control": "no-store",
      },
    });
  }
  const withdraws = isWithdrawal(form);
  const cast = withdraws ? [] : choicesFromFields(poll, choices);
  if (!cast) return refusal(to, { outcome: "invalid_choices", problem: "repeated_option" });
  if (cast.length === 0 && !withdraws) {
    return refusal(to, { outcome: "invalid_choices", problem: "too_few" });
  }
  const input = { choices: cast, replaces, ballotId, edition };
  const before = replaces === undefined ? undefined : await markOf(front, poll, request);
  const ballot = await castVote(front, request, poll.slug, input, identity);
  const { outcome, accepted } = ballot;
  if (outcome.outcome === "replaced") return answerReplaced(front, poll.slug, request, surface);
  if (!accepted) return refusal(to, outcome, standingBallot(ballot));
  const showResults = poll.afterVote === "results" && !withdraws;
  const done = withdraws ? "withdrawn" : hasVoted(before) ? "changed" : "counted";
  const headers = identityHeaders(front, request, accepted.voter);
  if (await markOf(front, poll, request)) {
    return redirect(to, showResults ? "results" : "vote", done, headers);
  }
  const { revision, receipt } = accepted;
  const own = { choices: cast, revision, receipt };
  return page(to, 200, { tone: "good", text: to.context.words.say(done) }, own, headers);
}

/**
 * To the page that says how the form was answered, so that a reload or the way back sends nothing again. That page needs
 * the mark, which memcached lacks while votes go straight into MySQL.
 */
function redirect(
  { poll, surface, context }: VoteContext,
  show: "vote" | "results",
  answer: FormAnswer,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const said = `${answerParameter}=${answer}`;
  const location = answeredPath(poll, surface, show, context.urlLanguage, said);
  return new Response(null, {
    status: 303,
    headers: { ...headers, Location: location, "Cache-Control": "no-store" },
  });
}

/** Answers a form from another origin, or from a sandboxed frame, with a page that names the address to vote at. */
export async function answerForeignForm(
  front: Front,
  slug: string,
  request: Request,
): Promise<Response> {
  const surface = surfaceOf(request);
  const poll = await findPublicPoll(front, slug, request, surface);
  if (poll instanceof Response) return poll;
  const context = pageContextOf(front.config, request, poll);
  const path = pollPath(poll, "page", "vote", context.urlLanguage);
  const address = context.words.isolated(typedAddress(front.config.publicUrl + path));
  const to = { front, request, poll, surface, choices: [], replaces: undefined, context };
  const text = context.words.say("voteElsewhere", { address });
  return page(to, errorSpec("forbidden").status, { tone: "bad", text });
}

const surfaceOf = ({ url }: Request): Surface =>
  new URL(url).searchParams.get("from") === "embed" ? "embed" : "page";

/** One submitted form, and the page that answers it. */
interface VoteContext {
  readonly front: Front;
  readonly request: Request;
  readonly poll: Poll;
  readonly surface: Surface;
  readonly choices: readonly string[];
  /** The revision that the form changes; `undefined` for a first ballot. */
  readonly replaces: number | undefined;
  readonly context: PageContext;
}

async function refusal(
  to: VoteContext,
  outcome: BallotOutcome,
  standing?: StandingBallot,
): Promise<Response> {
  const { words } = to.context;
  const { status } = errorSpec(castError({ outcome, poll: to.poll, results: null }).code);
  switch (outcome.outcome) {
    case "already_voted":
    case "ballot_changed": {
      const mark = await markOf(to.front, to.poll, to.request);
      if (mark) return redirect(to, "results", outcome.outcome);
      const key = outcome.outcome === "ballot_changed" ? "changedElsewhere" : alreadyVoted(to.poll);
      return answer(to, status, "warn", key, standing);
    }
    case "change_refused":
      return answer(to, status, "bad", "noChanges");
    case "voter_unknown":
      return answer(to, status, "bad", "changeUnknown");
    case "ballot_id_reused":
      return answer(to, status, "warn", "ballotIdReused");
    case "invalid_choices":
      return page(to, status, { tone: "warn", text: problemText(words, to.poll, outcome.problem) });
    case "closed": {
      const mark = await markOf(to.front, to.poll, to.request);
      const isKnown = isOver(pollState(to.poll, to.front.clock.nowMs()));
      if (isKnown && hasVoted(mark)) return redirect(to, "results", "closed");
      const changes = hasVoted(mark) || to.replaces !== undefined;
      return answer(to, status, "bad", changes ? "closedUnchanged" : "closedDetail");
    }
    case "not_open":
    case "not_found":
      return answer(to, status, "bad", "closedDetail");
    case "overloaded":
      return answer(to, status, "warn", "overloaded");
    default:
      return answer(to, status, "warn", "unavailable");
  }
}

function problemText(words: Words, poll: Poll, problem: ChoiceProblem): string {
  if (problem === "unknown_option") return words.say("noSuchOption");
  if (problem === "repeated_option" && poll.kind === "choice") return words.say("tooManyRepeats");
  return instruction(words, poll);
}

/** The ballot of this voter that counts. */
interface OwnBallot {
  readonly choices: readonly string[];
  readonly revision: number;
  readonly receipt?: string;
}

function answer(
  to: VoteContext,
  status: number,
  tone: "warn" | "bad",
  key: Parameters<Words["say"]>[0],
  ownBallot?: OwnBallot,
): Promise<Response> {
  const text = to.context.words.say(key);
  return page(to, status, { tone, text }, ownBallot);
}

async function page(
  { front, poll, surface, choices, replaces, context }: VoteContext,
  status: number,
  message: { tone: "good" | "warn" | "bad"; text: string },
  ownBallot?: OwnBallot,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const state = pollState(poll, front.clock.nowMs());
  const mine = ownBallot?.choices.length ? ownBallot.choices : undefined;
  const results =
    state === "scheduled" ? null : await resultsForPage(front, poll, mine ? "voter" : "reader");
  const revision = ownBallot?.revision ?? replaces;
  const html = pollPage(context, {
    poll,
    surface,
    nowMs: front.clock.nowMs(),
    state,
    results,
    chosen: choices,
    message,
    show: mine ? "results" : "vote",
    notice: noticeOf(front),
    changing: replaces !== undefined && !ownBallot,
    ...(mine && { mine }),
    ...(ownBallot?.receipt !== undefined && { receipt: ownBallot.receipt }),
    ...(revision !== undefined && { revision }),
  });
  return htmlResponse(html, {
    status,
    personal: true,
    options: poll.options,
    ...framingOptions(front, surface),
    headers: {
      ...headers,
      // Kept in the browser's own history: otherwise the way back to this page is an error page.
      "Cache-Control": "private, no-cache, no-transform",
      ...(status === 503 && { "Retry-After": "2" }),
    },
  });
}

/** The page with the poll as it is now, and the sentence that the vote is not counted in it. */
async function answerReplaced(
  front: Front,
  slug: Slug,
  request: Request,
  surface: Surface,
): Promise<Response> {
  const poll = await findPublicPoll(front, slug, request, surface);
  if (poll instanceof Response) return poll;
  const context = pageContextOf(front.config, request, poll);
  const to = { front, request, poll, surface, choices: [], replaces: undefined, context };
  return answer(to, errorSpec("poll_replaced").status, "warn", "replaced");
}
