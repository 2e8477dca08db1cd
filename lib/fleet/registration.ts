/** A process's row in the fleet record: made by its first report, kept up to date, and ended with it. */
import { SECOND } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isRunning } from "../base/running-process.ts";
import type { Store } from "../store/database.ts";
import {
  endProcesses,
  type ProcessIdentity,
  type ProcessState,
  processesIn,
  registerProcess,
  reportProcess,
} from "../store/fleet-processes.ts";

/** A process reports every second or, without votes, every five; one without a report for so long is silent. */
export const silentMs = 12 * SECOND;

export class Registration {
  readonly identity: ProcessIdentity;
  readonly #store: Store;
  readonly #log: Log;
  #registered = false;

  constructor(store: Store, log: Log, identity: ProcessIdentity) {
    this.#store = store;
    this.#log = log;
    this.identity = identity;
  }

  /** Writes or refreshes the row. @throws StoreFailure. */
  async report(state: ProcessState): Promise<void> {
    const { id, pidSpace } = this.identity;
    if (this.#registered && (await reportProcess(this.#store, id, state))) return;
    if (!this.#registered) await endDeadProcesses(this.#store, pidSpace, id);
    const found = await registerProcess(this.#store, this.identity, state);
    if (this.#registered && found === "returned") this.#log.error({ event: "was_declared_gone" });
    this.#registered = true;
  }

  /** Notes that this process ends. @throws StoreFailure. */
  async end(): Promise<void> {
    if (this.#registered) await endProcesses(this.#store, [this.identity.id]);
  }
}

/**
 * Notes that processes of this machine have ended, which were killed and could not do it themselves.
 *
 * @param self - the row of the calling process.
 */
export async function endDeadProcesses(
  store: Store,
  pidSpace: string,
  self: string,
): Promise<void> {
  const others = (await processesIn(store, pidSpace)).filter(({ id }) => id !== self);
  // A row with this process's own number is of a process that had it before.
  const dead = others.filter(({ pid }) => pid === process.pid || !isRunning(pid));
  await endProcesses(
    store,
    dead.map(({ id }) => id),
  );
}
