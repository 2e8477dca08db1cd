/**
 * Casting a ballot: the rules of the poll, then the group commit, then the results that include it.
 *
 * Reads no MySQL: promise 4. Knows no HTTP: routes translate.
 */
import { isFloodgateError } from "../errors.ts";
import type { BallotId, Slug } from "../ids.ts";
import type { Lane, LaneFacts, LaneRules } from "../lane-rules.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { pollState } from "../polls/state.ts";
import type { Poll } from "../store/polls.ts";
import { isStoreFailure } from "../store/pool.ts";
import type { ResultsBoard } from "../tallies/results.ts";
import type { Snapshot } from "../tallies/snapshot.ts";
import { markTtlSeconds } from "../voters/ballot-once.ts";
import { defaultBallotId, type Identity, voterKey } from "../voters/identity.ts";
import type { VoterSecrets } from "../voters/keys.ts";
import { receiptCode } from "../voters/receipt-code.ts";
import { type ChoiceProblem, choiceTexts, parseChoices } from "./choices.ts";
import type { GroupCommit } from "./group-commit.ts";

export interface CastDeps {
  readonly commit: GroupCommit;
  readonly laneOf: LaneRules["laneOf"];
  readonly published: PublishedPolls;
  readonly results: ResultsBoard;
  readonly secrets: VoterSecrets;
}

export interface CastInput {
  readonly slug: Slug;
  readonly identity: Identity;
  /** Option ids as the client sent them. */
  readonly choices: readonly string[];
  readonly ballotId: BallotId | undefined;
  /** What rules for lanes may want to look at. */
  readonly request: () => Pick<LaneFacts, "cookie" | "uri" | "host">;
  /** When the request came, by this front's wall clock: what decides whether the poll was open. */
  readonly receivedAtMs: number;
}

export type CastOutcome =
  | {
      readonly outcome: "accepted";
      readonly ballotId: BallotId;
      readonly receipt: string;
      readonly results: Snapshot | null;
    }
  | {
      readonly outcome: "already_voted";
      readonly choices: readonly string[];
      readonly results: Snapshot | null;
    }
  | { readonly outcome: "not_found" | "not_open" | "closed" | "ballot_id_reused" }
  | { readonly outcome: "invalid_choices"; readonly problem: ChoiceProblem }
  | { readonly outcome: "unavailable" | "full" | "overloaded" };

/** Casts one ballot. One round of the group commit; usually some milliseconds. */
export async function castBallot(deps: CastDeps, input: CastInput): Promise<CastOutcome> {
  const { identity, receivedAtMs } = input;
  let poll = deps.published.remembered(input.slug) ?? (await deps.published.find(input.slug));
  if (!poll || pollState(poll, receivedAtMs) !== "open") {
    // What this process remembers may be a second old, and the poll opened within it.
    poll = await deps.published.findCurrent(input.slug);
  }
  if (!poll) return { outcome: "not_found" };
  const state = pollState(poll, receivedAtMs);
  if (state === "draft" || state === "scheduled") return { outcome: "not_open" };
  if (state !== "open") return { outcome: "closed" };
  const choices = parseChoices(poll, input.choices);
  if (typeof choices === "string") return { outcome: "invalid_choices", problem: choices };

  const voter = voterKey(deps.secrets, poll.id, identity);
  const ballotId = input.ballotId ?? defaultBallotId(deps.secrets, voter, choices);
  const committed = await deps.commit.offer({
    pollId: poll.id,
    slug: poll.slug,
    voter,
    ballotId,
    choices,
    kind: poll.kind,
    receivedAtMs,
    markTtlSeconds: markTtlSeconds(poll, receivedAtMs),
    tallied: true,
    lane: deps.laneOf(new LaneLook(poll, input.request)),
  });
  if (committed.outcome === "accepted") {
    if (committed.tally) deps.results.see(poll.id, committed.tally);
    const receipt = receiptCode(deps.secrets, poll.id, voter, ballotId);
    const results = deps.results.fresh(poll, "voter") ?? (await resultsIfKnown(deps, poll));
    return { outcome: "accepted", ballotId, receipt, results };
  }
  if (committed.outcome === "already_voted") {
    const mine = choiceTexts(poll, committed.mark.choices);
    return { outcome: "already_voted", choices: mine, results: await resultsIfKnown(deps, poll) };
  }
  return committed;
}

/** What is known of the request is looked up only for rules that ask for it: few sites have any. */
class LaneLook implements LaneFacts {
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

/** The ballot has its fate; results that can't be read right now must not change the answer. */
function resultsIfKnown(deps: CastDeps, poll: Poll): Promise<Snapshot | null> {
  return deps.results.snapshot(poll, "voter").catch(error => {
    if (isFloodgateError(error) || isStoreFailure(error)) return null;
    throw error;
  });
}
