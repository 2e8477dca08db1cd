/** Whether a front can take votes right now, and by which of its ways. */
import type { MemcachedClient } from "./memcached/client.ts";
import { isMemcachedFailure } from "./memcached/failure.ts";
import { Pipeline } from "./memcached/pipeline.ts";
import type { Runtime } from "./runtime.ts";
import { isStoreFailure } from "./store/pool.ts";

export interface Readiness {
  /** `degraded`: votes are taken, something is away. `unavailable`: votes are refused. */
  readonly status: "ok" | "degraded" | "unavailable";
  readonly memcached: Readonly<Record<string, "ok" | "unreachable">>;
  /** Not needed for votes: they wait in memcached while MySQL is away. */
  readonly mysql: "ok" | "unreachable";
}

/** Asks every memcached server and MySQL. One round trip each. */
export async function readiness(at: Runtime): Promise<Readiness> {
  const [servers, mysql] = await Promise.all([
    Promise.all(at.memcached.map(async client => [client.name, await reach(client)] as const)),
    at.store.rows("readiness.ping", "SELECT 1").then(
      () => "ok" as const,
      error => {
        if (!isStoreFailure(error)) throw error;
        return "unreachable" as const;
      },
    ),
  ]);
  const reachable = servers.filter(([, state]) => state === "ok").length;
  const all = reachable === servers.length && mysql === "ok";
  return {
    status: reachable === 0 ? "unavailable" : all ? "ok" : "degraded",
    memcached: Object.fromEntries(servers),
    mysql,
  };
}

async function reach(client: MemcachedClient): Promise<"ok" | "unreachable"> {
  try {
    await client.read(new Pipeline());
    return "ok";
  } catch (error) {
    if (!isMemcachedFailure(error)) throw error;
    return "unreachable";
  }
}
