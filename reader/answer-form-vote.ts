/**
 * Votes without JavaScript: a plain form, answered with a redirect, or with a page that explains the error and
 * keeps the choices.
 *
 * A browser without the identity cookie gets one and repeats the form (307). So every vote belongs to an identity
 * that the browser has stored, and a form sent twice is one vote.
 */
import type { CastOutcome } from "#lib/ballots/cast.ts";
import { errorSpec } from "#lib/base/errors.ts";
import { editionOf, isSameEdition } from "#lib/model/edition.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { mintIdentity } from "#lib/voters/identity.ts";
import { castError, castVote, identityHeaders, identityOf } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import { findPublicPoll, framingOptions, noticeOf, resultsForPage } from "./answer-poll-page.ts";
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
import { pollPath, type Surface, votePath } from "./views/paths.ts";
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
  const surface: Surface = url.searchParams.get("from") === "embed" ? "embed" : "page";
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
  const outcome = await castVote(front, request, poll.slug, input, identity);
  if (outcome.outcome === "replaced") return answerReplaced(front, poll.slug, request, surface);
  if (outcome.outcome !== "accepted") return refusal(to, outcome);
  const showResults = poll.afterVote === "results" && !withdraws;
  return new Response(null, {
    status: 303,
    headers: {
      ...identityHeaders(front, request, outcome.voter),
      Location: pollPath(poll, surface, showResults ? "results" : "vote", to.context.urlLanguage),
      "Cache-Control": "no-store",
    },
  });
}

/** One submitted form, and the page that answers it. */
interface VoteContext {
  readonly front: Front;
  readonly poll: Poll;
  readonly surface: Surface;
  readonly choices: readonly string[];
  /** The revision that the form changes; `undefined` for a first ballot. */
  readonly replaces: number | undefined;
  readonly context: PageContext;
}

type Refused = Exclude<CastOutcome, { outcome: "accepted" | "replaced" }>;

async function refusal(to: VoteContext, outcome: Refused): Promise<Response> {
  const { words } = to.context;
  const error = castError(outcome);
  const { status } = errorSpec(error.code);
  switch (outcome.outcome) {
    case "already_voted": {
      const key = to.poll.mayChange ? "alreadyVotedMayChange" : "alreadyVoted";
      return answer(to, status, "warn", key, outcome);
    }
    case "ballot_changed":
      return answer(to, status, "warn", "changedElsewhere", outcome);
    case "change_refused":
      return answer(to, status, "bad", "noChanges");
    case "voter_unknown":
      return answer(to, status, "bad", "changeUnknown");
    case "ballot_id_reused":
      return answer(to, status, "warn", "ballotIdReused");
    case "invalid_choices":
      return page(to, status, { tone: "warn", text: problemText(words, to.poll, outcome) });
    case "closed":
    case "not_open":
    case "not_found":
      return answer(
        to,
        status,
        "bad",
        to.replaces === undefined ? "closedDetail" : "closedUnchanged",
      );
    case "overloaded":
      return answer(to, status, "warn", "overloaded");
    case "full":
    case "secret_unknown":
    case "unavailable":
      return answer(to, status, "warn", "unavailable");
  }
}

function problemText(
  words: Words,
  poll: Poll,
  { problem }: Extract<CastOutcome, { outcome: "invalid_choices" }>,
): string {
  if (problem === "unknown_option") return words.say("noSuchOption");
  if (problem === "repeated_option" && poll.kind === "choice") return words.say("tooManyRepeats");
  return instruction(words, poll);
}

/** The ballot of this voter that counts. */
interface OwnBallot {
  readonly choices: readonly string[];
  readonly revision: number;
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
  message: { tone: "warn" | "bad"; text: string },
  ownBallot?: OwnBallot,
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
    ...(revision !== undefined && { revision }),
  });
  return htmlResponse(html, {
    status,
    personal: true,
    options: poll.options,
    ...framingOptions(front, surface),
    ...(status === 503 && { headers: { "Retry-After": "2" } }),
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
  const to = { front, poll, surface, choices: [], replaces: undefined, context };
  return answer(to, errorSpec("poll_replaced").status, "warn", "replaced");
}
