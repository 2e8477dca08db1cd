/**
 * What happens to one of two servers when each batch is on both (`FLOODGATE_QUEUE_COPIES=2`): nothing that was
 * acknowledged may be lost, also when a front dies with it, and whose replay ring is gone then.
 */
import { SECOND, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import type { FaultProxy } from "#test/support/fault-proxy.ts";
import type { Process } from "#test/support/site.ts";
import type { Fault, Incident } from "../incident.ts";

/** One of the servers, and its wire. */
function oneOf(incident: Incident) {
  const index = Math.floor(incident.random() * incident.site.memcached.length);
  const server = incident.site.memcached[index];
  const proxy = incident.site.proxies.memcached[index];
  if (!server || !proxy) throw new RangeError("the site has no second server");
  return { index, server, proxy };
}

/** Votes that were acknowledged while `work` was done. */
async function takenMeanwhile(incident: Incident, work: () => Promise<void>): Promise<void> {
  const before = incident.history.count("ok");
  const away = incident.logged("memcached_away");
  await work();
  incident.noteEvidence("servers found away", incident.logged("memcached_away") - away);
  incident.noteEvidence("votes taken meanwhile", incident.history.count("ok") - before);
}

/** How often a front has said that no copy is missing any more; earlier faults may have made it copy, too. */
const timesCopied = ({ child }: Process) => child.output.split('"event":"copies_made"').length - 1;

/** What one server's trouble may cost voting. */
const stallMsMax = SECOND;

/** Trouble with the wire of one server, for a while. */
function wire(
  name: string,
  trouble: (proxy: FaultProxy, incident: Incident) => void,
  lastsMs: readonly [number, number],
): Fault {
  return {
    name: `two copies: ${name}`,
    stallMsMax,
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { proxy } = oneOf(incident);
        trouble(proxy, incident);
        await incident.pause(...lastsMs);
        proxy.heal();
      }),
  };
}

export const copiesFaults: readonly Fault[] = [
  {
    name: "two copies: one server killed and back empty",
    stallMsMax,
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { index, server } = oneOf(incident);
        await server.child.kill();
        await incident.pause(300, 1_200);
        await incident.site.restartMemcached(index);
        await incident.pause(300, 600);
      }),
  },
  {
    name: "two copies: first one server, then the other killed and back empty",
    stallMsMax,
    inject: incident =>
      takenMeanwhile(incident, async () => {
        for (const index of [0, 1]) {
          await incident.site.memcached[index]?.child.kill();
          await incident.pause(200, 600);
          await incident.site.restartMemcached(index);
          // By now the worker has what was on one of them only.
          await sleep(3_000);
        }
      }),
  },
  {
    name: "two copies: MySQL away, one server back empty, then the other one and a front killed",
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { site } = incident;
        await site.database.child.pause();
        const front = incident.pick(site.fronts);
        const before = timesCopied(front);
        try {
          await site.memcached[1]?.child.kill();
          await incident.pause(300, 600);
          await site.restartMemcached(1);
          await waitUntil("the front has made all copies", () => timesCopied(front) > before, {
            withinMs: 20_000,
          });
          incident.noteEvidence("fronts made copies", incident.logged("copies_made"));
          await Promise.all([site.memcached[0]?.child.kill(), front.child.kill()]);
        } finally {
          site.database.child.signal("SIGCONT");
        }
        await site.restartMemcached(0);
        await site.restartFront(front);
      }),
  },
  {
    name: "two copies: a front and one server killed together",
    stallMsMax,
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { index, server } = oneOf(incident);
        const front = incident.pick(incident.site.fronts);
        await Promise.all([server.child.kill(), front.child.kill()]);
        await incident.pause(100, 500);
        await incident.site.restartMemcached(index);
        await incident.site.restartFront(front);
      }),
  },
  {
    // 2 s in the short run, 10 s in the long one.
    name: "two copies: one server stopped",
    stallMsMax,
    isLong: true,
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { server } = oneOf(incident);
        await server.child.pause();
        await sleep(Math.min(10, 2 * incident.scale) * SECOND);
        server.child.signal("SIGCONT");
      }),
  },
  wire("one server cut off, nothing passes", proxy => proxy.stall(), [800, 1_500]),
  wire(
    "one server refusing",
    proxy => {
      proxy.refuse();
      proxy.reset();
    },
    [800, 1_500],
  ),
  wire(
    "one server slow",
    (proxy, incident) => proxy.delay(incident.between(50, 400)),
    [1_000, 2_000],
  ),
  {
    name: "two copies: both servers gone, straight into MySQL",
    inject: incident =>
      takenMeanwhile(incident, async () => {
        await Promise.all(incident.site.memcached.map(({ child }) => child.kill()));
        await incident.pause(1_000, 2_000);
      }),
  },
];
