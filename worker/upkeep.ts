/**
 * What a worker does besides flushing, in small steps: make up for publications that failed, rebuild
 * tallies and marks that a server forgot, mend those in doubt, make closed polls final, forget old batches.
 *
 * Every duty may be done by several workers at once, and left undone by one that dies: each looks at how
 * things are, not at what was done before.
 */
import { DAY, HOUR, MINUTE, monotonicMs, SECOND, wallMs } from "#lib/clock.ts";
import { type FinishedPass, finalizePolls } from "#lib/flush/finalize.ts";
import { describeError } from "#lib/log.ts";
import { pruneBatches } from "#lib/store/batches.ts";
import { countingPolls, pollsChangedSince } from "#lib/store/polls.ts";
import { reconcile } from "#lib/tallies/reconcile.ts";
import { restoreMarks } from "#lib/voters/restore-marks.ts";
import type { WorkerRuntime } from "./runtime.ts";

/** A batch can come again only within minutes; a week is for whoever wants to know. */
const batchesKeptMs = 7 * DAY;
const batchesPerStep = 5_000;
/** Polls compared in one step. */
const pollsPerStep = 200;

interface Duty {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<void>;
  dueMs: number;
}

export class Upkeep {
  readonly #worker: WorkerRuntime;
  readonly #duties: Duty[];
  #pass: FinishedPass | undefined;
  #publishedUpToMs = wallMs() - MINUTE;
  #sweepFrom = 0;

  constructor(worker: WorkerRuntime) {
    this.#worker = worker;
    const duty = (name: string, everyMs: number, run: () => Promise<void>): Duty => ({
      name,
      everyMs,
      run,
      dueMs: monotonicMs(),
    });
    this.#duties = [
      duty("mend doubtful tallies", SECOND, () => this.#mendDoubtful()),
      duty("finalize polls", SECOND, () => this.#finalize()),
      duty("publish changes", 5 * SECOND, () => this.#publishChanges()),
      duty("sweep tallies", 5 * SECOND, () => this.#sweep()),
      duty("restore marks", SECOND, () => this.#restoreMarks()),
      duty("prune batches", HOUR, () => this.#prune()),
    ];
  }

  /** Does what is due, after a pass. Never rejects: what failed is due again. */
  async step(pass: FinishedPass): Promise<void> {
    this.#pass = pass;
    for (const duty of this.#duties.filter(({ dueMs }) => dueMs <= monotonicMs())) {
      duty.dueMs = monotonicMs() + duty.everyMs;
      try {
        await duty.run();
      } catch (error) {
        this.#worker.log.warn({ event: "upkeep_failed", duty: duty.name, ...describeError(error) });
      }
    }
  }

  async #mendDoubtful(): Promise<void> {
    const { doubtful, store, tallies } = this.#worker;
    if (doubtful.ids.size === 0) return;
    const ids = new Set(doubtful.ids);
    const polls = (await countingPolls(store, wallMs())).filter(poll => ids.has(poll.id));
    if (await reconcile(tallies, polls, true)) doubtful.settle(ids);
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
      const seen = await published.findCurrent(poll.slug);
      if (seen && seen.version >= poll.version) continue;
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

  async #restoreMarks(): Promise<void> {
    const { store, log, tallies } = this.#worker;
    await restoreMarks({ store, log, markServers: tallies.tallyServers });
  }

  async #prune(): Promise<void> {
    await pruneBatches(this.#worker.store, wallMs() - batchesKeptMs, batchesPerStep);
  }
}
