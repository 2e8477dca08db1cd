/**
 * Readers: each votes once, repeats what was not answered with the same ballot at another front, and may change or
 * withdraw the ballot. A few try to vote twice.
 */
import { randomBytes } from "node:crypto";
import type { BallotOutcome } from "#lib/ballots/ballot-outcome.ts";
import { castBallot } from "#lib/ballots/cast.ts";
import { isFloodgateError } from "#lib/base/errors.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import type { BallotId, PollId, Slug } from "#lib/model/ids.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { voterKey } from "#lib/voters/identity.ts";
import type { VoterSecrets } from "#lib/voters/voter-secrets.ts";
import type { Ledger, Offered } from "./ledger.ts";
import { type FrontProgram, secrets } from "./programs.ts";
import type { World } from "./world.ts";

/** A poll as readers see it. */
export interface PollInUse {
  readonly slug: Slug;
  readonly id: PollId;
  readonly kind: "choice" | "ranked";
  readonly mayChange: boolean;
  readonly options: number;
}

const answerMsMax = 4_000;
const attemptsMax = 6;

/** What a reader asks of a front. */
interface Vote {
  readonly identity: Buffer;
  readonly ballotId: BallotId;
  readonly choices: readonly string[];
  readonly replaces: number | undefined;
}

type Answer = BallotOutcome["outcome"] | "no answer";

export class Readers {
  /** Readers who are not done. */
  voting = 0;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #fronts: readonly FrontProgram[];
  /** Data errors are rare: in few runs. */
  readonly #hasBadBallots: boolean;

  constructor(world: World, ledger: Ledger, fronts: readonly FrontProgram[]) {
    this.#world = world;
    this.#ledger = ledger;
    this.#fronts = fronts;
    this.#hasBadBallots = world.simulation.chance(0.15);
  }

  /** One reader comes to a poll after some time. */
  comes(inMs: number, poll: () => PollInUse | undefined): void {
    this.voting += 1;
    const { simulation, history } = this.#world;
    simulation.after(inMs, () => {
      const found = poll();
      const visit = found ? this.#visit(found) : Promise.resolve();
      visit.catch(error => history.crashed("reader", error)).finally(() => (this.voting -= 1));
    });
  }

  async #visit(poll: PollInUse): Promise<void> {
    const { simulation } = this.#world;
    const identity = randomBytes(16);
    const first = { identity, ballotId: newId(), replaces: undefined };
    const answer = await this.#votes(poll, { ...first, choices: this.#choices(poll) });
    if (simulation.chance(0.08)) {
      await simulation.sleep(simulation.between(0, 2_000));
      await this.#votes(poll, { ...first, ballotId: newId(), choices: this.#choices(poll) });
      return;
    }
    if (!poll.mayChange || answer !== "accepted" || simulation.chance(0.5)) return;
    await simulation.sleep(simulation.between(0, 3_000));
    const choices = simulation.chance(0.3) ? [] : this.#choices(poll);
    await this.#votes(poll, { identity, ballotId: newId(), choices, replaces: 0 });
  }

  /** Votes until there is an answer. */
  async #votes(poll: PollInUse, vote: Vote): Promise<Answer> {
    const { simulation } = this.#world;
    const offered: Offered = {
      slug: poll.slug,
      pollId: poll.id,
      voter: voterKey(secrets.all[0] as VoterSecrets, poll.id, { id: vote.identity }),
      ballotId: vote.ballotId,
      revision: vote.replaces === undefined ? 0 : vote.replaces + 1,
      choices: Uint8Array.from(vote.choices.map(Number)),
    };
    this.#ledger.offered.push(offered);
    if (this.#hasBadBallots && simulation.chance(0.05)) {
      this.#world.history.count("state: a ballot that MySQL refuses");
      this.#world.mysql.server.refusedVoters.add(offered.voter);
    }
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const answer = await this.#asks(poll, vote, offered);
      this.#world.history.count(`answer: ${answer}`);
      const mayPass = ["no answer", "unavailable", "full", "overloaded"].includes(answer);
      if (!mayPass) return answer;
      await simulation.sleep(simulation.between(200, 1_500));
    }
    return "no answer";
  }

  async #asks(poll: PollInUse, vote: Vote, offered: Offered): Promise<Answer> {
    const { simulation } = this.#world;
    const serving = this.#fronts.filter(({ cast }) => cast);
    if (serving.length === 0) return "no answer";
    const front = simulation.pick(serving);
    return new Promise(resolve => {
      simulation.after(answerMsMax, () => resolve("no answer"), simulation.surroundings);
      const reply = (answer: Answer) => {
        // The answer may get lost.
        if (simulation.chance(0.03)) return;
        simulation.after(
          simulation.between(0.2, 5),
          () => resolve(answer),
          simulation.surroundings,
        );
      };
      const arrive = () => void this.#arrives(front, poll, vote, offered).then(reply);
      simulation.after(simulation.between(0.2, 5), arrive, front.process);
    });
  }

  /** Runs as the front. Never rejects. */
  async #arrives(
    front: FrontProgram,
    poll: PollInUse,
    { identity, ballotId, choices, replaces }: Vote,
    offered: Offered,
  ): Promise<Answer> {
    const { process, cast } = front;
    if (!cast) return "no answer";
    try {
      const ballot = await castBallot(cast, {
        slug: poll.slug,
        edition: undefined,
        identity: { id: identity, signedBy: secrets.all[0] as VoterSecrets },
        choices,
        ballotId,
        request: () => ({ cookie: "", uri: "", host: "" }),
        replaces,
        receivedAtMs: front.nowMs(),
      });
      const { outcome } = ballot.outcome;
      if (outcome === "accepted") this.#ledger.accept(offered, process);
      this.#world.history.note(front.name, `answers ${outcome}: ${ballotId.slice(0, 6)}`);
      return outcome;
    } catch (error) {
      // As the routes translate them: 503.
      if (isStoreFailure(error) || isMemcachedFailure(error) || isFloodgateError(error)) {
        return "unavailable";
      }
      this.#world.history.crashed(front.name, error);
      return "unavailable";
    }
  }

  #choices({ kind, options }: PollInUse): string[] {
    const { simulation } = this.#world;
    const first = simulation.integer(1, options);
    const second = (first % options) + 1;
    return kind === "ranked" && simulation.chance(0.6) ? [`${first}`, `${second}`] : [`${first}`];
  }
}

const newId = () => randomBytes(16).toString("hex") as BallotId;
