/**
 * One round of the group commit through memcached: the ballot-once marks of all its ballots and the
 * ticket, in one packet; then one slot with those that got their mark.
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

import type { AcceptedTape } from "../books/tape.ts";
import type { Kickstart } from "../kickstart.ts";
import { describeError, type Log } from "../log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { pollState } from "../polls/state.ts";
import { type Enqueued, enqueueBatch, type NotEnqueued } from "../queue/enqueue.ts";
import type { QueueProducer } from "../queue/producer.ts";
import type { ReplayRing } from "../queue/replay-ring.ts";
import type { Batch } from "../queue/slot-codec.ts";
import { RateGate } from "../rate-gate.ts";
import { moveTallies } from "../tallies/counters.ts";
import type { MissedMoves } from "../tallies/missed.ts";
import { placeMarks, readMark, withdrawMarks } from "../voters/ballot-once.ts";
import type { BatchIds } from "./batch-ids.ts";
import type { Fallback } from "./fallback.ts";
import type { Waiting } from "./offered.ts";
import { TallyRider } from "./tally-rider.ts";

export interface RoundDeps {
  readonly log: Log;
  readonly published: PublishedPolls;
  /** Homes to enqueue at, this process's own first. */
  readonly producers: readonly QueueProducer[];
  readonly markServers: readonly MemcachedClient[];
  readonly tallyServers: readonly MemcachedClient[];
  readonly ring: ReplayRing;
  readonly batchIds: BatchIds;
  readonly missed: MissedMoves;
  readonly fallback: Fallback;
  readonly kickstart: Kickstart;
  readonly tape: AcceptedTape;
}

export class QueueRound {
  readonly #deps: RoundDeps;
  readonly #again: (entry: Waiting) => void;
  readonly #refusals = new RateGate(1);

  /** @param again - takes a ballot that is to go into another round. */
  constructor(deps: RoundDeps, again: (entry: Waiting) => void) {
    this.#deps = deps;
    this.#again = again;
  }

  /**
   * Takes one round's ballots, and sees to it that each has an answer.
   *
   * @param untilMs - monotonic time after which nothing new is tried.
   */
  async run(entries: readonly Waiting[], untilMs: number): Promise<void> {
    const { producers, markServers, tallyServers, batchIds, missed } = this.#deps;
    await missed.withdraw();
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
    else if (going.length > 0) await this.#notEnqueued(batch, going, result, rider);
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
    ring.passed(producer, ticket.epoch, ticket.checkpoint);
    if (going.length === 0) return;
    this.#deps.tape.note(batch.ballots);
    ring.remember({ producer, epoch: ticket.epoch, slot: ticket.slot, batch, bytes });
    this.#deps.kickstart.send();
    for (const { ballot, answer } of going) {
      answer({ outcome: "accepted", tally: rider.seen.get(ballot.pollId) });
    }
  }

  async #notEnqueued(
    batch: Batch,
    going: readonly Waiting[],
    result: NotEnqueued,
    rider: TallyRider,
  ): Promise<void> {
    const { tallyServers, missed, fallback } = this.#deps;
    const failed = await moveTallies(tallyServers, rider.undo);
    for (const [server, polls] of failed) missed.note(server, polls);
    if (result.mayBeIn) rider.doubt(missed);
    if (result.outcome === "unavailable") {
      const ballots = batch.ballots.map(ballot => ({ ...ballot, tallied: false }));
      await fallback.commit({ ...batch, ballots }, going);
      return;
    }
    this.#complain(going, result);
    for (const { answer } of going) answer({ outcome: "full" });
    if (!result.mayBeIn) await this.#withdrawMarks(going);
  }

  #complain(going: readonly Waiting[], { outcome, cause, mayBeIn }: NotEnqueued): void {
    if (!this.#refusals.pass()) return;
    this.#deps.log.warn({
      event: "ballots_refused",
      because: outcome,
      ballots: going.length,
      mayBeIn,
      ...(cause !== undefined && describeError(cause)),
    });
  }

  async #withdrawMarks(going: readonly Waiting[]): Promise<void> {
    const placed = going.filter(({ marked }) => !marked).map(({ ballot }) => ballot);
    await withdrawMarks(this.#deps.markServers, placed);
  }

  /** A mark was in the way: read it, then go on or refuse. */
  async #readMark(entry: Waiting): Promise<void> {
    const { ballot, answer } = entry;
    const mark = await readMark(this.#deps.markServers, ballot.pollId, ballot.voter);
    if (!mark) {
      // It expired, or was withdrawn, or its server went away just now. MySQL has the last word.
      this.#again({ ...entry, marked: true });
    } else if (mark.ballotId !== ballot.ballotId) {
      answer({ outcome: "already_voted", mark });
    } else if (Buffer.compare(mark.choices, ballot.choices) !== 0) {
      answer({ outcome: "ballot_id_reused" });
    } else {
      this.#again({ ...entry, marked: true });
    }
  }
}
