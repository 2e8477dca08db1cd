/**
 * What a worker does besides flushing, in small steps: make up for publications that failed, rebuild
 * tallies and marks that a server forgot, mend those in doubt, count rows again, make closed polls final,
 * forget old batches.
 *
 * While nothing happens (no ballot, no publication, no server gone or back), duties that ask MySQL are done
 * more rarely: an idle site costs its database next to nothing.
 *
 * Every duty may be done by several workers at once, and left undone by one that dies: each looks at how
 * things are, not at what was done before.
 */

import { DAY, HOUR, MINUTE, monotonicMs, SECOND, wallMs } from "#lib/base/clock.ts";
import { describeError } from "#lib/base/log.ts";
import { acceptedSoFar, closeBooks, readBooks } from "#lib/books/books.ts";
import { recountPoll } from "#lib/books/recount.ts";
import { atRest, type FinishedPass, finalizePolls } from "#lib/flush/finalize.ts";
import type { PassOptions, PassSummary } from "#lib/flush/flusher.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import type { PollId } from "#lib/model/ids.ts";
import { reconcile } from "#lib/rebuild/reconcile.ts";
import { publishRunoffs } from "#lib/results/published-runoff.ts";
import { pruneBatches } from "#lib/store/batches.ts";
import { countingPolls, pollsChangedSince } from "#lib/store/polls.ts";
import { restoreMarks } from "#lib/voters/restore-marks.ts";
import { MemoryAlarm } from "./memory-alarm.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** A batch can come again only within minutes; a week is for whoever wants to know. */
const batchesKeptMs = 7 * DAY;
const batchesPerStep = 5_000;
/** Polls compared, or made exact, in one step: the queues are held still for so many at a time. */
const pollsPerStep = 200;

/** Without an event for this long, the site is idle. */
const idleAfterMs = 30 * SECOND;

/** Of the time that instant-runoffs take, so many times is left before the next. */
const runoffRestFactor = 10;

interface Duty {
  readonly name: string;
  readonly everyMs: number;
  readonly idleEveryMs: number;
  readonly run: () => Promise<void>;
  doneMs: number;
}

export class Maintenance {
  readonly #worker: WorkerParts;
  readonly #duties: Duty[];
  readonly #memory: MemoryAlarm;
  readonly #away = new Set<MemcachedClient>();
  #pass: FinishedPass | undefined;
  #publishedUpToMs = wallMs() - MINUTE;
  #sweepFrom = 0;
  #runoffsDueMs = 0;
  #lastEventMs = monotonicMs();
  #acceptedBefore: ReadonlyMap<PollId, number> = new Map();

  constructor(worker: WorkerParts) {
    this.#worker = worker;
    this.#memory = new MemoryAlarm(worker.log, worker.memcached, worker.queueServers);
    const duty = (
      name: string,
      [everyMs, idleEveryMs]: readonly [number, number],
      run: () => Promise<void>,
    ): Duty => ({ name, everyMs, idleEveryMs, run, doneMs: Number.NEGATIVE_INFINITY });
    this.#duties = [
      duty("bring the books up to date", [SECOND / 4, 2 * SECOND], () =>
        this.#worker.books.collect(),
      ),
      duty("close the books", [12 * SECOND, 12 * SECOND], () => this.#closeBooks()),
      duty("mend doubtful tallies", [SECOND, SECOND], () => this.#mendDoubtful()),
      duty("finalize polls", [SECOND, 5 * SECOND], () => this.#finalize()),
      duty("publish changes", [5 * SECOND, 15 * SECOND], () => this.#publishChanges()),
      duty("sweep tallies", [5 * SECOND, 20 * SECOND], () => this.#sweep()),
      duty("compute instant-runoffs", [SECOND, 5 * SECOND], () => this.#runoffs()),
      duty("recount a poll", [5 * MINUTE, 5 * MINUTE], () => this.#recount()),
      duty("watch memcached's memory", [MINUTE, MINUTE], () => this.#memory.look()),
      duty("restore marks", [SECOND, SECOND], () => this.#restoreMarks()),
      duty("prune batches", [HOUR, HOUR], () => this.#prune()),
    ];
  }

  /** Does what is due, after a pass. Never rejects: what failed is due again. */
  async step(pass: FinishedPass): Promise<void> {
    this.#pass = pass;
    const idle = await this.#isIdle(pass);
    for (const duty of this.#duties) {
      const everyMs = idle ? duty.idleEveryMs : duty.everyMs;
      if (monotonicMs() - duty.doneMs < everyMs) continue;
      duty.doneMs = monotonicMs();
      try {
        await duty.run();
      } catch (error) {
        this.#worker.log.warn({ event: "upkeep_failed", duty: duty.name, ...describeError(error) });
      }
    }
  }

  /** One memcached read. */
  async #isIdle({ summary, lastDisturbanceMs }: FinishedPass): Promise<boolean> {
    const { published } = this.#worker;
    const { publication } = published;
    await published.confirm();
    const changed = published.publication !== publication;
    const happened = summary.slots > 0 || summary.waiting > 0 || changed;
    if (happened) this.#lastEventMs = monotonicMs();
    return monotonicMs() - Math.max(this.#lastEventMs, lastDisturbanceMs) > idleAfterMs;
  }

  async #mendDoubtful(): Promise<void> {
    const { doubtful, store, tallies } = this.#worker;
    await this.#doubtReturned();
    if (doubtful.ids.size === 0) return;
    const doubted = [...doubtful.ids];
    const counting = new Map((await countingPolls(store, wallMs())).map(poll => [poll.id, poll]));
    doubtful.settle(doubted.filter(id => !counting.has(id)));
    const portion = doubted.flatMap(id => counting.get(id) ?? []).slice(0, pollsPerStep);
    if (!(await reconcile(tallies, portion, true))) return;
    doubtful.settle(portion.map(({ id }) => id));
  }

  /** Tallies on a server that was away may have missed something, whatever the fronts know of it. */
  async #doubtReturned(): Promise<void> {
    const { doubtful, store, tallies } = this.#worker;
    let back = false;
    for (const server of [...tallies.tallies.servers, ...tallies.queueServers]) {
      if (!server.available) this.#away.add(server);
      else if (this.#away.delete(server)) back = true;
    }
    if (back) doubtful.add((await countingPolls(store, wallMs())).map(poll => poll.id));
  }

  async #finalize(): Promise<void> {
    const { store, log, published, tallies } = this.#worker;
    if (this.#pass) await finalizePolls({ store, log, published, tallies }, this.#pass, wallMs());
  }

  /** Polls that an editor changed while memcached could not be written, and any change a bit late. */
  async #publishChanges(): Promise<void> {
    const { store, published } = this.#worker;
    const upToMs = wallMs();
    const changed = await pollsChangedSince(store, this.#publishedUpToMs - 30 * SECOND);
    let behind = 0;
    for (const poll of changed) {
      if (!(await published.isBehind(poll))) continue;
      await published.publish(poll);
      behind += 1;
    }
    if (behind > 0) await published.publishList(upToMs);
    this.#publishedUpToMs = upToMs;
  }

  /** All polls that are counting, a portion at a time, round and round. */
  async #sweep(): Promise<void> {
    const { store, tallies } = this.#worker;
    const counting = await countingPolls(store, wallMs());
    if (this.#sweepFrom >= counting.length) this.#sweepFrom = 0;
    const portion = counting.slice(this.#sweepFrom, this.#sweepFrom + pollsPerStep);
    if (portion.length > 0) await reconcile(tallies, portion, false);
    this.#sweepFrom += pollsPerStep;
  }

  /** One of the polls that are counting, by lot: so daemons and cron runs share them unasked. */
  async #recount(): Promise<void> {
    const { store, log } = this.#worker;
    const counting = await countingPolls(store, wallMs());
    const poll = counting[Math.floor(Math.random() * counting.length)];
    if (!poll) return;
    const drifts = await recountPoll(store, poll, true);
    if (drifts.length === 0) return;
    log.error({ event: "totals_mended", poll: poll.slug, drifts });
    this.#worker.doubtful.add([poll.id]);
  }

  /** What had been accepted when this was done last has arrived by now, or is lost. */
  async #closeBooks(): Promise<void> {
    const { store, log, books } = this.#worker;
    await books.review();
    if (!this.#pass || !atRest(this.#pass)) return;
    for (const [pollId, found] of await closeBooks(store, this.#acceptedBefore)) {
      log.error({ event: "ballots_lost", pollId, ...found });
    }
    this.#acceptedBefore = await acceptedSoFar(store, [...books.polls]);
    for (const [pollId, found] of await readBooks(store, [...books.polls])) {
      if (!found.balanced) log.error({ event: "books_do_not_balance", pollId, ...found });
    }
  }

  /** The more ballots there are to read, the longer until they are read again. */
  async #runoffs(): Promise<void> {
    const startedMs = monotonicMs();
    if (startedMs < this.#runoffsDueMs) return;
    await publishRunoffs(this.#worker.tallies, wallMs());
    this.#runoffsDueMs = monotonicMs() + runoffRestFactor * (monotonicMs() - startedMs);
  }

  async #restoreMarks(): Promise<void> {
    const { store, log, tallies } = this.#worker;
    await restoreMarks({ store, log, markServers: tallies.tallies.servers });
  }

  async #prune(): Promise<void> {
    await pruneBatches(this.#worker.store, wallMs() - batchesKeptMs, batchesPerStep);
  }
}

/** One pass with the upkeep that follows it: the same for the daemon and the one-shot. */
export async function onePass(
  worker: WorkerParts,
  maintenance: Maintenance,
  options: PassOptions,
): Promise<PassSummary> {
  const startedAtMs = wallMs();
  const summary = await worker.flusher.pass(options);
  const { lastDisturbanceMs } = worker.flusher;
  await maintenance.step({ summary, startedAtMs, lastDisturbanceMs });
  return summary;
}
