/**
 * The duty that publishes runoffs: each time those that may change, and round and round those of final polls, which
 * memcached may have lost. A final poll's own runoff is published before the poll is final (`lib/flush/finalize.ts`).
 *
 * Invariant: no ranked poll is left out, however many there are.
 */
import { HOUR, monotonicMs, SECOND } from "#lib/base/clock.ts";
import type { PollId } from "#lib/model/ids.ts";
import { publishRunoffs } from "#lib/results/published-runoff.ts";
import { finalRankedPolls, rankedPolls } from "#lib/store/polls.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** The pause is at least this many times the duration of the last runoffs. */
const restFactor = 10;
const finalForMs = HOUR;
/** On an idle site a portion is read every five seconds, a small read for each poll. */
const pollsPerStep = 20;
/** While runoffs are missing, portions are read one after the other for this long. */
export const stepMsMax = 2 * SECOND;

type RunoffParts = Pick<WorkerParts, "clock" | "store" | "tallies">;

export function runoffPublisher(worker: RunoffParts): () => Promise<void> {
  const { clock, store, tallies } = worker;
  const finals = new FinalRunoffs(worker);
  let dueMs = 0;
  return async () => {
    const startedMs = monotonicMs();
    if (startedMs < dueMs) return;
    const nowMs = clock.nowMs();
    await publishRunoffs(tallies, await rankedPolls(store, nowMs, nowMs - finalForMs));
    await finals.step();
    // The more ballots there are to read, the longer until they are read again.
    dueMs = monotonicMs() + restFactor * (monotonicMs() - startedMs);
  };
}

/** The walk through the final ranked polls. */
class FinalRunoffs {
  readonly #worker: RunoffParts;
  /** Polls before this one come next; `undefined`: the newest ones. */
  #before: PollId | undefined;
  #hasStarted = false;

  constructor(worker: RunoffParts) {
    this.#worker = worker;
  }

  /** Publishes what is missing in one portion, and in the next ones while something is. */
  async step(): Promise<void> {
    const { store, tallies } = this.#worker;
    if (!this.#hasStarted) await this.#startAnywhere();
    const startedMs = monotonicMs();
    let goesOn: boolean;
    do {
      const before = this.#before;
      const polls = await finalRankedPolls(store, before, pollsPerStep);
      const missing = await publishRunoffs(tallies, polls);
      this.#before = polls.length < pollsPerStep ? undefined : polls.at(-1)?.id;
      const beganBehindAll = polls.length === 0 && before !== undefined;
      goesOn = missing > 0 || beganBehindAll;
    } while (goesOn && monotonicMs() - startedMs < stepMsMax);
  }

  /** A worker that cron starts makes one step only: each begins at another poll. */
  async #startAnywhere(): Promise<void> {
    const [newest] = await finalRankedPolls(this.#worker.store, undefined, 1);
    this.#hasStarted = true;
    if (newest) this.#before = (1 + Math.ceil(Math.random() * newest.id)) as PollId;
  }
}
