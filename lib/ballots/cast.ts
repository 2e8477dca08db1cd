/**
 * Casting a ballot: the rules of the poll, then the group commit, then the results that include it.
 *
 * Reads no MySQL, except for a change whose mark memcached has forgotten (promise 4). Knows no HTTP: routes translate.
 */
import { isFloodgateError } from "../base/errors.ts";
import type { LaneFacts, LaneRules } from "../config/lane-rules.ts";
import { parseChoices } from "../model/choices.ts";
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
import type { KnownSecrets, VoterSecrets } from "../voters/voter-secrets.ts";
import type { BallotOutcome, Refusal } from "./ballot-outcome.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { OfferedBallot } from "./pending-ballot.ts";
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

/** A ballot's outcome, and what its voter is told with it. */
export interface CastBallot {
  readonly outcome: BallotOutcome;
  readonly poll: Poll | null;
  /** Results as the voter may see them; `null` when they can't be read in time, or are not told. */
  readonly results: Snapshot | null;
  /** Present when the ballot was accepted. */
  readonly accepted?: AcceptedBallot;
}

export interface AcceptedBallot {
  readonly ballotId: BallotId;
  readonly revision: number;
  readonly receipt: string;
  readonly voter: SignedIdentity;
}

/** An accepted ballot is answered after this time, without results that this front has not read yet. */
const resultsMsMax = 500;

/** Casts or changes one ballot. Cost: one round of the group commit, usually some milliseconds. */
export async function castBallot(deps: CastDeps, input: CastInput): Promise<CastBallot> {
  const vote = deps.underWay.begin(input.receivedAtMs);
  try {
    return await cast(deps, input);
  } finally {
    deps.underWay.end(vote);
  }
}

async function cast(deps: CastDeps, input: CastInput): Promise<CastBallot> {
  const { publication } = deps.published;
  const known = deps.published.remembered(input.slug);
  const isTaking = known && pollRefusal(deps, known, input) === undefined;
  // A remembered copy that would refuse the ballot is read again first.
  const poll = isTaking ? known : await currentPoll(deps, input);
  const refusal = isTaking ? undefined : pollRefusal(deps, poll, input);
  if (!poll || refusal) return refused(refusal ?? "not_found", poll);
  const withdraws = input.replaces !== undefined && input.choices.length === 0;
  const choices = withdraws ? new Uint8Array() : parseChoices(poll, input.choices);
  if (typeof choices === "string") {
    return { outcome: { outcome: "invalid_choices", problem: choices }, poll, results: null };
  }
  const secrets = deps.secrets.of(poll);
  if (!secrets) return refused("secret_unknown", poll);
  const identity = input.identity ?? mintIdentity(secrets, input.ballotId);
  const ballot = offeredBallot(deps, input, { poll, secrets, identity, choices, publication });
  const outcome = await deps.commit.offer(ballot);
  if (outcome.outcome === "accepted") {
    if (outcome.tally) deps.results.noteMoves(poll.key, outcome.tally);
    const { ballotId, revision } = ballot;
    const receipt = receiptCode(secrets, ballot);
    const voter = signedFor(identity, secrets, deps.secrets);
    const fresh = deps.results.fresh(poll, requesterWith(choices));
    const results = fresh ?? (await resultsIfKnown(deps, poll, choices));
    return { outcome, poll, results, accepted: { ballotId, revision, receipt, voter } };
  }
  if (!("mark" in outcome)) return { outcome, poll, results: null };
  return { outcome, poll, results: await resultsIfKnown(deps, poll, outcome.mark.choices) };
}

const refused = (outcome: Refusal, poll: Poll | null): CastBallot => ({
  outcome: { outcome },
  poll,
  results: null,
});

interface Checked {
  readonly poll: Poll;
  readonly secrets: VoterSecrets;
  readonly identity: Identity;
  readonly choices: Uint8Array;
  readonly publication: number;
}

function offeredBallot(
  deps: CastDeps,
  { ballotId: given, replaces, receivedAtMs, request }: CastInput,
  { poll, secrets, identity, choices, publication }: Checked,
): OfferedBallot {
  const revision = replaces === undefined ? 0 : replaces + 1;
  const voter = voterKey(secrets, poll.id, identity);
  // Without a spread in this literal, which would make each ballot a slow object and votes a quarter dearer.
  return {
    pollId: poll.id,
    pollKey: poll.key,
    slug: poll.slug,
    voter,
    ballotId: given ?? defaultBallotId(secrets, voter, choices, revision),
    revision,
    choices,
    kind: poll.kind,
    receivedAtMs,
    publication,
    markTtlSeconds: markTtlSeconds(poll, receivedAtMs),
    tallied: true,
    lane: deps.laneOf(new BallotLaneFacts(poll, request)),
  };
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

/** The poll as it is published now, unless this process knows it and it takes the ballot. */
async function currentPoll(deps: CastDeps, input: CastInput): Promise<Poll | null> {
  const poll = await deps.published.find(input.slug);
  return pollRefusal(deps, poll, input) ? deps.published.findCurrent(input.slug) : poll;
}

/** Why a poll does not take this ballot; `undefined` when it does. */
function pollRefusal(
  { editions }: CastDeps,
  poll: Poll | null,
  { edition, identity, replaces, receivedAtMs }: CastInput,
): Refusal | undefined {
  if (!poll) return "not_found";
  if (edition !== undefined && !isSameEdition(editions.of(poll), edition)) return "replaced";
  const state = pollState(poll, receivedAtMs);
  if (state === "draft" || state === "scheduled") return "not_open";
  if (state !== "open") return "closed";
  if (replaces === undefined) return undefined;
  if (!poll.mayChange) return "change_refused";
  // A new identity would make it another voter's first ballot.
  return identity?.signedBy ? undefined : "voter_unknown";
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
