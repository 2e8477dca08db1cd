/** The duty that closes the books: what had been accepted at the previous closing has arrived by now, or is lost. */
import { describeError } from "#lib/base/log.ts";
import { acceptedSoFar, closeBooks, readBooks } from "#lib/books/books.ts";
import { releaseMarks } from "#lib/books/release-marks.ts";
import { type FinishedPass, isQuiescent } from "#lib/flush/finalize.ts";
import type { PollId } from "#lib/model/ids.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** How often the marks of a poll's lost ballots are looked for after a loss. */
const releasesMax = 20;

type CloserParts = Pick<
  WorkerParts,
  "background" | "books" | "flusher" | "log" | "store" | "tallies"
>;

export function bookCloser(worker: CloserParts): (pass: FinishedPass) => Promise<void> {
  const { store, log, books, flusher } = worker;
  let marks = new LossesWithMarks();
  let generation: string | undefined;
  let acceptedBefore: ReadonlyMap<PollId, number> = new Map();
  return async pass => {
    await books.refreshTotal();
    if (!isQuiescent(pass) || !(await flusher.confirm())) return;
    // After a restore, a loss that was noted before may be another one.
    if (flusher.generation !== generation) marks = new LossesWithMarks();
    generation = flusher.generation;
    const changed = await closeBooks(store, acceptedBefore);
    for (const [pollId, found] of changed) {
      log.error({ event: "ballots_lost", pollId, ...found });
    }
    if (changed.size > 0) await books.refreshTotal();
    acceptedBefore = await acceptedSoFar(store, [...books.polls]);
    for (const [pollId, found] of await readBooks(store, [...books.polls])) {
      if (!found.balanced) log.error({ event: "books_do_not_balance", pollId, ...found });
      marks.note(pollId, found.lost);
    }
    worker.background.add(marks.release(worker, pass.startedMs));
  };
}

/** Polls with lost ballots whose marks are still to be taken away. */
class LossesWithMarks {
  readonly #noted = new Map<PollId, number>();
  readonly #releasesLeft = new Map<PollId, number>();
  #running = false;

  /** Notes how many of a poll's ballots are lost; after more were lost, marks are looked for again. */
  note(poll: PollId, lost: number): void {
    if (lost > (this.#noted.get(poll) ?? 0)) this.#releasesLeft.set(poll, releasesMax);
    this.#noted.set(poll, lost);
  }

  /**
   * Takes the marks away, unless that is under way. Never rejects: what failed is done again after the next closing.
   *
   * @param emptiedMs - when the pass that emptied all queues began; monotonic.
   */
  async release({ store, log, tallies }: CloserParts, emptiedMs: number): Promise<void> {
    const polls = new Set(this.#releasesLeft.keys());
    if (this.#running || polls.size === 0) return;
    this.#running = true;
    const deps = { store, log, placement: tallies.placement };
    const again = await releaseMarks(deps, polls, emptiedMs).catch(error => {
      log.warn({ event: "marks_not_released", ...describeError(error) });
      return polls;
    });
    for (const poll of polls) this.#tried(poll, again.has(poll));
    this.#running = false;
  }

  #tried(poll: PollId, again: boolean): void {
    const left = (this.#releasesLeft.get(poll) ?? 1) - 1;
    if (again && left > 0) this.#releasesLeft.set(poll, left);
    else this.#releasesLeft.delete(poll);
  }
}
