/** What happens to workers: killed around the transaction, crowded, slow, wrong about the time. */
import { HOUR, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import type { Fault, Incident } from "../incident.ts";

function theWorker({ site }: Incident) {
  const [worker] = site.workers;
  if (!worker) throw new RangeError("there is no worker");
  return worker;
}

/** Kills the worker at a point, again and again. */
function killedAt(name: string, point: string): Fault {
  return {
    name,
    inject: async incident => {
      const worker = theWorker(incident);
      for (let i = 0; i < 2; i++) {
        await incident.failAt(worker, `${point}:${1 + Math.floor(incident.random() * 4)}`);
      }
    },
  };
}

export const workerFaults: readonly Fault[] = [
  killedAt("worker killed before the transaction", "worker.before-transaction"),
  killedAt("worker killed before the commit", "worker.before-commit"),
  killedAt("worker killed after the commit", "worker.committed"),
  killedAt("worker killed before slots are deleted", "worker.before-delete"),
  {
    name: "worker killed",
    inject: async incident => {
      const worker = theWorker(incident);
      for (let i = 0; i < 3; i++) {
        await incident.pause(50, 500);
        await worker.child.kill();
        incident.noteEvidence("killed");
        await incident.site.restartWorker(worker);
      }
    },
  },
  {
    name: "two workers and overlapping cron runs",
    inject: async incident => {
      const { site } = incident;
      const second = await site.addWorker();
      const cron = async () => {
        for (let i = 0; i < 2; i++) {
          const line = await site.run("flush");
          incident.noteEvidence("cron runs that flushed", /counted from [1-9]/.test(line) ? 1 : 0);
        }
      };
      await Promise.all([cron(), cron()]);
      incident.noteEvidence("cron runs", 4);
      await second.child.stop();
      site.workers.splice(site.workers.indexOf(second), 1);
    },
  },
  {
    // It holds the checkpoint's row all the while; another worker comes by and must leave it alone.
    name: "worker paused in its transaction, another beside it",
    inject: async incident => {
      const { site } = incident;
      const second = await site.addWorker();
      await incident.failAt(theWorker(incident), `worker.before-commit:2:${2_500}`);
      await incident.pause(2_500, 2_800);
      await second.child.stop();
      site.workers.splice(site.workers.indexOf(second), 1);
    },
  },
  {
    name: "worker's clock wrong",
    inject: async incident => {
      const { site } = incident;
      const worker = theWorker(incident);
      const offset = incident.pick([-2 * HOUR, 2 * HOUR]);
      incident.tainted.add(worker);
      await worker.child.stop();
      const before = incident.logged("clock_wrong");
      await site.restartWorker(worker, { CLOCK_OFFSET_MS: String(offset) });
      await waitUntil("the wrong clock to be noticed", () => {
        incident.noteEvidence("clock found wrong", incident.logged("clock_wrong") - before);
        return incident.logged("clock_wrong") > before;
      });
      await sleep(500);
    },
  },
];
