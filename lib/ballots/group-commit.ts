/**
 * Group commit: ballots that arrive together travel together.
 *
 * Rounds follow each other, one at a time. A ballot that arrives while a round is under way, or less
 * than a linger after the last one began, waits for the next. A round is: the ballot-once marks of all
 * its ballots and the ticket, in one packet; then one slot with those that got their mark.
 *
 * A ballot's way: *waiting* → marked → *enqueued* (answered), or its mark was there already: the mark is
 * read, outside the round, and the ballot either goes on without one (same ballot: a retry, or a first
 * try that failed half-way) or is refused.
 *
 * Invariant: a ballot is answered `accepted` only after its slot is written and its epoch still stands.
 * Invariant: a ballot is accepted only if its poll was open when it came, by what was published when its
 *   round began: so a poll that an editor closes is closed at that moment for every front.
 * Invariant: no await in a round but for memcached (and, after memcached lost its memory, for the one
 *   look-up that finds a poll again).
 */
import { monotonicMs, SECOND, sleep } from "../clock.ts";
import type { Slug } from "../ids.ts";
import { describeError, type Log } from "../log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { pollState } from "../polls/state.ts";
import { type Enqueued, enqueueBatch, type NotEnqueued } from "../queue/enqueue.ts";
import type { QueueProducer, Ticket } from "../queue/producer.ts";
import type { ReplayRing } from "../queue/replay-ring.ts";
import {
  type Batch,
  ballotsPerSlotMax,
  encodedBallotBytes,
  type QueuedBallot,
  slotBytesMax,
} from "../queue/slot-codec.ts";
import { RateGate } from "../rate-gate.ts";
import { moveTallies, type TallyGlimpse } from "../tallies/counters.ts";
import { type Mark, placeMarks, readMark, withdrawMarks } from "../voters/ballot-once.ts";
import type { BatchIds } from "./batch-ids.ts";
import { TallyRider } from "./tally-rider.ts";

/** A ballot that a reader cast, checked against its poll. */
export type OfferedBallot = Omit<QueuedBallot, "tallied"> & {
  readonly slug: Slug;
  readonly markTtlSeconds: number;
};

/** What became of an offered ballot. */
export type CommitOutcome =
  | { readonly outcome: "accepted"; readonly tally: TallyGlimpse | undefined }
  | { readonly outcome: "already_voted"; readonly mark: Mark }
  | { readonly outcome: "ballot_id_reused" | "closed" }
  | { readonly outcome: "unavailable" | "full" | "overloaded" };

export interface GroupCommitDeps {
  readonly log: Log;
  readonly published: PublishedPolls;
  /** Homes to enqueue at, this process's own first. */
  readonly producers: readonly QueueProducer[];
  readonly markServers: readonly MemcachedClient[];
  readonly tallyServers: readonly MemcachedClient[];
  readonly ring: ReplayRing;
  readonly batchIds: BatchIds;
  readonly lingerMs: number;
}

interface Waiting {
  readonly ballot: OfferedBallot;
  readonly offeredAtMs: number;
  /** Its mark is there and says this very ballot: only the slot is missing, as far as we know. */
  readonly marked: boolean;
  readonly answer: (outcome: CommitOutcome) => void;
}

/** More than this are not kept waiting: at 20,000 a second, a wait of one second. */
const waitingMax = 20_000;
/** Of the 3 s in which every request is answered: after this, nothing new is tried for a ballot. */
const patienceMs = 2.2 * SECOND;

export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  readonly #refusals = new RateGate(1);
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
  }

  /** Ballots that wait for a round. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Puts a ballot on its way. Never rejects. */
  offer(ballot: OfferedBallot): Promise<CommitOutcome> {
    return new Promise(answer => {
      this.#enter({ ballot, offeredAtMs: monotonicMs(), marked: false, answer });
    });
  }

  /** Resolves when every ballot offered so far has its answer. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #enter(entry: Waiting): void {
    if (this.#waiting.length >= waitingMax) {
      entry.answer({ outcome: "overloaded" });
      return;
    }
    this.#waiting.push(entry);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Lets everything that this turn of the event loop brings join the first round.
    await sleep(0);
    while (this.#waiting.length > 0) {
      const startedMs = monotonicMs();
      this.#giveUpOnOverdue();
      const entries = this.#take();
      if (entries.length === 0) break;
      try {
        await this.#round(entries);
      } catch (error) {
        this.#deps.log.error({ event: "round_failed", ...describeError(error) });
        for (const { answer } of entries) answer({ outcome: "unavailable" });
      }
      const leftMs = this.#deps.lingerMs - (monotonicMs() - startedMs);
      if (this.#waiting.length < ballotsPerSlotMax && leftMs > 0) await sleep(leftMs);
    }
    this.#running = undefined;
  }

  /** Ballots that waited behind a round that stood still: their readers shall hear something. */
  #giveUpOnOverdue(): void {
    const oldest = monotonicMs() - patienceMs;
    while (this.#waiting[0] && this.#waiting[0].offeredAtMs < oldest) {
      this.#waiting.shift()?.answer({ outcome: "overloaded" });
    }
  }

  /** As many as fit into one slot. */
  #take(): Waiting[] {
    let bytes = 1024;
    let count = 0;
    for (const { ballot } of this.#waiting) {
      bytes += encodedBallotBytes({ ...ballot, tallied: true });
      if (bytes > slotBytesMax || count === ballotsPerSlotMax) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #round(entries: readonly Waiting[]): Promise<void> {
    const { producers, markServers, tallyServers, batchIds } = this.#deps;
    const untilMs = Math.min(...entries.map(entry => entry.offeredAtMs)) + patienceMs;
    // Asked for in the same turn, so that both travel in one packet.
    const ticket = producers[0]?.takeTicket();
    ticket?.catch(() => {});
    const unchanged = this.#deps.published.confirm();
    const unmarked = entries.filter(entry => !entry.marked).map(entry => entry.ballot);
    const taken = await placeMarks(markServers, unmarked);
    const closed = (await unchanged) ? new Set<Waiting>() : await this.#closedMeanwhile(entries);
    for (const entry of entries) {
      if (taken.has(entry.ballot) && !closed.has(entry)) {
        this.#readMark(entry).catch(() => entry.answer({ outcome: "unavailable" }));
      }
    }

    const going = entries.filter(entry => !taken.has(entry.ballot) && !closed.has(entry));
    const ballots = going.map(({ ballot, marked }) => ({ ...ballot, tallied: !marked }));
    // With nobody left to bring, the number that was taken still needs something in its slot.
    const batch: Batch = { id: batchIds.next(), ballots, talliesDoubtful: false };
    const rider = new TallyRider(tallyServers, ballots);
    const result = await enqueueBatch(producers, batch, rider, untilMs, ticket);
    if (result.outcome === "enqueued") this.#accepted(going, result, rider);
    else await this.#failed(going, result, rider);
  }

  /**
   * Something was published since the last round: polls that were closed before these ballots came must
   * not take them, though this process did not know when it checked. They are answered here.
   */
  async #closedMeanwhile(entries: readonly Waiting[]): Promise<ReadonlySet<Waiting>> {
    const closed = new Set<Waiting>();
    for (const entry of entries) {
      const { slug, receivedAtMs } = entry.ballot;
      const poll = await this.#deps.published.find(slug);
      if (poll && pollState(poll, receivedAtMs) === "open") continue;
      closed.add(entry);
      entry.answer({ outcome: "closed" });
    }
    return closed;
  }

  #accepted(
    going: readonly Waiting[],
    { producer, ticket, batch, bytes }: Enqueued,
    rider: TallyRider,
  ) {
    const { ring } = this.#deps;
    this.#forgetCommitted(producer, ticket);
    if (going.length === 0) return;
    ring.remember({ producer, epoch: ticket.epoch, slot: ticket.slot, batch, bytes });
    for (const { ballot, answer } of going) {
      answer({ outcome: "accepted", tally: rider.seen.get(ballot.pollId) });
    }
  }

  #forgetCommitted(producer: QueueProducer, ticket: Ticket): void {
    this.#deps.ring.passed(producer, ticket.epoch, ticket.checkpoint);
  }

  async #failed(going: readonly Waiting[], result: NotEnqueued, rider: TallyRider): Promise<void> {
    const { log, markServers, tallyServers } = this.#deps;
    if (this.#refusals.pass()) {
      log.warn({
        event: "ballots_refused",
        because: result.outcome,
        ballots: going.length,
        mayBeIn: result.mayBeIn,
        ...(result.cause !== undefined && describeError(result.cause)),
      });
    }
    const outcome = result.outcome === "full" ? "full" : "unavailable";
    for (const { answer } of going) answer({ outcome });
    if (result.mayBeIn) return;
    await withdrawMarks(
      markServers,
      going.filter(({ marked }) => !marked).map(({ ballot }) => ballot),
    );
    await moveTallies(tallyServers, rider.undo).catch(error => {
      if (!isMemcachedFailure(error)) throw error;
    });
  }

  /** A mark was in the way: read it, then go on or refuse. */
  async #readMark(entry: Waiting): Promise<void> {
    const { ballot, answer } = entry;
    const mark = await readMark(this.#deps.markServers, ballot.pollId, ballot.voter);
    if (!mark) {
      // It expired, or was withdrawn, or its server went away just now. MySQL has the last word.
      this.#enter({ ...entry, marked: true });
    } else if (mark.ballotId !== ballot.ballotId) {
      answer({ outcome: "already_voted", mark });
    } else if (Buffer.compare(mark.choices, ballot.choices) !== 0) {
      answer({ outcome: "ballot_id_reused" });
    } else {
      this.#enter({ ...entry, marked: true });
    }
  }
}
