/**
 * The change from one list of servers to the next (`lib/model/server-list.ts`), as workers carry it out: each step
 * begins when all processes have taken the last one and its work is done. Any worker may do it, and go on where
 * another ended.
 *
 * Work of a step, after all processes have taken it:
 *
 * - `joining`: what fronts accepted before that is in MySQL; then the new servers get their marks from MySQL, exact
 *   tallies and the published polls.
 * - `switching`: what fronts accepted before that is in MySQL, so nothing waits on servers that leave.
 *
 * A server of the old list that is away for ten seconds is not waited for: what it had is made anew from MySQL and from
 * the fronts' replay rings.
 */

import { monotonicMs, SECOND, wallMs } from "#lib/base/clock.ts";
import { portions } from "#lib/base/lists.ts";
import { describeError } from "#lib/base/log.ts";
import { workerSilentSeconds } from "#lib/fleet/agreed-servers.ts";
import type { FinishedPass } from "#lib/flush/finalize.ts";
import { orWhenMemcachedFails } from "#lib/memcached/failure.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import {
  type ChangeStep,
  canonical,
  describeServers,
  parseWish,
  positionOf,
  type ServerNames,
  wishText,
} from "#lib/model/server-list.ts";
import { publishCurrent } from "#lib/polls/publish-current.ts";
import { reconcile } from "#lib/rebuild/reconcile.ts";
import { readDatabaseClock } from "#lib/store/clock.ts";
import type { Database } from "#lib/store/database.ts";
import { frontsBefore } from "#lib/store/front-rows.ts";
import { pollsNotFinal, pollsToCompare } from "#lib/store/polls.ts";
import {
  insertServerList,
  noteServersReady,
  oldFrontsMayRun,
  readServerLists,
  type StoredLists,
  serverPositions,
  setServerStep,
} from "#lib/store/server-lists.ts";
import { restoreMarks } from "#lib/voters/restore-marks.ts";
import { removeForeignItems } from "./foreign-items.ts";
import { endLeftQueues } from "./left-queues.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** Between the clocks that say when a ballot was received and MySQL's. */
const skewMs = 3 * SECOND;
const pollsPerStep = 200;
const quietEveryMs = 5 * SECOND;
/** As long as its final result may be looked at in the tallies. */
const finalForMs = 3_600 * SECOND;
/** After every moment that MySQL can compare. */
const neverMs = Date.UTC(9999, 0, 1);

export class ServerChange {
  readonly #worker: WorkerParts;
  /** When this worker first saw that all processes had taken a step; monotonic. */
  #ready: { readonly position: string; readonly seenMs: number } | undefined;
  #preparing = false;
  #advancedMs = Number.NEGATIVE_INFINITY;

  constructor(worker: WorkerParts) {
    this.#worker = worker;
  }

  /** Does what can be done after a pass. @throws StoreFailure, MemcachedFailure. */
  async advance(pass: FinishedPass): Promise<void> {
    const { agreed, background, clock, registration } = this.#worker;
    if (!agreed.isChanging && monotonicMs() - this.#advancedMs < quietEveryMs) return;
    this.#advancedMs = monotonicMs();
    const before = agreed.taken;
    const lists = await agreed.take();
    if (agreed.taken !== before) {
      const clockAheadMs = wallMs() - clock.nowMs();
      await registration.refresh({ heldSinceMs: undefined, clockAheadMs });
    }
    if (!lists || positionOf(lists) !== agreed.taken) return;
    await agreed.publish();
    if (lists.step === "settled") {
      await endLeftQueues(this.#worker);
      if (this.#preparing) return;
      this.#preparing = true;
      const begun = this.#begin(lists).finally(() => {
        this.#preparing = false;
      });
      background.add(begun);
      return;
    }
    if (!(await this.#allReady(lists))) return;
    if (!(await this.#nothingOlder(lists, pass))) return;
    if (lists.step === "switching") return this.#next(lists, "settled");
    if (await this.#fill()) await this.#next(lists, "switching");
  }

  /** Begins a change when all processes wish the same other list. Never rejects. It may take a while. */
  async #begin(lists: StoredLists): Promise<void> {
    const { store, log, placement, config } = this.#worker;
    try {
      const names = await this.#agreedWish(store, lists);
      if (!names || (await oldFrontsMayRun(store, config.frontGoneMs / SECOND))) return;
      const targets = [...new Set([...names.memcached, ...names.queues])].map(placement.clientOf);
      // Held, so that the others wait for this worker before they fill the new servers: a removal after that would take
      // away what belongs there.
      await placement.hold(async () => {
        if (positionOf(placement.lists) !== positionOf(lists)) return;
        for (const server of targets) await removeForeignItems(this.#worker, server);
      });
      const { version } = lists.newest;
      const began = await store.transaction(async db => {
        const now = await readServerLists(db, "FOR UPDATE");
        if (!now || positionOf(now) !== positionOf(lists)) return false;
        if (!(await this.#agreedWish(db, now))) return false;
        const next = { version: version + 1, rule: "rendezvous", ...names } as const;
        return insertServerList(db, next, "joining");
      });
      if (!began) return;
      const [from, to] = [describeServers(lists.newest), describeServers(names)];
      log.info({ event: "servers_change_began", version: version + 1, from, to });
    } catch (error) {
      log.warn({ event: "servers_change_not_begun", ...describeError(error) });
    }
  }

  /** The list that all processes wish, when it is another one and all of them serve by this one. */
  async #agreedWish(db: Database, lists: StoredLists): Promise<ServerNames | undefined> {
    const all = await serverPositions(db, workerSilentSeconds);
    const [wish, ...others] = new Set(all.map(each => each.wish));
    if (wish === undefined || others.length > 0) return undefined;
    if (all.some(({ taken }) => taken !== positionOf(lists))) return undefined;
    const isSame = lists.newest.rule === "rendezvous" && wishText(lists.newest) === wish;
    return isSame ? undefined : canonical(parseWish(wish));
  }

  async #allReady(lists: StoredLists): Promise<boolean> {
    const { store } = this.#worker;
    const position = positionOf(lists);
    const all = await serverPositions(store, workerSilentSeconds);
    if (all.some(({ taken }) => taken !== position)) return false;
    if (lists.readyAtMs === undefined) {
      await noteServersReady(store, lists.newest.version, lists.step);
      return false;
    }
    if (this.#ready?.position !== position) this.#ready = { position, seenMs: monotonicMs() };
    return true;
  }

  /** True when MySQL has every ballot that was received before all processes had taken the step. */
  async #nothingOlder(lists: StoredLists, { summary, startedMs }: FinishedPass): Promise<boolean> {
    const { store, flusher } = this.#worker;
    const { readyAtMs = neverMs } = lists;
    if (summary.waiting > 0 || summary.unreachable.length > 0) return false;
    if (!(await this.#beganAfter(readyAtMs, startedMs))) return false;
    const fronts = await frontsBefore(store, readyAtMs + skewMs, neverMs);
    return fronts.length === 0 && (await flusher.confirm());
  }

  /**
   * True when a pass began after all processes had taken the step: after this worker saw that or, for a command that
   * makes one pass, after another one did, by MySQL's clock.
   */
  async #beganAfter(readyAtMs: number, startedMs: number): Promise<boolean> {
    if (startedMs >= (this.#ready?.seenMs ?? neverMs)) return true;
    const { theirMs, answeredMs } = await readDatabaseClock(this.#worker.store);
    return theirMs - (answeredMs - startedMs) >= readyAtMs + skewMs;
  }

  /**
   * Makes marks, tallies and published polls complete on all servers of both lists. True when they are, and no server
   * of the new list was away meanwhile.
   */
  async #fill(): Promise<boolean> {
    const { clock, log, placement, published, store, tallies } = this.#worker;
    const { newest } = placement.lists;
    const deps = { store, log, clock, placement };
    const newServers = placement.servers.filter(({ name }) => newest.memcached.includes(name));
    const isAway = () => newServers.some(({ available }) => !available);
    if (isAway()) return false;
    if (!(await restoreMarks(deps, { version: newest.version, servers: newServers }))) return false;
    const nowMs = clock.nowMs();
    const polls = await pollsToCompare(store, nowMs, nowMs - finalForMs);
    for (const portion of portions(polls, pollsPerStep)) {
      if (!(await reconcile(tallies, portion, true))) return false;
    }
    // Also those that open later: MySQL may be away by then.
    const behind: Slug[] = [];
    for (const poll of [...(await pollsNotFinal(store)), ...polls.filter(isFinal)]) {
      if (await published.isBehind(poll)) behind.push(poll.slug);
    }
    await orWhenAway(publishCurrent({ store, published }, behind));
    await orWhenAway(published.publishList(nowMs));
    return !isAway();
  }

  /** Begins the next step, if all processes still are where they were. */
  async #next(lists: StoredLists, step: ChangeStep): Promise<void> {
    const { store, log } = this.#worker;
    const { version } = lists.newest;
    const done = await store.transaction(async db => {
      const now = await readServerLists(db, "FOR UPDATE");
      if (!now || positionOf(now) !== positionOf(lists)) return false;
      const all = await serverPositions(db, workerSilentSeconds);
      if (all.some(({ taken }) => taken !== positionOf(lists))) return false;
      await setServerStep(db, version, step);
      return true;
    });
    if (!done) return;
    const servers = describeServers(lists.newest);
    log.info({ event: "servers_change_step", version, step, servers });
  }
}

const isFinal = ({ finalizedAtMs }: Poll): boolean => finalizedAtMs !== null;

/** A server that is away got nothing; the others did. */
const orWhenAway = (work: Promise<void>): Promise<void> =>
  orWhenMemcachedFails(work, () => undefined);
