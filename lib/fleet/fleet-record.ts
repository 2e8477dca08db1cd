/**
 * The fleet record, as one process sees it: which fronts and workers run, whether their settings fit together, and how
 * many homes have queues.
 *
 * A process compares its settings with those of all others before it serves, and every few seconds while it does. Of two
 * that differ, the one that started later does not serve. While MySQL is away, it compares with the copies in memcached
 * (`fleet-copies.ts`); with neither, nothing can be compared, and votes go on.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { ConfigError } from "../config/config.ts";
import type { QueueHomes } from "../queue/queue-homes.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import {
  type ComparedSettings,
  endProcesses,
  type FleetMember,
  listProcesses,
  type ProcessIdentity,
  type ProcessState,
  readSharedState,
} from "../store/fleet-processes.ts";
import type { AgreedServers } from "./agreed-servers.ts";
import { type Conflict, conflictOf, databaseSetting } from "./compared-settings.ts";
import type { FleetCopies } from "./fleet-copies.ts";
import { type Registration, silentMs } from "./registration.ts";

const joinPauseMs = 0.5 * SECOND;

export class FleetRecord {
  readonly #store: Store;
  readonly #log: Log;
  readonly #homes: QueueHomes;
  readonly #copies: FleetCopies;
  readonly agreed: AgreedServers;
  /** The database's id, as first read: nothing makes this process take another database for its own. */
  #siteId: string | undefined;
  /** The processes that run, as last read. */
  members: readonly FleetMember[] = [];
  /** MySQL's generation, as last read. */
  generation: string | undefined;

  constructor(
    store: Store,
    log: Log,
    homes: QueueHomes,
    copies: FleetCopies,
    agreed: AgreedServers,
  ) {
    this.#copies = copies;
    this.#store = store;
    this.#log = log;
    this.#homes = homes;
    this.agreed = agreed;
  }

  /** Reads the record. Two queries. @throws StoreFailure. */
  async refresh(): Promise<void> {
    await this.agreed.take();
    this.members = await listProcesses(this.#store, silentMs / SECOND);
    const { homes, generation, siteId } = await readSharedState(this.#store);
    this.#siteId ??= siteId;
    this.#homes.raiseTo(homes);
    this.generation = generation;
  }

  /** The process that this one must give way to, by the record as last read. */
  conflictOf({ id, settings }: Registration["identity"]): Conflict | undefined {
    const self = this.members.find(member => member.id === id);
    return self && conflictOf({ ...self, settings }, this.members);
  }

  /**
   * Enters this process into the record and compares its settings with all others. A process that differs may have died
   * a moment ago: then this waits until it is sure.
   *
   * @throws ConfigError when the settings differ from those of a process that is running.
   */
  async join(registration: Registration, state: ProcessState): Promise<void> {
    try {
      await registration.report(state);
      await this.agreed.join();
      const { identity } = registration;
      const refusal =
        (await this.#refusal(identity.id, identity.settings)) ??
        (await this.conflictOfDatabase(identity.id));
      if (!refusal) return await registration.report(state);
      await endProcesses(this.#store, [identity.id]);
      throw new ConfigError([refusal.sentence]);
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      await this.agreed.takePublished();
      const conflict = await this.#copies.conflictAtStart(registration.identity);
      if (conflict === "unknown") {
        this.#log.warn({ event: "settings_not_compared", ...describeError(error) });
      } else if (conflict) throw new ConfigError([conflict.sentence]);
    }
  }

  /**
   * Compares settings without entering a process: for commands, which end soon.
   *
   * @throws ConfigError like `join`; StoreFailure.
   */
  async compare(settings: ComparedSettings): Promise<void> {
    const refusal = (await this.#refusal("", settings)) ?? (await this.conflictOfDatabase(""));
    if (refusal) throw new ConfigError([refusal.sentence]);
  }

  /**
   * A running process that uses the same memcached with another database. That one has a fleet record of its own, so only
   * memcached shows it. To be called after `refresh`. Never rejects.
   *
   * @param id - of the process that asks.
   */
  async conflictOfDatabase(id: string): Promise<Conflict | undefined> {
    if (this.#siteId === undefined) return undefined;
    const settings = databaseSetting(this.#siteId);
    const conflict = await this.#copies.conflictAtStart({ id, settings });
    return conflict === "unknown" ? undefined : conflict;
  }

  /**
   * Keeps this process's entry in memcached, and learns of the homes that others use: a front may have started while MySQL
   * was away. Resolves with the process that it must give way to. Never rejects.
   */
  async exchange(
    identity: ProcessIdentity,
    state: ProcessState,
    nowMs: number,
  ): Promise<Conflict | undefined> {
    const database = this.#siteId === undefined ? {} : databaseSetting(this.#siteId);
    const settings = { ...identity.settings, ...database };
    const conflict = await this.#copies.exchange({ ...identity, settings }, state, nowMs);
    this.#homes.raiseTo(this.#copies.homes);
    return conflict;
  }

  /** Removes this process's entry from memcached. Never rejects. */
  leave(identity: ProcessIdentity): Promise<void> {
    return this.#copies.leave(identity);
  }

  async #refusal(id: string, settings: ComparedSettings): Promise<Conflict | undefined> {
    const firstSeen = new Map<string, number>();
    const untilMs = monotonicMs() + silentMs + SECOND;
    for (;;) {
      await this.refresh();
      const self = this.members.find(member => member.id === id);
      const conflict = conflictOf({ id, ...self, settings }, this.members);
      if (!conflict) return undefined;
      const { member } = conflict;
      const seenMs = firstSeen.get(member.id) ?? member.seenAtMs;
      firstSeen.set(member.id, seenMs);
      if (member.seenAtMs > seenMs || monotonicMs() > untilMs) return conflict;
      await sleep(joinPauseMs);
    }
  }
}
