/** What happens to workers: killed around the transaction, crowded, paused, wrong about the time. */
import type { Fault, Incident } from "../incident.ts";
import { clockWrong } from "./clock-wrong.ts";

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
  clockWrong("worker's clock wrong", theWorker, (site, worker, env) =>
    site.restartWorker(worker, env),
  ),
];
