/**
 * Keeps the processes of a private site running: one that ends without having been told to is started
 * again, after a pause that grows while it keeps ending.
 */
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import type { Child } from "#scripts/services/child.ts";

export type Role = "front" | "worker" | "memcached" | "database";

interface Supervised {
  readonly role: Role;
  readonly start: (logFile: string) => Promise<Child>;
  readonly logFile: string;
  child: Child;
  stopping: boolean;
}

const firstPauseMs = 100;
const longestPauseMs = 5 * SECOND;
/** A process that ran this long has earned a quick restart. */
const steadyMs = 30 * SECOND;

export class Supervisor {
  readonly #supervised: Supervised[] = [];
  readonly #onChange: () => void;
  readonly #say: (sentence: string) => void;

  constructor(onChange: () => void, say: (sentence: string) => void) {
    this.#onChange = onChange;
    this.#say = say;
  }

  get pids(): Record<Role, number[]> {
    const of = (role: Role) =>
      this.#supervised.filter(one => one.role === role).map(one => one.child.pid);
    return {
      front: of("front"),
      worker: of("worker"),
      memcached: of("memcached"),
      database: of("database"),
    };
  }

  /** Starts a process and keeps it running; it is handed `logFile` for its output. */
  async run(role: Role, logFile: string, start: Supervised["start"]): Promise<void> {
    const child = await start(logFile);
    const one: Supervised = { role, start, logFile, child, stopping: false };
    this.#supervised.push(one);
    void this.#watch(one);
  }

  /** True when such a process was started. */
  has(role: Role): boolean {
    return this.#supervised.some(one => one.role === role);
  }

  /** Stops the processes of a role; they stay stopped. */
  async stop(role: Role): Promise<void> {
    const those = this.#supervised.filter(one => one.role === role);
    await Promise.all(
      those.map(one => {
        one.stopping = true;
        return one.child.stop();
      }),
    );
  }

  async #watch(one: Supervised): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!one.stopping) {
      const startedMs = monotonicMs();
      const ended = await one.child.exit();
      if (one.stopping) return;
      if (monotonicMs() - startedMs > steadyMs) pauseMs = firstPauseMs;
      this.#say(`${one.role} ended (${ended}); starting it again (log: ${one.logFile})`);
      await sleep(pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      await this.#restart(one);
    }
  }

  async #restart(one: Supervised): Promise<void> {
    try {
      one.child = await one.start(one.logFile);
      this.#onChange();
    } catch (error) {
      this.#say(`${one.role}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
