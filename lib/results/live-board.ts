/**
 * Live results: the viewers of each poll, and one read a tick for all viewers of the same poll.
 *
 * A poll is read only while it has viewers, once for each kind of requester among them (reader, voter, editor).
 * Viewers are sent changes, and now and then an idle event.
 *
 * Invariant: one memcached read for each watched poll and tick, whatever the number of viewers; a frame is
 *   encoded once, and every viewer is sent the same bytes.
 * Invariant: viewers of one poll are never sent the results of another one that was given its slug.
 * Invariant: sending never blocks the process: viewers are served in portions, and votes are answered in between.
 *
 * Source: IMVU's Perlbal plugin, which held requests without news and read again a second later, once for all.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Poll } from "../model/poll.ts";
import { isSamePoll } from "../model/poll-key.ts";
import type { Requester } from "../model/visibility.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { encodeFrame } from "./frames.ts";
import type { ResultsBoard } from "./results-board.ts";
import type { Snapshot } from "./snapshot.ts";

/** A snapshot that viewers have not seen, and its frame. */
export interface News {
  readonly snapshot: Snapshot;
  readonly frame: Uint8Array;
}

/** What names the poll that is watched. */
export type WatchedPoll = Pick<Poll, "id" | "key" | "slug">;

/** Why a viewer is sent nothing more. */
export type Ending =
  /** The poll was deleted, or its slug was given to another one. */
  | "gone"
  /** The viewer has the final results. */
  | "final"
  /** This process is stopping; another one answers. */
  | "stopping";

/** An open stream or a held request. No method may throw or wait. */
export interface Viewer {
  /** Called at most once for each change. */
  show(news: News): void;
  /** The results can be read, and nothing changed for a while: the viewer is told so. */
  idle(): void;
  /** The last call. */
  end(why: Ending): void;
}

export interface LiveDeps {
  readonly published: Pick<PublishedPolls, "find">;
  readonly results: Pick<ResultsBoard, "snapshot">;
  readonly log: Log;
  /** Further viewers are refused. */
  readonly viewersMax: number;
  /** Time between two reads of a poll. */
  readonly tickMs?: number;
  /** After this time without a change, viewers are sent an idle event. */
  readonly idleMs?: number;
}

interface Watch {
  readonly poll: WatchedPoll;
  /** All its viewers may see the same. */
  readonly requester: Requester;
  readonly viewers: Set<Viewer>;
  /** Aborted when the last viewer has left. */
  readonly abandoned: AbortController;
  news: News | undefined;
  /** When its viewers were last sent something. */
  sentAtMs: number;
}

/** A vote is on every screen within about this plus the 200 ms for which results are kept. */
const defaultTickMs = 500;
/** Below the idle time-out of any proxy; a page that hears nothing for more than twice as long gives the stream up. */
const defaultIdleMs = 15 * SECOND;
const viewersPerPortion = 250;

const keyOf = ({ key }: WatchedPoll, requester: Requester): string => `${key} ${requester}`;

export class LiveBoard {
  readonly #deps: LiveDeps;
  readonly #watches = new Map<string, Watch>();
  readonly #warnings = new TokenBucket(1);
  #viewers = 0;
  #stopping = false;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  /** Number of viewers, of all polls. */
  get viewers(): number {
    return this.#viewers;
  }

  /** A snapshot with its frame, encoded once for all who ask before the next read. */
  newsOf(poll: WatchedPoll, requester: Requester, snapshot: Snapshot): News {
    const watch = this.#watches.get(keyOf(poll, requester));
    if (watch?.news?.snapshot.etag === snapshot.etag) return watch.news;
    const news = { snapshot, frame: encodeFrame(snapshot) };
    if (watch && !watch.news) watch.news = news;
    return news;
  }

  /**
   * Sends `viewer` every change from now on, until the returned function is called.
   *
   * @throws FloodgateError `overloaded` when there are too many viewers, or this process is stopping.
   */
  watch(poll: WatchedPoll, requester: Requester, viewer: Viewer): () => void {
    if (this.#stopping || this.#viewers >= this.#deps.viewersMax) {
      throw new FloodgateError("overloaded", { retryAfterMs: SECOND + Math.random() * 4 * SECOND });
    }
    const watch = this.#watches.get(keyOf(poll, requester)) ?? this.#begin(poll, requester);
    watch.viewers.add(viewer);
    this.#viewers += 1;
    return () => this.#leave(watch, viewer);
  }

  /** Ends all viewers; they reconnect to another process. */
  stop(): void {
    this.#stopping = true;
    for (const watch of [...this.#watches.values()]) this.#end(watch, "stopping");
  }

  #begin(poll: WatchedPoll, requester: Requester): Watch {
    const watch: Watch = {
      poll,
      requester,
      viewers: new Set(),
      abandoned: new AbortController(),
      news: undefined,
      sentAtMs: monotonicMs(),
    };
    this.#watches.set(keyOf(poll, requester), watch);
    void this.#run(watch);
    return watch;
  }

  #leave(watch: Watch, viewer: Viewer): void {
    if (!watch.viewers.delete(viewer)) return;
    this.#viewers -= 1;
    if (watch.viewers.size > 0) return;
    const key = keyOf(watch.poll, watch.requester);
    if (this.#watches.get(key) === watch) this.#watches.delete(key);
    watch.abandoned.abort();
  }

  #end(watch: Watch, why: Ending): void {
    for (const viewer of [...watch.viewers]) {
      this.#leave(watch, viewer);
      viewer.end(why);
    }
  }

  /** Reads once a tick while there are viewers. Never rejects. */
  async #run(watch: Watch): Promise<void> {
    const { signal } = watch.abandoned;
    while (!signal.aborted) {
      await sleep(this.#deps.tickMs ?? defaultTickMs, signal);
      if (signal.aborted) return;
      try {
        await this.#refresh(watch);
      } catch (error) {
        // Memcached is away: viewers keep what they have, and the next tick tries again.
        if (this.#warnings.tryTake()) {
          this.#deps.log.warn({ event: "live_read_failed", ...describeError(error) });
        }
      }
    }
  }

  async #refresh(watch: Watch): Promise<void> {
    const poll = await this.#deps.published.find(watch.poll.slug);
    if (!poll || !isSamePoll(poll, watch.poll)) {
      this.#end(watch, "gone");
      return;
    }
    const snapshot = await this.#deps.results.snapshot(poll, watch.requester);
    if (watch.news?.snapshot.etag !== snapshot.etag) {
      const news = { snapshot, frame: encodeFrame(snapshot) };
      watch.news = news;
      await this.#sendAll(watch, viewer => viewer.show(news));
    } else if (monotonicMs() - watch.sentAtMs > (this.#deps.idleMs ?? defaultIdleMs)) {
      await this.#sendAll(watch, viewer => viewer.idle());
    }
    if (snapshot.results.state === "final") this.#end(watch, "final");
  }

  async #sendAll(watch: Watch, send: (viewer: Viewer) => void): Promise<void> {
    watch.sentAtMs = monotonicMs();
    let sent = 0;
    for (const viewer of [...watch.viewers]) {
      if (watch.viewers.has(viewer)) send(viewer);
      sent += 1;
      if (sent % viewersPerPortion === 0) await new Promise(resolve => setImmediate(resolve));
    }
  }
}
