/** The site that faults are done to: two fronts and a worker, everything reached through proxies. */
import { Site } from "#test/support/site.ts";
import { buildArmed } from "./builds.ts";

/** As in production, but that it may be flushed: one of the faults does what an operator must not. */
const memcachedOptions = ["-M", "-U", "0", "-c", "1024", "-o", "idle_timeout=60"];

/** @param copies - on how many memcached servers each batch is, and how many there are. */
export async function startFaultSite(copies = 1): Promise<Site> {
  return Site.start({
    programs: await buildArmed(),
    proxied: true,
    fronts: 2,
    memcached: Array.from({ length: copies }, () => ({ memoryMb: 64, options: memcachedOptions })),
    // The shortest patience there is, so that a run is over sooner.
    env: {
      FLOODGATE_QUEUE_GRACE_MS: "2000",
      FLOODGATE_QUEUE_COPIES: String(copies),
      // The share limits late, so that a full server is tested too. `promises/10-memory.test.ts` tests the share.
      FLOODGATE_QUEUE_MEMORY_PERCENT: "95",
      FLOODGATE_LANES_FILE: "test/faults/lanes.json",
    },
  });
}
