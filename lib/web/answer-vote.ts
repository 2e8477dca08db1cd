/** From an HTTP vote to a cast ballot: what voting by script and by plain form share. */

import { type CastOutcome, castBallot } from "../ballots/cast.ts";
import { SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import type { JsonOrForm } from "../http/body.ts";
import { parse, problemAnswer } from "../http/problem.ts";
import type { RequestHead } from "../http/request-head.ts";
import { type Answer, jsonHeadersWith } from "../http/respond.ts";
import { refuseCrossSite } from "../http/same-origin.ts";
import { uuidOf } from "../model/ballot-id.ts";
import type { ChoiceProblem } from "../model/choices.ts";
import type { BallotId, Slug } from "../model/ids.ts";
import { isSlug } from "../polls/schema.ts";
import {
  type Identity,
  identityCookie,
  identityToken,
  readIdentity,
  readToken,
  type SignedIdentity,
  voterHeader,
} from "../voters/identity.ts";
import { castRequestSchema } from "./contract.ts";
import type { Front } from "./front.ts";

export interface VoteInput {
  readonly choices: readonly string[];
  readonly ballotId?: BallotId | undefined;
  readonly replaces?: number | undefined;
  readonly edition?: string | undefined;
}

/**
 * The header in which pages name the edition that they show, with a vote in JSON and with a long poll. A front of release 0.2.0 ignores it, and would refuse
 * a member of the body that it does not know.
 */
export const editionHeader = "floodgate-edition";

/** Details of `invalid_ballot`, for the author of a client. */
const choiceDetails: Readonly<Record<ChoiceProblem, string>> = {
  unknown_option: "choices contains an option that this poll does not have",
  repeated_option: "choices contains an option twice",
  not_a_grade:
    "choices contains a grade although this poll is no rating, or lacks one although it is",
  too_few: "choices contains fewer options than this poll asks for",
  too_many: "choices contains more options than this poll allows",
};

/** The identity in a request's cookie, or in an embed's token. */
export function identityOf(front: Front, request: RequestHead): Identity | undefined {
  const { secrets } = front;
  return (
    readIdentity(secrets, front.config.publicUrl, request.headers.get("cookie")) ??
    readToken(secrets, request.headers.get(voterHeader))
  );
}

/** Headers that give the browser its identity, if it lacks it: a cookie, and for an embed a token. */
export function identityHeaders(
  front: Front,
  request: RequestHead,
  { id, signWith }: SignedIdentity,
): Record<string, string> | undefined {
  if (!signWith) return undefined;
  const cookie = { "Set-Cookie": identityCookie(signWith, front.config.publicUrl, id) };
  if (!request.headers.has(voterHeader)) return cookie;
  return { ...cookie, [voterHeader]: identityToken(signWith, id) };
}

/** Casts the ballot of a request; now is when it was received. */
export function castVote(
  front: Front,
  request: RequestHead,
  slug: Slug,
  input: VoteInput,
  identity: Identity | undefined,
): Promise<CastOutcome> {
  return castBallot(front.voting().cast, {
    slug,
    edition: input.edition,
    identity,
    choices: input.choices,
    ballotId: input.ballotId,
    request: () => laneFacts(request),
    replaces: input.replaces,
    receivedAtMs: front.clock.nowMs(),
  });
}

const address = /^[a-z]+:\/\/([^/?#]*?)(?::\d*)?(\/[^#]*)?$/i;

/** Parsed without `URL`, which throws for an invalid host: a vote must not fail because of one. */
function laneFacts({ headers, url }: RequestHead) {
  const [, host = "", uri = "/"] = address.exec(url) ?? [];
  return { cookie: headers.get("cookie") ?? "", uri, host: host.toLowerCase() };
}

type FormBody<Body> = Extract<Body, { readonly kind: "form" }>;

/**
 * The answer to a vote in JSON; a form is given back, for the route to answer with a page.
 *
 * The order of the checks is part of the contract: a request that fails several is answered by the first.
 *
 * @param slug - as it stands in the address, not yet checked.
 * @param readBody - called once the checks before it have passed.
 * @throws FloodgateError `forbidden`, `poll_not_found`, `invalid_request`; what `readBody` throws.
 */
export async function answerVote<Body extends JsonOrForm>(
  front: Front,
  request: RequestHead,
  slug: string,
  readBody: () => Body | Promise<Body>,
): Promise<Answer | FormBody<Body>> {
  refuseCrossSite(request, front.config.publicUrl);
  if (!isSlug(slug)) throw new FloodgateError("poll_not_found");
  const body = await readBody();
  return body.kind === "form"
    ? (body as FormBody<Body>)
    : answerJsonVote(front, request, slug, body.value);
}

async function answerJsonVote(
  front: Front,
  request: RequestHead,
  slug: Slug,
  body: unknown,
): Promise<Answer> {
  const given = parse(castRequestSchema, body);
  const input = { ...given, edition: request.headers.get(editionHeader) ?? given.edition };
  const outcome = await castVote(front, request, slug, input, identityOf(front, request));
  // Thrown, because the poll may have another address.
  if (outcome.outcome === "not_found") throw castError(outcome);
  if (outcome.outcome !== "accepted") return problemAnswer(castError(outcome), front.log);
  const { ballotId, revision, receipt, results, voter } = outcome;
  const shown = results?.text ?? "null";
  return {
    status: 202,
    headers: jsonHeadersWith(identityHeaders(front, request, voter)),
    body: `{"ballotId":"${uuidOf(ballotId)}","revision":${revision},"receipt":"${receipt}","results":${shown}}`,
  };
}

/** Memory is freed once MySQL is back, which takes longer than a second. */
const queueFullRetryMs = 5 * SECOND;

/** The error for an outcome, as API clients get it. */
export function castError(outcome: Exclude<CastOutcome, { outcome: "accepted" }>): FloodgateError {
  switch (outcome.outcome) {
    case "already_voted":
    case "ballot_changed": {
      const { choices, revision, results } = outcome;
      const extra = { choices, revision, results: results?.results ?? null };
      return new FloodgateError(outcome.outcome, { extra });
    }
    case "change_refused":
      return new FloodgateError("change_refused");
    case "voter_unknown":
      return new FloodgateError("voter_unknown");
    case "invalid_choices":
      return new FloodgateError("invalid_ballot", { detail: choiceDetails[outcome.problem] });
    case "ballot_id_reused":
      return new FloodgateError("ballot_id_reused");
    case "not_found":
      return new FloodgateError("poll_not_found");
    case "replaced":
      return new FloodgateError("poll_replaced");
    case "not_open":
      return new FloodgateError("poll_not_open");
    case "closed":
      return new FloodgateError("poll_closed");
    case "full":
      return new FloodgateError("queue_full", { retryAfterMs: queueFullRetryMs });
    case "overloaded":
      return new FloodgateError("overloaded");
    case "secret_unknown":
      return new FloodgateError("secret_unknown");
    case "unavailable":
      return new FloodgateError("memcached_unavailable");
  }
}
