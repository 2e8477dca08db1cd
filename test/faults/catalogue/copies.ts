/**
 * What happens to one of two servers when each batch is on both (`QUEUE_COPIES=2`): nothing that was
 * acknowledged may be lost, also when a front dies with it, and whose replay ring is gone then.
 */
import { sleep } from "#lib/clock.ts";
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
  incident.bite("servers found away", incident.logged("memcached_away") - away);
  incident.bite("votes taken meanwhile", incident.history.count("ok") - before);
}

export const copiesFaults: readonly Fault[] = [
  {
    name: "two copies: one server killed and back empty",
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
    name: "two copies: a front and one server killed together",
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
    name: "two copies: one server stopped",
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { server } = oneOf(incident);
        server.child.signal("SIGSTOP");
        await incident.pause(1_500, 2_500 * incident.scale);
        server.child.signal("SIGCONT");
      }),
  },
  {
    name: "two copies: one server cut off",
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { proxy } = oneOf(incident);
        if (incident.random() < 0.5) proxy.stall();
        else {
          proxy.refuse();
          proxy.reset();
        }
        await incident.pause(800, 1_500);
        proxy.heal();
      }),
  },
  {
    name: "two copies: one server slow",
    inject: incident =>
      takenMeanwhile(incident, async () => {
        const { proxy } = oneOf(incident);
        proxy.delay(incident.between(50, 400));
        await incident.pause(1_000, 2_000);
        proxy.heal();
      }),
  },
  {
    name: "two copies: both servers gone, straight into MySQL",
    inject: incident =>
      takenMeanwhile(incident, async () => {
        await Promise.all(incident.site.memcached.map(({ child }) => child.kill()));
        await incident.pause(1_000, 2_000);
      }),
  },
];
