/** Keeps the processes of a private site running, each under its role. */
import { SECOND } from "#lib/base/clock.ts";
import { type RunningProcess, Supervised } from "#lib/base/supervised.ts";
import type { Child } from "#scripts/services/child.ts";

export type Role = "front" | "worker" | "memcached" | "database";

interface Running extends RunningProcess {
  readonly child: Child;
}

interface Member {
  readonly role: Role;
  readonly supervised: Supervised<Running>;
}

const backoff = { firstMs: 100, maxMs: 5 * SECOND };

export class Supervisor {
  readonly #members: Member[] = [];
  readonly #onChange: () => void;
  readonly #say: (sentence: string) => void;

  /** @param onChange - called after each restart: a process id has changed. */
  constructor(onChange: () => void, say: (sentence: string) => void) {
    this.#onChange = onChange;
    this.#say = say;
  }

  get pids(): Record<Role, number[]> {
    const of = (wanted: Role) =>
      this.#members
        .filter(({ role }) => role === wanted)
        .flatMap(({ supervised }) => supervised.current?.child.pid ?? []);
    return {
      front: of("front"),
      worker: of("worker"),
      memcached: of("memcached"),
      database: of("database"),
    };
  }

  /** Starts a process and keeps it running; `start` gets `logFile` for its output. */
  async run(
    role: Role,
    logFile: string,
    start: (logFile: string) => Promise<Child>,
  ): Promise<void> {
    const supervised = new Supervised<Running>({
      start: async () => {
        const child = await start(logFile);
        return { child, ended: child.exit(), stop: () => child.stop() };
      },
      backoff,
      onStart: () => {
        if (this.#members.includes(member)) this.#onChange();
      },
      onEnd: status => this.#say(`${role} ended (${status}); restarting it (log: ${logFile})`),
      onRestartFailed: error =>
        this.#say(`${role}: ${error instanceof Error ? error.message : error}`),
    });
    const member: Member = { role, supervised };
    await supervised.start();
    this.#members.push(member);
  }

  /** True when a process of this role was started. */
  has(role: Role): boolean {
    return this.#members.some(member => member.role === role);
  }

  /** Stops the processes of a role; they stay stopped. */
  async stop(role: Role): Promise<void> {
    const members = this.#members.filter(member => member.role === role);
    await Promise.all(members.map(({ supervised }) => supervised.stop()));
  }
}
