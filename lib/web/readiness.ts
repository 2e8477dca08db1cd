/** Whether a front can take votes right now, and on which degradation step it is. */
import type { WrongClock } from "../fleet/site-clock.ts";
import type { DegradationStep } from "../health/degradation.ts";
import type { AddressFault } from "../http/client-address.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Lane } from "../model/lane.ts";
import type { Front } from "./front.ts";

export interface Readiness {
  /** `degraded`: votes are accepted although a dependency is away. `unavailable`: votes are refused. */
  readonly status: "ok" | "degraded" | "unavailable";
  /** See `health/degradation.ts`. */
  readonly step: DegradationStep;
  /** Lanes whose votes are refused. */
  readonly lanesRefused: readonly Lane[];
  readonly memcached: Readonly<Record<string, "ok" | "unreachable">>;
  /** Not needed for accepting votes: they wait in memcached while MySQL is away. */
  readonly mysql: "ok" | "unreachable";
  /** Not needed for accepting votes: the studio, receipts and pictures. */
  readonly pages: "ok" | "away";
  /** `full`: this process has as many clients as it may have open files, and refuses new ones. */
  readonly connections: "ok" | "full";
  /** Clocks that are more than two seconds off the site's time; such a machine needs NTP. */
  readonly wrongClocks: readonly WrongClock[];
  /** What is wrong with the way that proxies name clients. It degrades nothing: only limits per client suffer. */
  readonly clientAddresses: readonly AddressFault[];
}

/** Asks every memcached server and MySQL. One round trip each. */
export async function readiness(front: Front): Promise<Readiness> {
  // The answer is about this process's voting part, so it has to be running.
  front.voting();
  const [servers, mysqlUp] = await Promise.all([
    Promise.all(
      front.placement.servers.map(async client => [client.name, await statusOf(client)] as const),
    ),
    front.degradation.askMysql(),
  ]);
  front.degradation.update();
  const { step, lanesRefused } = front.degradation;
  const { wrong: wrongClocks } = front.clock;
  const { pagesAway, full } = front.serving;
  const all =
    step === "normal" &&
    servers.every(([, state]) => state === "ok") &&
    wrongClocks.length === 0 &&
    !pagesAway &&
    !full;
  return {
    status: step === "refusing" ? "unavailable" : all ? "ok" : "degraded",
    step,
    lanesRefused,
    memcached: Object.fromEntries(servers),
    mysql: mysqlUp ? "ok" : "unreachable",
    pages: pagesAway ? "away" : "ok",
    connections: full ? "full" : "ok",
    wrongClocks,
    clientAddresses: front.clientAddresses.all,
  };
}

async function statusOf(client: MemcachedClient): Promise<"ok" | "unreachable"> {
  const answered = client.read(new Pipeline()).then(() => "ok" as const);
  return orWhenMemcachedFails(answered, () => "unreachable" as const);
}
