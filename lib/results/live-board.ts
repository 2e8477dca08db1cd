/**
 * Live results: who watches which poll, and one look a tick for all who watch the same one.
 *
 * A poll is looked at only while somebody watches it, as whoever they are: a reader, a voter, an editor. What a look finds is compared with what was found
 * before: viewers hear of changes and of nothing else, but for a sign of life now and then.
 *
 * Invariant: one memcached read for each watched poll and tick, whatever the number of viewers; a frame is
 *   encoded once, and every viewer is handed the same bytes.
 * Invariant: handing out never holds up the process: it goes on in portions, and votes come in between.
 *
 * Source: IMVU's Perlbal plugin, which held requests that had nothing new to be told, and looked again a
 * second later, once for everybody.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Slug } from "../model/ids.ts";
import type { Requester } from "../model/visibility.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { encodeFrame } from "./frames.ts";
import type { ResultsBoard } from "./results-board.ts";
import type { Snapshot } from "./snapshot.ts";

/** What is new, in both forms: as it is, and as bytes of an event stream. */
export interface News {
  readonly snapshot: Snapshot;
  readonly frame: Uint8Array;
}

/** Why there will be no more news. */
export type Ending =
  /** The poll was taken back. */
  | "gone"
  /** These were the final results. */
  | "final"
  /** This process stops: there is another one to ask. */
  | "stopping";

/** Somebody who wants to know. Neither method may throw or wait. */
export interface Viewer {
  /** Called once at most for each change. */
  show(news: News): void;
  /** Nothing changed for a while: a sign of life, so that nobody on the way gives the connection up. */
  idle(): void;
  /** The last call. */
  end(why: Ending): void;
}

export interface LiveDeps {
  readonly published: Pick<PublishedPolls, "find">;
  readonly results: Pick<ResultsBoard, "snapshot">;
  readonly log: Log;
  /** More than this at once are refused. */
  readonly viewersMax: number;
  /** Time between two looks. */
  readonly tickMs?: number;
}

interface Watch {
  readonly slug: Slug;
  /** As whom its viewers watch: they may see the same. */
  readonly requester: Requester;
  readonly viewers: Set<Viewer>;
  readonly nobodyLeft: AbortController;
  news: News | undefined;
  saidMs: number;
}

/** A vote is on every screen within about this and the 200 ms that results are kept. */
const defaultTickMs = 500;
/** Less than the patience of any proxy. */
const idleMs = 15 * SECOND;
const portion = 250;

const keyOf = (slug: Slug, requester: Requester): string => `${slug} ${requester}`;

export class LiveBoard {
  readonly #deps: LiveDeps;
  readonly #watches = new Map<string, Watch>();
  readonly #complaints = new TokenBucket(1);
  #viewers = 0;
  #stopping = false;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  /** Viewers right now, of all polls. */
  get viewers(): number {
    return this.#viewers;
  }

  /** What is new at this moment, encoded once for all who ask before the next look. */
  newsOf(slug: Slug, requester: Requester, snapshot: Snapshot): News {
    const watch = this.#watches.get(keyOf(slug, requester));
    if (watch?.news?.snapshot.etag === snapshot.etag) return watch.news;
    const news = { snapshot, frame: encodeFrame(snapshot) };
    if (watch && !watch.news) watch.news = news;
    return news;
  }

  /**
   * Tells `viewer` of every change from now on, until the function that is returned is called.
   *
   * @throws FloodgateError `overloaded` when there are too many already, or this process is stopping.
   */
  watch(slug: Slug, requester: Requester, viewer: Viewer): () => void {
    if (this.#stopping || this.#viewers >= this.#deps.viewersMax) {
      throw new FloodgateError("overloaded", { retryAfterMs: SECOND + Math.random() * 4 * SECOND });
    }
    const watch = this.#watches.get(keyOf(slug, requester)) ?? this.#begin(slug, requester);
    watch.viewers.add(viewer);
    this.#viewers += 1;
    return () => this.#leave(watch, viewer);
  }

  /** Sends everybody away, to come back elsewhere. */
  stop(): void {
    this.#stopping = true;
    for (const watch of [...this.#watches.values()]) this.#end(watch, "stopping");
  }

  #begin(slug: Slug, requester: Requester): Watch {
    const watch: Watch = {
      slug,
      requester,
      viewers: new Set(),
      nobodyLeft: new AbortController(),
      news: undefined,
      saidMs: monotonicMs(),
    };
    this.#watches.set(keyOf(slug, requester), watch);
    void this.#run(watch);
    return watch;
  }

  #leave(watch: Watch, viewer: Viewer): void {
    if (!watch.viewers.delete(viewer)) return;
    this.#viewers -= 1;
    if (watch.viewers.size > 0) return;
    const key = keyOf(watch.slug, watch.requester);
    if (this.#watches.get(key) === watch) this.#watches.delete(key);
    watch.nobodyLeft.abort();
  }

  #end(watch: Watch, why: Ending): void {
    for (const viewer of [...watch.viewers]) {
      this.#leave(watch, viewer);
      viewer.end(why);
    }
  }

  /** Looks, tick by tick, while anybody is there. Never rejects. */
  async #run(watch: Watch): Promise<void> {
    const { signal } = watch.nobodyLeft;
    while (!signal.aborted) {
      await sleep(this.#deps.tickMs ?? defaultTickMs, signal);
      if (signal.aborted) return;
      try {
        await this.#look(watch);
      } catch (error) {
        // Memcached is away: viewers keep what they have, and there will be another look.
        if (this.#complaints.tryTake()) {
          this.#deps.log.warn({ event: "live_look_failed", ...describeError(error) });
        }
      }
    }
  }

  async #look(watch: Watch): Promise<void> {
    const poll = await this.#deps.published.find(watch.slug);
    if (!poll) {
      this.#end(watch, "gone");
      return;
    }
    const snapshot = await this.#deps.results.snapshot(poll, watch.requester);
    if (watch.news?.snapshot.etag !== snapshot.etag) {
      const news = { snapshot, frame: encodeFrame(snapshot) };
      watch.news = news;
      await this.#tell(watch, viewer => viewer.show(news));
    } else if (monotonicMs() - watch.saidMs > idleMs) {
      await this.#tell(watch, viewer => viewer.idle());
    }
    if (snapshot.results.state === "final") this.#end(watch, "final");
  }

  async #tell(watch: Watch, say: (viewer: Viewer) => void): Promise<void> {
    watch.saidMs = monotonicMs();
    let told = 0;
    for (const viewer of [...watch.viewers]) {
      if (watch.viewers.has(viewer)) say(viewer);
      told += 1;
      if (told % portion === 0) await new Promise(resolve => setImmediate(resolve));
    }
  }
}
