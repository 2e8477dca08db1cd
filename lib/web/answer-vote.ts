/** From an HTTP vote to a cast ballot: what voting by script and by plain form share. */

import type { z } from "zod";
import type { Refusal } from "../ballots/ballot-outcome.ts";
import { type CastBallot, castBallot } from "../ballots/cast.ts";
import { SECOND } from "../base/clock.ts";
import { type ErrorCode, FloodgateError } from "../base/errors.ts";
import { type JsonOrForm, parseJson } from "../http/body.ts";
import { parse, problemAnswer } from "../http/problem.ts";
import type { RequestHead } from "../http/request-head.ts";
import { type Answer, jsonHeaders } from "../http/respond.ts";
import { refuseCrossSite } from "../http/same-origin.ts";
import { ballotIdOf, uuidOf } from "../model/ballot-id.ts";
import { type ChoiceProblem, choiceTexts } from "../model/choices.ts";
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
import { errorAnswer } from "./moved.ts";

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
): Promise<CastBallot> {
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
    : answerJsonVote(front, request, slug, body.text);
}

/**
 * The answer to a vote whose body has been read, whatever is wrong with it. Never rejects.
 *
 * @param text - the body of a request whose type is JSON, decoded.
 */
export async function answerVoteText(
  front: Front,
  request: RequestHead,
  slug: string,
  text: string,
): Promise<Answer> {
  try {
    return await answerVote(front, request, slug, () => ({ kind: "json", text }) as const);
  } catch (error) {
    return errorAnswer(front, request, slug, error);
  }
}

/** One choice and a ballot id, as pages and most programs write them. */
const usualBody =
  /^\{"choices":\["([1-9]\d?)"\],"ballotId":"([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"\}$/;

/** What `castRequestSchema` makes of the usual body, without parsing it as JSON; `undefined` for any other body. */
export function usualVote(text: string): z.output<typeof castRequestSchema> | undefined {
  const [, choice, uuid] = usualBody.exec(text) ?? [];
  if (choice === undefined || uuid === undefined) return undefined;
  return { choices: [choice], ballotId: ballotIdOf(uuid) };
}

async function answerJsonVote(
  front: Front,
  request: RequestHead,
  slug: Slug,
  text: string,
): Promise<Answer> {
  const given = usualVote(text) ?? parse(castRequestSchema, parseJson(text));
  const edition = request.headers.get(editionHeader);
  const input = edition === null ? given : { ...given, edition };
  const cast = await castVote(front, request, slug, input, identityOf(front, request));
  const { outcome, accepted, results } = cast;
  if (!accepted) {
    const error = castError(cast);
    // Thrown, because the poll may have another address.
    if (outcome.outcome === "not_found") throw error;
    return problemAnswer(error, front.log);
  }
  const { ballotId, revision, receipt, voter } = accepted;
  const shown = results?.text ?? "null";
  return {
    status: 202,
    headers: jsonHeaders,
    more: identityHeaders(front, request, voter),
    body: `{"ballotId":"${uuidOf(ballotId)}","revision":${revision},"receipt":"${receipt}","results":${shown}}`,
  };
}

/** Memory is freed once MySQL is back, which takes longer than a second. */
const queueFullRetryMs = 5 * SECOND;

/** The choices and the revision of the ballot that stands for the voter; no choices when it is withdrawn. */
export interface StandingBallot {
  readonly choices: readonly string[];
  readonly revision: number;
}

/** The ballot that a refused one has met; `undefined` when the outcome is another. */
export function standingBallot({ outcome, poll }: CastBallot): StandingBallot | undefined {
  if (!("mark" in outcome) || !poll) return undefined;
  const { choices, revision } = outcome.mark;
  return { choices: choiceTexts(poll, choices), revision };
}

/** The error of a ballot that was not accepted, as API clients get it. */
export function castError(cast: CastBallot): FloodgateError {
  const { outcome, results } = cast;
  switch (outcome.outcome) {
    case "accepted":
      throw new RangeError("an accepted ballot has no error");
    case "already_voted":
    case "ballot_changed": {
      const extra = { ...standingBallot(cast), results: results?.results ?? null };
      return new FloodgateError(outcome.outcome, { extra });
    }
    case "invalid_choices":
      return new FloodgateError("invalid_ballot", { detail: choiceDetails[outcome.problem] });
    case "full":
      return new FloodgateError("queue_full", { retryAfterMs: queueFullRetryMs });
    default:
      return new FloodgateError(codeOf[outcome.outcome]);
  }
}

const codeOf: Readonly<Record<Exclude<Refusal, "full">, ErrorCode>> = {
  not_found: "poll_not_found",
  not_open: "poll_not_open",
  closed: "poll_closed",
  replaced: "poll_replaced",
  change_refused: "change_refused",
  voter_unknown: "voter_unknown",
  ballot_id_reused: "ballot_id_reused",
  unavailable: "memcached_unavailable",
  overloaded: "overloaded",
  secret_unknown: "secret_unknown",
};
