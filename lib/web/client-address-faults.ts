/** Faults in the way that proxies name clients: one log line for each kind, and `/readyz` and the doctor name them. */
import type { Log } from "../base/log.ts";
import type { AddressFault } from "../http/client-address.ts";

const details: Readonly<Record<AddressFault, string>> = {
  unreadable:
    "a trusted proxy names clients with something other than an address, so all of them share the proxy's limits",
  proxy_not_trusted:
    "a proxy names clients and is not in FLOODGATE_TRUSTED_PROXIES, so all of them share the proxy's limits",
};

export class ClientAddressFaults {
  readonly #log: Log;
  readonly #noted = new Set<AddressFault>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The faults since the process began. */
  get all(): readonly AddressFault[] {
    return [...this.#noted];
  }

  /** @param peer - the proxy. */
  note(
    fault: AddressFault | undefined,
    peer: { readonly remoteAddress?: string | undefined },
  ): void {
    if (fault === undefined || this.#noted.has(fault)) return;
    this.#noted.add(fault);
    const proxy = peer.remoteAddress;
    this.#log.warn({ event: "client_address_unknown", fault, proxy, detail: details[fault] });
  }
}
