/** What happens to memcached: killed, emptied, full, stopped; and to its wire: slow, and every way of being cut off. */
import { connect } from "node:net";
import { sleep } from "#lib/base/clock.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import type { Key } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { FaultProxy } from "#test/support/fault-proxy.ts";
import { rerouted } from "#test/support/rerouted.ts";
import { testClient } from "#test/support/services.ts";
import type { Fault, Incident } from "../incident.ts";

function proxyOf({ site }: Incident): FaultProxy {
  const [proxy] = site.proxies.memcached;
  if (!proxy) throw new RangeError("the site has no proxies");
  return proxy;
}

function serverOf({ site }: Incident) {
  const [server] = site.memcached;
  if (!server) throw new RangeError("the site has no memcached");
  return server;
}

/** Does something to the wire and lets it last; what a proxy has hit, or clients noticed, is evidence. */
function wire(
  name: string,
  fault: (proxy: FaultProxy, incident: Incident) => Promise<void>,
): Fault {
  return {
    name,
    inject: async incident => {
      const proxy = proxyOf(incident);
      const before = proxy.faultsHit;
      await fault(proxy, incident);
      proxy.heal();
      incident.noteEvidence("connections hit", proxy.faultsHit - before);
      incident.noteEvidence("requests without an answer", incident.history.count("info"));
    },
  };
}

/** Sends a line of memcached's text protocol and gives the first line of the answer. */
function say(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.once("data", bytes => {
      socket.destroy();
      resolve(bytes.toString().split("\r\n")[0] ?? "");
    });
    socket.once("error", reject);
  });
}

async function killAndRestart(incident: Incident, awayMs: number): Promise<void> {
  await serverOf(incident).child.kill();
  incident.noteEvidence("killed");
  await sleep(awayMs);
  await incident.site.restartMemcached();
}

/** Keys that take all the memory, of the sizes that slots, marks and locks have; gives how many. */
async function fill(client: MemcachedClient): Promise<number> {
  let stored = 0;
  for (let size = 60_000; size > 20; size = Math.floor(size * 0.75)) {
    for (let full = false; !full; ) {
      const p = new Pipeline();
      const ops = Array.from({ length: 20 }, () =>
        p.add(`ballast:${stored++}` as Key, Buffer.alloc(size), 0),
      );
      const replies = await client.send(p);
      full = ops.some(op => replies.of(op) === "full");
    }
  }
  return stored;
}

async function empty(client: MemcachedClient, stored: number): Promise<void> {
  for (let at = 0; at < stored; at += 500) {
    const p = new Pipeline();
    for (let i = at; i < Math.min(stored, at + 500); i++) p.delete(`ballast:${i}` as Key);
    await client.send(p);
  }
}

/** Kills memcached while slots wait in it, and stops the fronts with SIGTERM. */
async function loseAllButTheRings(incident: Incident): Promise<void> {
  const { site, inspector } = incident;
  await incident.pause(300, 600);
  incident.noteEvidence("slots waiting", await inspector.slotsLeft());
  await serverOf(incident).child.kill();
  await sleep(50);
  for (const { child } of site.fronts) child.signal("SIGTERM");
  await Promise.all(site.fronts.map(({ child }) => child.exit()));
}

export const memcachedFaults: readonly Fault[] = [
  {
    name: "memcached killed and back empty",
    inject: async incident => {
      await incident.pause(0, 300);
      await killAndRestart(incident, incident.between(0, 1_000));
      await incident.pause(200, 600);
    },
  },
  {
    // The fronts commit the batches of their replay rings to MySQL before they end.
    name: "memcached killed, fronts shut down at once",
    inject: async incident => {
      const [worker] = incident.site.workers;
      await worker?.child.pause();
      await loseAllButTheRings(incident);
      worker?.child.signal("SIGCONT");
    },
  },
  {
    // The worker's row locks delay the fronts' direct commits.
    name: "memcached killed, fronts shut down, worker paused in its transaction",
    inject: async incident => {
      const [worker] = incident.site.workers;
      if (!worker) throw new RangeError("there is no worker");
      await incident.failAt(worker, "worker.before-commit:2:2000");
      await worker.child.pause();
      await loseAllButTheRings(incident);
      worker.child.signal("SIGCONT");
    },
  },
  {
    name: "memcached back empty between number and slot",
    inject: async incident => {
      const front = incident.pick(incident.site.fronts);
      await incident.failAt(
        front,
        `front.number-taken:${10 + Math.floor(incident.random() * 20)}:700`,
      );
      await killAndRestart(incident, 0);
      await incident.pause(800, 1_500);
    },
  },
  {
    name: "memcached flushed",
    inject: async incident => {
      for (let i = 0; i < 3; i++) {
        await incident.pause(50, 400);
        incident.noteEvidence(
          "flushed",
          (await say(serverOf(incident).port, "flush_all\r\n")) === "OK" ? 1 : 0,
        );
      }
    },
  },
  {
    name: "memcached full",
    inject: async incident => {
      const { port } = serverOf(incident);
      await incident.site.workers[0]?.child.pause(); // a running worker would free memory continuously
      const client = testClient(port);
      const stored = await fill(client);
      const refused = () =>
        incident.site.fronts.some(({ child }) => child.output.includes('"because":"full"'));
      await waitUntil("a refused slot", refused, { withinMs: 15_000 });
      incident.noteEvidence("refused for want of memory", incident.history.count("info"));
      await incident.pause(200, 600);
      await empty(client, stored);
      client.close();
    },
  },
  {
    name: "memcached gone for long: straight into MySQL",
    inject: async incident => {
      await serverOf(incident).child.kill();
      const before = incident.history.count("ok");
      await incident.pause(1_500, 1_500 + 500 * incident.scale);
      incident.noteEvidence("taken meanwhile", incident.history.count("ok") - before);
      await incident.site.restartMemcached();
    },
  },
  {
    // There is nowhere to put a ballot: readers are asked to come again, and nothing is half done.
    name: "memcached and mysql gone",
    inject: async incident => {
      const { site } = incident;
      await serverOf(incident).child.kill();
      await site.database.child.kill();
      await incident.pause(800, 1_500);
      const refusals = incident.history.events.filter(({ status }) => status === 503);
      incident.noteEvidence("refused", refusals.length);
      await site.restartDatabase();
      await incident.pause(100, 800);
      await site.restartMemcached();
    },
  },
  {
    // The same voters come to both fronts; only one of them reaches memcached.
    name: "one front cut off from memcached",
    inject: async incident => {
      const { site } = incident;
      const front = incident.pick(site.fronts);
      const usualPort = site.proxies.memcached[0]?.port ?? 0;
      const own = await FaultProxy.start({ host: "127.0.0.1", port: serverOf(incident).port });
      incident.tainted.add(front);
      await front.child.kill();
      await site.restartFront(front, rerouted(usualPort, own.port));
      await incident.pause(300, 600);
      own.stall();
      await incident.pause(1_000, 1_500);
      incident.noteEvidence("connections hit", own.faultsHit);
      own.heal();
      await incident.pause(300, 600);
      await front.child.kill();
      await own.stop();
    },
  },
  {
    name: "memcached stopped",
    inject: async incident => {
      const { child } = serverOf(incident);
      const before = incident.logged("memcached_away");
      await child.pause();
      await incident.pause(800 * incident.scale, 2_000 * incident.scale);
      child.signal("SIGCONT");
      incident.noteEvidence("found away", incident.logged("memcached_away") - before);
    },
  },
];

export const wireFaults: readonly Fault[] = [
  wire("memcached slow", async (proxy, incident) => {
    proxy.delay(incident.between(20, 120));
    await incident.pause(1_000, 1_800);
    incident.noteEvidence("delayed");
  }),
  wire("memcached cut off: nothing passes", async (proxy, incident) => {
    proxy.stall();
    await incident.pause(600, 1_500 * incident.scale);
  }),
  wire("memcached cut off: refused", async (proxy, incident) => {
    proxy.refuse();
    proxy.reset();
    await incident.pause(400, 1_200 * incident.scale);
  }),
  wire("memcached connections half-closed", async (proxy, incident) => {
    for (let i = 0; i < 4; i++) {
      proxy.halfClose();
      await incident.pause(50, 250);
    }
  }),
  wire("memcached answers cut in the middle", async (proxy, incident) => {
    for (let i = 0; i < 12; i++) {
      proxy.cutAnswer(Math.floor(incident.between(0, 120)));
      await incident.pause(20, 150);
    }
  }),
  wire("memcached answers lost", async (proxy, incident) => {
    for (let i = 0; i < 8; i++) {
      let lose = true;
      proxy.loseAnswers(() => {
        const lost = lose;
        lose = false;
        return lost;
      });
      await incident.pause(30, 200);
    }
  }),
];
