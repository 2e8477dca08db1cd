/**
 * Poll keys: memcached's keys and slots name a poll by its poll key, because a number of MySQL can be given twice, when a
 * backup is restored. A ballot, an accepted count or a published copy that comes back to MySQL brings the poll key, and
 * is refused when the poll of that number has another one.
 *
 * Polls that release 0.2.0 made have none. Their number stands for it, so what memcached has of them stays valid.
 */
import type { PollId, PollKey } from "./ids.ts";
import type { Poll } from "./poll.ts";

/** Smaller numbers are the numbers of polls that release 0.2.0 made. */
export const pollKeyMin = 2n ** 32n;

/** The poll key of a poll that was made by release 0.2.0. */
export const keyOfId = (id: PollId): PollKey => String(id) as PollKey;

/** False for another poll that was given the slug, or the number, of the first. */
export function isSamePoll(a: Pick<Poll, "id" | "key">, b: Pick<Poll, "id" | "key">): boolean {
  if (a.id !== b.id) return false;
  // A copy that release 0.2.0 published lacks the poll key.
  return a.key === b.key || [a.key, b.key].includes(keyOfId(a.id));
}

/** What names a poll outside MySQL. */
export interface PollReference {
  readonly pollId: PollId;
  /** Absent: it was written by release 0.2.0, which knew numbers only. */
  readonly pollKey?: PollKey;
}

/** The poll key in memcached's keys. */
export const pollKeyOf = ({ pollKey, pollId }: PollReference): PollKey =>
  pollKey ?? keyOfId(pollId);
