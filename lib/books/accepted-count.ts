/**
 * The accepted count: how many ballots this process has accepted in each poll since it started, counted where they
 * are answered and independently of the queue. It is the left side of the books.
 *
 * It is kept in memory; in MySQL, written once a second (`fleet/front-report.ts`); in memcached, written a few times
 * a second, where the worker reads it, also after MySQL was away; and in a file, written before any voter is answered,
 * so that a loss is found even when this process and the only memcached die at the same moment. The next front that
 * starts at the same home recovers that file (`recover-counts.ts`).
 *
 * Invariant: the count of a poll never goes down, so the largest value is the newest.
 */
import { DAY, SECOND } from "../base/clock.ts";
import { every } from "../base/every.ts";
import { describeError, type Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { acceptedKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollKey } from "../model/ids.ts";
import { type PollReference, pollKeyOf } from "../model/poll-key.ts";
import type { Acceptance } from "../store/acceptances.ts";
import { AcceptedCountFile, makeStateDirectory } from "./accepted-count-file.ts";

export interface AcceptedCountOptions {
  /** 8 bytes that name this run of the process, as in its batch ids. */
  readonly producer: Buffer;
  readonly home: number;
  /** The directory of the file; `undefined`: no file. */
  readonly directory: string | undefined;
  /** The servers of each poll's tallies, which also take its published count. */
  readonly placement: Placement;
  readonly log: Log;
}

const publishEveryMs = 100;
/** Seconds that a published count stays in memcached. */
const publishedSeconds = (7 * DAY) / SECOND;

export class AcceptedCount {
  readonly #options: AcceptedCountOptions;
  readonly #accepted = new Map<PollKey, Acceptance>();
  #unpublished = new Set<PollKey>();
  #unreported = new Set<PollKey>();
  readonly #file: AcceptedCountFile | undefined;

  /** @throws ConfigError when the directory can't be made or written to. */
  constructor(options: AcceptedCountOptions) {
    this.#options = options;
    const { directory, home, producer } = options;
    if (directory === undefined) return;
    makeStateDirectory(directory);
    this.#file = new AcceptedCountFile(directory, home, producer, this.#accepted, options.log);
  }

  /** Counts accepted ballots; called before their voters are answered. Never throws. */
  note(ballots: readonly PollReference[]): void {
    const { producer } = this.#options;
    const counts = countsByPoll(ballots);
    for (const [pollKey, { pollId, count }] of counts) {
      const before = this.#accepted.get(pollKey)?.ballots ?? 0;
      this.#accepted.set(pollKey, { pollId, pollKey, producer, ballots: before + count });
      this.#unpublished.add(pollKey);
      this.#unreported.add(pollKey);
    }
    this.#file?.write(counts.keys());
  }

  /** Publishes regularly until `signal` is aborted, then a last time. Never rejects. */
  publishUntil(signal: AbortSignal): Promise<void> {
    const publish = () => {
      this.#file?.catchUp();
      return this.#publish();
    };
    return every(publishEveryMs, publish, signal);
  }

  /** Counts have changed since the last report to MySQL. */
  get hasUnreported(): boolean {
    return this.#unreported.size > 0;
  }

  /** The counts that have changed since the last call, for the report to MySQL. */
  takeUnreported(): Acceptance[] {
    const polls = [...this.#unreported];
    this.#unreported = new Set();
    return polls.flatMap(poll => this.#accepted.get(poll) ?? []);
  }

  /** Gives back counts that could not be reported. */
  reportAgain(counts: readonly Acceptance[]): void {
    for (const count of counts) this.#unreported.add(pollKeyOf(count));
  }

  /** The next report has every count: MySQL may have lost those of earlier ones. */
  reportAll(): void {
    for (const pollId of this.#accepted.keys()) this.#unreported.add(pollId);
  }

  close(): void {
    this.#file?.close();
  }

  async #publish(): Promise<void> {
    const byServer = new Map<MemcachedClient, PollKey[]>();
    for (const poll of this.#unpublished) {
      for (const server of this.#options.placement.of(poll)) {
        byServer.set(server, [...(byServer.get(server) ?? []), poll]);
      }
    }
    const unpublished = new Set<PollKey>();
    this.#unpublished = unpublished;
    for (const [server, polls] of byServer) {
      if (!server.available) {
        for (const poll of polls) unpublished.add(poll);
        continue;
      }
      const pipeline = new Pipeline();
      const ops = polls.map(poll => {
        const key = acceptedKey(this.#options.producer, poll);
        return pipeline.overwrite(key, String(this.#accepted.get(poll)?.ballots), publishedSeconds);
      });
      try {
        const replies = await server.send(pipeline);
        for (const [index, op] of ops.entries()) {
          if (replies.of(op) === "full") unpublished.add(polls[index] as PollKey);
        }
      } catch (error) {
        for (const poll of polls) unpublished.add(poll);
        if (!isMemcachedFailure(error)) {
          this.#options.log.error({
            event: "accepted_count_not_published",
            ...describeError(error),
          });
        }
      }
    }
  }
}

/** How many of the ballots each poll has; nearly all batches are of few polls. */
function countsByPoll(ballots: readonly PollReference[]) {
  const counts = new Map<PollKey, { readonly pollId: PollReference["pollId"]; count: number }>();
  for (const ballot of ballots) {
    const pollKey = pollKeyOf(ballot);
    const known = counts.get(pollKey);
    if (known) known.count += 1;
    else counts.set(pollKey, { pollId: ballot.pollId, count: 1 });
  }
  return counts;
}
