/**
 * The duties that keep tallies equal to totals: a comparison of all polls that matter, round and round, and at once a
 * correction of those that are known to be doubtful.
 *
 * Invariant: a correction that a worker did not live to write is found, whatever the state of its poll. A poll that
 *   takes ballots is compared until it is final, and for an hour after that; any poll is compared again after a ballot
 *   of it became a dead letter, since that took the ballot off its tallies.
 */
import { HOUR } from "#lib/base/clock.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import type { PollId } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { reconcile } from "#lib/rebuild/reconcile.ts";
import { newestDeadLetters } from "#lib/store/dead-letters.ts";
import { pollsById, pollsToCompare } from "#lib/store/polls.ts";
import type { WorkerParts } from "./worker-parts.ts";

type TallyDutyParts = Pick<WorkerParts, "clock" | "doubtful" | "store" | "tallies">;

/** Polls compared or corrected in one step: the queues are frozen for so many at a time. */
const pollsPerStep = 200;
const finalForMs = HOUR;

function comparedNow({ clock, store }: TallyDutyParts): Promise<Poll[]> {
  const nowMs = clock.nowMs();
  return pollsToCompare(store, nowMs, nowMs - finalForMs);
}

/** Corrects doubtful tallies, also while ballots are on their way. */
export function doubtfulTalliesDuty(worker: TallyDutyParts): () => Promise<void> {
  const { doubtful, store, tallies } = worker;
  const away = new Set<MemcachedClient>();
  return async () => {
    // Tallies on a server that was away may have missed moves, whatever the fronts know about it.
    const servers = tallies.placement.all;
    const back = servers.filter(server => server.available && away.delete(server));
    for (const server of servers) if (!server.available) away.add(server);
    if (back.length > 0) doubtful.add("all");
    if (doubtful.takeAll()) doubtful.add((await comparedNow(worker)).map(({ id }) => id));
    if (doubtful.ids.size === 0) return;
    const doubted = [...doubtful.ids].slice(0, pollsPerStep);
    const polls = await pollsById(store, doubted);
    if (!(await reconcile(tallies, polls, true))) return;
    doubtful.remove(doubted);
  };
}

/**
 * Compares tallies with totals, a portion of the polls at a time. A worker that cron starts compares one portion only,
 * so each begins at another one.
 */
export function sweeper(worker: TallyDutyParts): () => Promise<void> {
  const { store, tallies } = worker;
  const letters = new ComparedLetters();
  let first: number | undefined;
  return async () => {
    const due = letters.due(await newestDeadLetters(store)).slice(0, pollsPerStep);
    if (due.length > 0) {
      const polls = await pollsById(
        store,
        due.map(([poll]) => poll),
      );
      if (await reconcile(tallies, polls, false)) letters.compared(due);
    }
    const compared = await comparedNow(worker);
    first ??= pollsPerStep * Math.floor((Math.random() * compared.length) / pollsPerStep);
    if (first >= compared.length) first = 0;
    const portion = compared.slice(first, first + pollsPerStep);
    if (portion.length > 0) await reconcile(tallies, portion, false);
    first += pollsPerStep;
  };
}

/** A poll and the number of its newest dead letter. */
type NewestLetter = readonly [PollId, number];

/** Which dead letters were there when their poll was last compared. */
class ComparedLetters {
  readonly #newest = new Map<PollId, number>();

  /** The polls with newer letters than at their last comparison. */
  due(newest: ReadonlyMap<PollId, number>): NewestLetter[] {
    return [...newest].filter(([poll, letter]) => letter > (this.#newest.get(poll) ?? 0));
  }

  compared(letters: readonly NewestLetter[]): void {
    for (const [poll, letter] of letters) this.#newest.set(poll, letter);
  }
}
