/**
 * What the worker knows of fronts from their reports (`front-report.ts`): which keep a poll from becoming final, which
 * report no more, and which are declared gone.
 *
 * A front is **declared gone** when its reports have been missing for `FLOODGATE_FRONT_GONE_MS` while MySQL and a
 * worker were there, or by an operator. From then on polls become final without its word. Ballots that it still brings
 * for a final poll are set aside, so the books name them. A front that reports again is back.
 */
import { MINUTE, SECOND } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Poll } from "../model/poll.ts";
import type { Store } from "../store/database.ts";
import { pruneProcesses } from "../store/fleet-processes.ts";
import {
  countUnknownFronts,
  declareGone,
  type FrontRow,
  frontsBefore,
  noteMissingFronts,
} from "../store/front-rows.ts";
import { pidSpace } from "./process-identity.ts";
import { endDeadProcesses, silentMs } from "./registration.ts";

/** A poll that could be final, and the fronts that it waits for. */
export interface WaitingResult {
  readonly slug: Poll["slug"];
  readonly fronts: readonly FrontRow[];
  /** Runs of fronts that accepted ballots and have no row: of an older release, or from before a restore. */
  readonly unknown: number;
}

export interface FrontsDeps {
  readonly store: Store;
  readonly log: Log;
  readonly goneMs: number;
  /** The row of the calling process. */
  readonly self: string;
}

/** Workers look more often than this, also from cron every minute. */
const lookedMs = 2 * MINUTE;
const keptDays = 90;

export class Fronts {
  readonly #deps: FrontsDeps;
  readonly #pidSpace = pidSpace();
  #missing: readonly FrontRow[] = [];
  /** The results that wait, as last found. */
  waitingResults: readonly WaitingResult[] = [];

  constructor(deps: FrontsDeps) {
    this.#deps = deps;
  }

  /** Fronts whose reports have stopped, as last found. */
  get missing(): readonly FrontRow[] {
    return this.#missing;
  }

  /** Finds fronts that have ended, that are missing, and that are gone by now. @throws StoreFailure. */
  async look(): Promise<void> {
    const { store, log, goneMs, self } = this.#deps;
    await endDeadProcesses(store, this.#pidSpace, self);
    const missing = await noteMissingFronts(store, silentMs / SECOND, lookedMs / SECOND);
    const known = new Set(this.#missing.map(({ id }) => id));
    const left: FrontRow[] = [];
    for (const front of missing) {
      if (await declareGone(store, front.id, goneMs)) {
        log.error({ event: "front_gone", ...describeFront(front) });
        continue;
      }
      left.push(front);
      if (known.has(front.id)) continue;
      log.warn({ event: "front_missing", ...describeFront(front) });
    }
    this.#missing = left;
  }

  /** Deletes what is too old to matter. @throws StoreFailure. */
  async prune(): Promise<void> {
    await pruneProcesses(this.#deps.store, keptDays);
  }

  /**
   * What keeps a closed poll from becoming final; `undefined`: nothing.
   *
   * @param readAtMs - when the pass began that found all queues empty; like `nowMs` by MySQL's clock.
   * @throws StoreFailure.
   */
  async waitingFor(
    poll: Pick<Poll, "id" | "slug" | "closesAtMs">,
    readAtMs: number,
    nowMs: number,
  ): Promise<WaitingResult | undefined> {
    const { store, goneMs } = this.#deps;
    const closesAtMs = poll.closesAtMs ?? nowMs;
    const fronts = await frontsBefore(store, closesAtMs, readAtMs);
    const unknown = nowMs - closesAtMs < goneMs ? await countUnknownFronts(store, poll.id) : 0;
    return fronts.length + unknown > 0 ? { slug: poll.slug, fronts, unknown } : undefined;
  }

  /** Keeps the results that wait, for people; logs those that are new. */
  noteWaiting(results: readonly WaitingResult[]): void {
    const known = new Set(this.waitingResults.map(({ slug }) => slug));
    for (const { slug, fronts, unknown } of results) {
      if (known.has(slug)) continue;
      const waitsFor = fronts.map(describeFront);
      this.#deps.log.info({ event: "result_waits", poll: slug, fronts: waitsFor, unknown });
    }
    this.waitingResults = results;
  }
}

function describeFront({ id, home, machine, pid, seenAtMs, heldSinceMs }: FrontRow) {
  return {
    front: id,
    home,
    machine,
    pid,
    seenAt: new Date(seenAtMs).toISOString(),
    heldSince: new Date(heldSinceMs).toISOString(),
  };
}
