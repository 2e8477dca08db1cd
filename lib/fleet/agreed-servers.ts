/**
 * The list of servers that the site has agreed on, as one process follows it. Its settings are only its wish: it serves
 * with the agreed list, and when all processes wish another one, workers begin a change (`worker/server-change.ts`).
 *
 * The list is in MySQL, and workers publish it on all memcached servers, for a front that starts while MySQL is away.
 */
import type { Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { serverListsKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import {
  type ChangeStep,
  canonical,
  describeServers,
  positionOf,
  type ServerList,
  type ServerLists,
  type ServerNames,
  wishText,
} from "../model/server-list.ts";
import { openCheckpoints } from "../store/checkpoints.ts";
import type { Store } from "../store/database.ts";
import {
  hasPolls,
  insertServerList,
  readServerLists,
  type StoredLists,
  serverPositions,
  setServerStep,
} from "../store/server-lists.ts";

export interface AgreedServersDeps {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
  /** The servers of this process's settings, in their order. */
  readonly configured: ServerNames;
}

/** A worker without a report for so long has ended; it reports every five seconds. */
export const workerSilentSeconds = 120;

const stepOrder: readonly ChangeStep[] = ["joining", "switching", "settled"];

export class AgreedServers {
  readonly #deps: AgreedServersDeps;
  /** What this process's settings ask for. */
  readonly wish: string;
  /** Look for servers that are not listed and still have queues; for workers. */
  emptiesLeftovers = false;
  #differing = false;
  #leftover: readonly string[] = [];

  constructor(deps: AgreedServersDeps) {
    this.#deps = deps;
    this.wish = wishText(deps.configured);
  }

  /** The step that this process has taken; `undefined`: it goes by its own settings. */
  get taken(): string | undefined {
    const { placement } = this.#deps;
    return placement.lists.newest.version === 0 ? undefined : placement.taken;
  }

  get lists(): ServerLists {
    return this.#deps.placement.lists;
  }

  /** A change is under way, or will be when all processes wish what this one wishes. */
  get isChanging(): boolean {
    return this.#differing || this.lists.step !== "settled";
  }

  /**
   * The servers as releases before this one compare them. Such a release can only run beside this process when the
   * rule is its own.
   */
  get comparedText(): { readonly memcached: string; readonly queues: string } {
    const { newest, step } = this.#deps.placement.lists;
    const follows =
      newest.version === 0 || (newest.rule === "by_order" && step === "settled")
        ? ""
        : ` (list ${newest.version}, not by order)`;
    const { memcached, queues } = newest.version === 0 ? this.#deps.configured : newest;
    return { memcached: memcached.join() + follows, queues: queues.join() + follows };
  }

  /**
   * Takes the newest step. One query; two for a worker.
   *
   * @returns the lists as they are in MySQL, if there are any.
   * @throws StoreFailure.
   */
  async take(): Promise<StoredLists | undefined> {
    const { store, placement } = this.#deps;
    const found = await readServerLists(store);
    if (!found && placement.lists.newest.version === 0) await this.#assumeFirst();
    else if (!found || isBefore(found, placement.lists)) await this.#writeBack();
    else {
      const listed = [...found.newest.queues, ...(found.old?.queues ?? [])];
      const leftover = this.emptiesLeftovers ? await leftovers(store, listed) : [];
      this.#use(found, leftover);
    }
    return found;
  }

  /**
   * Called when this process is in the fleet record and does not serve yet: makes the first list, or a new one when no
   * process serves by the last; then takes it.
   *
   * @throws StoreFailure.
   */
  async join(): Promise<void> {
    await this.makeFirst();
    const { store, configured } = this.#deps;
    await store.transaction(async db => {
      const lists = await readServerLists(db, "FOR UPDATE");
      if (lists?.step !== "settled" || wishText(lists.newest) === this.wish) return;
      const all = await serverPositions(db, workerSilentSeconds);
      if (all.some(({ wish, taken }) => taken !== undefined || wish !== this.wish)) return;
      const version = lists.newest.version + 1;
      await insertServerList(
        db,
        { version, rule: "rendezvous", ...canonical(configured) },
        "settled",
      );
    });
    await this.take();
  }

  /**
   * Makes the first list when there is none in MySQL or memcached, and takes it or the one that there is. @throws
   * StoreFailure.
   */
  async makeFirst(): Promise<void> {
    const { store } = this.#deps;
    if (!(await readServerLists(store))) {
      if (await this.#takeLast()) await this.#writeBack();
      else await insertServerList(store, await this.#firstList(), "settled");
    }
    await this.take();
  }

  /** While MySQL is away, or has lost its lists: takes the newest list that memcached has. Never rejects. */
  async takePublished(): Promise<void> {
    const { placement } = this.#deps;
    const found = await Promise.all(
      placement.all.map(server => orWhenMemcachedFails(publishedOn(server), () => undefined)),
    );
    for (const lists of found) if (lists && isBefore(placement.lists, lists)) this.#use(lists, []);
  }

  /** Publishes the lists on all servers that are up. Never rejects for a server that fails. */
  async publish(): Promise<void> {
    const { placement } = this.#deps;
    if (placement.lists.newest.version === 0) return;
    const text = JSON.stringify(placement.lists);
    await Promise.all(
      serversUp(placement.all).map(server => {
        const pipeline = new Pipeline();
        pipeline.overwrite(serverListsKey, text, 0);
        return orWhenMemcachedFails(server.send(pipeline), () => undefined);
      }),
    );
  }

  /** MySQL went back to an earlier state, and the fleet did not: MySQL gets the list and the step again. */
  async #writeBack(): Promise<void> {
    const { store, placement } = this.#deps;
    const { lists } = placement;
    await store.transaction(async db => {
      const now = await readServerLists(db, "FOR UPDATE");
      if (now && !isBefore(now, lists)) return;
      if (lists.old) await insertServerList(db, lists.old, "settled");
      const isNew = await insertServerList(db, lists.newest, lists.step);
      if (!isNew) await setServerStep(db, lists.newest.version, lists.step);
    });
  }

  /**
   * MySQL has polls and no list, as after a restore into an empty database: takes the list that memcached has, by
   * which its items are placed. False: there is none.
   */
  async #takeLast(): Promise<boolean> {
    const { store, placement } = this.#deps;
    if (await hasPolls(store)) await this.takePublished();
    return placement.lists.newest.version > 0;
  }

  /** Goes by the list that the first process will make, or will find in memcached. */
  async #assumeFirst(): Promise<void> {
    if (await this.#takeLast()) return;
    const newest = { ...(await this.#firstList()), version: 0 };
    this.#deps.placement.use({ newest, step: "settled", old: undefined });
  }

  async #firstList(): Promise<ServerList> {
    const { store, configured } = this.#deps;
    return (await hasPolls(store))
      ? { version: 1, rule: "by_order", ...configured }
      : { version: 1, rule: "rendezvous", ...canonical(configured) };
  }

  #use(lists: ServerLists, leftover: readonly string[]): void {
    const { placement, log } = this.#deps;
    const { newest, step, old } = lists;
    const isNew = positionOf(lists) !== positionOf(placement.lists);
    const isFirst = placement.lists.newest.version === 0;
    if (isNew || leftover.join() !== this.#leftover.join()) {
      placement.use({ newest, step, old }, leftover);
      this.#leftover = leftover;
    }
    if (isNew && !isFirst) {
      const { version } = newest;
      log.info({ event: "servers_taken", version, step, servers: describeServers(newest) });
    }
    const differs = step === "settled" && wishText(newest) !== this.wish;
    if (differs && !this.#differing) {
      log.warn({
        event: "servers_differ",
        settings: describeServers(this.#deps.configured),
        servers: describeServers(newest),
        todo: "give every process the same servers; the change begins by itself",
      });
    }
    this.#differing = differs;
  }
}

function isBefore(a: ServerLists, b: ServerLists): boolean {
  if (a.newest.version !== b.newest.version) return a.newest.version < b.newest.version;
  return stepOrder.indexOf(a.step) < stepOrder.indexOf(b.step);
}

async function leftovers(store: Store, listed: readonly string[]): Promise<string[]> {
  const servers = new Set((await openCheckpoints(store)).map(({ server }) => server));
  return [...servers].filter(server => !listed.includes(server)).sort();
}

async function publishedOn(server: MemcachedClient): Promise<ServerLists | undefined> {
  const pipeline = new Pipeline();
  const op = pipeline.get(serverListsKey);
  const text = (await server.read(pipeline)).of(op)?.toString();
  try {
    return text === undefined ? undefined : (JSON.parse(text) as ServerLists);
  } catch {
    // No process of ours wrote that.
    return undefined;
  }
}
