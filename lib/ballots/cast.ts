/**
 * Casting a ballot: the rules of the poll, then the group commit, then the results that include it.
 *
 * Reads no MySQL, except for a change whose mark memcached has forgotten (promise 4). Knows no HTTP: routes translate.
 */
import { isFloodgateError } from "../base/errors.ts";
import type { LaneFacts, LaneRules } from "../config/lane-rules.ts";
import { type ChoiceProblem, choiceTexts, parseChoices } from "../model/choices.ts";
import { type Editions, isSameEdition } from "../model/edition.ts";
import type { BallotId, Slug } from "../model/ids.ts";
import type { Lane } from "../model/lane.ts";
import type { Poll } from "../model/poll.ts";
import { pollState } from "../model/poll-state.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { receiptCode } from "../receipts/receipt-code.ts";
import type { ResultsBoard } from "../results/results-board.ts";
import type { Snapshot } from "../results/snapshot.ts";
import { isStoreFailure } from "../store/failure.ts";
import {
  defaultBallotId,
  type Identity,
  mintIdentity,
  type SignedIdentity,
  signedFor,
  voterKey,
} from "../voters/identity.ts";
import { markTtlSeconds } from "../voters/marks.ts";
import type { KnownSecrets } from "../voters/voter-secrets.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { VotesUnderWay } from "./under-way.ts";

export interface CastDeps {
  readonly commit: GroupCommit;
  readonly underWay: VotesUnderWay;
  readonly laneOf: LaneRules["laneOf"];
  readonly published: PublishedPolls;
  readonly results: ResultsBoard;
  readonly secrets: KnownSecrets;
  readonly editions: Editions;
}

export interface CastInput {
  readonly slug: Slug;
  /** The edition that the reader saw; `undefined`: the client did not say. */
  readonly edition: string | undefined;
  /** `undefined`: the request brought none, and gets a new one. */
  readonly identity: Identity | undefined;
  /** Option ids as the client sent them. */
  readonly choices: readonly string[];
  readonly ballotId: BallotId | undefined;
  /** The parts of the request that lane rules may read. */
  readonly request: () => Pick<LaneFacts, "cookie" | "uri" | "host">;
  /** For a change: the revision of the ballot that it replaces, or withdraws when it has no choices. */
  readonly replaces: number | undefined;
  /** When the request arrived; site time. Decides whether the poll was open. */
  readonly receivedAtMs: number;
}

export type CastOutcome =
  | {
      readonly outcome: "accepted";
      readonly ballotId: BallotId;
      readonly revision: number;
      readonly receipt: string;
      readonly results: Snapshot | null;
      readonly voter: SignedIdentity;
    }
  | {
      /** `ballot_changed`: another change of the same ballot came first. */
      readonly outcome: "already_voted" | "ballot_changed";
      /** The choices of the ballot that stands; none when it is withdrawn. */
      readonly choices: readonly string[];
      readonly revision: number;
      readonly results: Snapshot | null;
    }
  | { readonly outcome: "not_found" | "not_open" | "closed" | "ballot_id_reused" }
  /** The slug has another poll now, or the poll another question or other options than the reader saw. */
  | { readonly outcome: "replaced" }
  | { readonly outcome: "change_refused" | "voter_unknown" }
  | { readonly outcome: "invalid_choices"; readonly problem: ChoiceProblem }
  | { readonly outcome: "unavailable" | "full" | "overloaded" }
  /** This process lacks the secret that the poll was created with: another would make a retry another voter's ballot. */
  | { readonly outcome: "secret_unknown" };

/** An accepted ballot is answered after this time, without results that this front has not read yet. */
const resultsMsMax = 500;

/** Casts or changes one ballot. Cost: one round of the group commit, usually some milliseconds. */
export function castBallot(deps: CastDeps, input: CastInput): Promise<CastOutcome> {
  return deps.underWay.during(input.receivedAtMs, () => cast(deps, input));
}

async function cast(deps: CastDeps, input: CastInput): Promise<CastOutcome> {
  const { receivedAtMs, replaces } = input;
  const { publication } = deps.published;
  const poll = await findPoll(deps, input);
  const refusal = pollRefusal(deps, poll, input);
  if (!poll || refusal) return refusal ?? { outcome: "not_found" };
  const withdraws = replaces !== undefined && input.choices.length === 0;
  const choices = withdraws ? new Uint8Array() : parseChoices(poll, input.choices);
  if (typeof choices === "string") return { outcome: "invalid_choices", problem: choices };

  const secrets = deps.secrets.of(poll);
  if (!secrets) return { outcome: "secret_unknown" };
  const revision = replaces === undefined ? 0 : replaces + 1;
  const identity = input.identity ?? mintIdentity(secrets, input.ballotId);
  const voter = voterKey(secrets, poll.id, identity);
  const ballotId = input.ballotId ?? defaultBallotId(secrets, voter, choices, revision);
  const { id: pollId, key: pollKey } = poll;
  // Without a spread in this literal, which would make each ballot a slow object and votes a quarter dearer.
  const committed = await deps.commit.offer({
    pollId,
    pollKey,
    slug: poll.slug,
    voter,
    ballotId,
    revision,
    choices,
    kind: poll.kind,
    receivedAtMs,
    publication,
    markTtlSeconds: markTtlSeconds(poll, receivedAtMs),
    tallied: true,
    lane: deps.laneOf(new BallotLaneFacts(poll, input.request)),
  });
  if (committed.outcome === "accepted") {
    if (committed.tally) deps.results.noteMoves(poll.key, committed.tally);
    const fresh = deps.results.fresh(poll, requesterWith(choices));
    return {
      outcome: "accepted",
      ballotId,
      revision,
      receipt: receiptCode(secrets, { pollId, pollKey, voter, ballotId, revision }),
      results: fresh ?? (await resultsIfKnown(deps, poll, choices)),
      voter: signedFor(identity, secrets, deps.secrets),
    };
  }
  if (committed.outcome === "already_voted") {
    const { mark } = committed;
    return {
      outcome: revision === 0 ? "already_voted" : "ballot_changed",
      choices: choiceTexts(poll, mark.choices),
      revision: mark.revision,
      results: await resultsIfKnown(deps, poll, mark.choices),
    };
  }
  return committed;
}

/** Reads the request only when a lane rule asks for it; few sites have such rules. */
class BallotLaneFacts implements LaneFacts {
  readonly poll: string;
  readonly pollLane: Lane;
  readonly #request: CastInput["request"];

  constructor({ slug, lane }: Poll, request: CastInput["request"]) {
    this.poll = slug;
    this.pollLane = lane;
    this.#request = request;
  }

  get cookie(): string {
    return this.#request().cookie;
  }

  get uri(): string {
    return this.#request().uri;
  }

  get host(): string {
    return this.#request().host;
  }
}

/** The poll. A remembered copy that would refuse the ballot is read again first. */
async function findPoll(deps: CastDeps, input: CastInput): Promise<Poll | null> {
  const poll = deps.published.remembered(input.slug) ?? (await deps.published.find(input.slug));
  return pollRefusal(deps, poll, input) ? deps.published.findCurrent(input.slug) : poll;
}

/** Why a poll does not take this ballot; `undefined` when it does. */
function pollRefusal(
  { editions }: CastDeps,
  poll: Poll | null,
  { edition, identity, replaces, receivedAtMs }: CastInput,
): CastOutcome | undefined {
  if (!poll) return { outcome: "not_found" };
  if (edition !== undefined && !isSameEdition(editions.of(poll), edition)) {
    return { outcome: "replaced" };
  }
  const state = pollState(poll, receivedAtMs);
  if (state === "draft" || state === "scheduled") return { outcome: "not_open" };
  if (state !== "open") return { outcome: "closed" };
  if (replaces === undefined) return undefined;
  if (!poll.mayChange) return { outcome: "change_refused" };
  // A new identity would make it another voter's first ballot.
  return identity?.signedBy ? undefined : { outcome: "voter_unknown" };
}

/** Withdrawing a ballot makes the reader a non-voter again. */
const requesterWith = (choices: Uint8Array) => (choices.length > 0 ? "voter" : "reader");

/** The ballot's outcome is settled, so a failure to read results must not change the answer. */
function resultsIfKnown(deps: CastDeps, poll: Poll, choices: Uint8Array): Promise<Snapshot | null> {
  return deps.results.snapshot(poll, requesterWith(choices), resultsMsMax).catch(error => {
    if (isFloodgateError(error) || isStoreFailure(error)) return null;
    throw error;
  });
}
