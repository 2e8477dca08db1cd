/** A process's row in the fleet record: made by its first report, kept up to date, and ended with it. */
import { SECOND } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isRunning } from "../base/running-process.ts";
import type { Store } from "../store/database.ts";
import {
  endProcesses,
  type ProcessIdentity,
  type ProcessState,
  registerProcess,
  reportProcess,
} from "../store/fleet-processes.ts";
import { processesIn } from "../store/front-rows.ts";
import type { AgreedServers } from "./agreed-servers.ts";
import { listsOf } from "./compared-settings.ts";

/** A process reports every second or, without votes, every five; one without a report for so long is silent. */
export const silentMs = 12 * SECOND;

type Agreed = Pick<AgreedServers, "comparedText" | "taken" | "wish">;

export class Registration {
  readonly #identity: ProcessIdentity;
  readonly #agreed: Agreed;
  readonly #store: Store;
  readonly #log: Log;
  #registered = false;

  constructor(store: Store, log: Log, identity: ProcessIdentity, agreed: Agreed) {
    this.#store = store;
    this.#log = log;
    this.#identity = identity;
    this.#agreed = agreed;
  }

  /** This process, with the servers that it serves with. */
  get identity(): ProcessIdentity {
    const settings = { ...this.#identity.settings, ...listsOf(this.#agreed.comparedText) };
    return { ...this.#identity, settings, serverWish: this.#agreed.wish };
  }

  /** Writes or refreshes the row. @throws StoreFailure. */
  async report(state: ProcessState): Promise<void> {
    const { identity } = this;
    const { id, pidSpace, settings } = identity;
    const report = { ...state, settings, serverStep: this.#agreed.taken };
    if (this.#registered && (await reportProcess(this.#store, id, report))) return;
    if (!this.#registered) await endDeadProcesses(this.#store, pidSpace, id);
    const found = await registerProcess(this.#store, identity, report);
    if (this.#registered && found === "returned") this.#log.error({ event: "was_declared_gone" });
    this.#registered = true;
  }

  /** Refreshes the row, if this process has one. @throws StoreFailure. */
  async refresh(state: ProcessState): Promise<void> {
    if (this.#registered) await this.report(state);
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
