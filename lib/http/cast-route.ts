/** From an HTTP vote to a cast ballot: what both ways of voting (script and plain form) share. */
import { type CastOutcome, castBallot } from "../ballots/cast.ts";
import type { ChoiceProblem } from "../ballots/choices.ts";
import { wallMs } from "../clock.ts";
import { FloodgateError } from "../errors.ts";
import type { BallotId, Slug } from "../ids.ts";
import type { Runtime } from "../runtime.ts";
import {
  type Identity,
  identityCookie,
  identityToken,
  mintIdentity,
  readIdentity,
  readToken,
  voterHeader,
} from "../voters/identity.ts";

export interface VoteInput {
  readonly choices: readonly string[];
  readonly ballotId?: BallotId | undefined;
}

/** What is wrong with the choices, for a program's author. */
const choiceDetails: Readonly<Record<ChoiceProblem, string>> = {
  unknown_option: "choices names an option that this poll does not have",
  repeated_option: "choices names an option twice",
  not_a_grade:
    "choices names an option with a grade where none is asked for, or without one where it is",
  too_few: "fewer choices than this poll asks for",
  too_many: "more choices than this poll allows",
};

/** The identity that a request brings, if it brings one: in its cookie, or in an embed's token. */
export function identityOf(at: Runtime, request: Request): Identity | undefined {
  const { secrets } = at.cast;
  return (
    readIdentity(secrets, at.config.publicUrl, request.headers.get("cookie")) ??
    readToken(secrets, request.headers.get(voterHeader))
  );
}

/** What gives the browser an identity that it does not have yet: a cookie, and a token to an embed. */
export function identityHeaders(
  at: Runtime,
  request: Request,
  identity: Identity,
): Record<string, string> | undefined {
  if (identity.known) return undefined;
  const { secrets } = at.cast;
  const cookie = { "Set-Cookie": identityCookie(secrets, at.config.publicUrl, identity.id) };
  if (!request.headers.has(voterHeader)) return cookie;
  return { ...cookie, [voterHeader]: identityToken(secrets, identity.id) };
}

/** Casts the ballot of a request that arrived now. */
export async function castFor(
  at: Runtime,
  request: Request,
  slug: Slug,
  input: VoteInput,
  known: Identity | undefined,
): Promise<{ outcome: CastOutcome; identity: Identity }> {
  const identity = known ?? mintIdentity(at.cast.secrets, input.ballotId);
  const outcome = await castBallot(at.cast, {
    slug,
    identity,
    choices: input.choices,
    ballotId: input.ballotId,
    request: laneFacts(request),
    receivedAtMs: wallMs(),
  });
  return { outcome, identity };
}

function laneFacts({ headers, url }: Request) {
  const { pathname, search, hostname } = new URL(url);
  return { cookie: headers.get("cookie") ?? "", uri: pathname + search, host: hostname };
}

/** The error that an outcome is, for programs. */
export function castError(outcome: Exclude<CastOutcome, { outcome: "accepted" }>): FloodgateError {
  switch (outcome.outcome) {
    case "already_voted":
      return new FloodgateError("already_voted", {
        extra: { choices: outcome.choices, results: outcome.results?.results ?? null },
      });
    case "invalid_choices":
      return new FloodgateError("invalid_ballot", { detail: choiceDetails[outcome.problem] });
    case "ballot_id_reused":
      return new FloodgateError("ballot_id_reused");
    case "not_found":
      return new FloodgateError("poll_not_found");
    case "not_open":
      return new FloodgateError("poll_not_open");
    case "closed":
      return new FloodgateError("poll_closed");
    case "full":
      return new FloodgateError("queue_full");
    case "overloaded":
      return new FloodgateError("overloaded");
    case "unavailable":
      return new FloodgateError("memcached_unavailable");
  }
}
