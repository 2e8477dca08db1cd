/** What happens to fronts: killed at any moment, stopped beyond every lease and grace time, wrong about the time. */
import type { Fault, Incident } from "../incident.ts";
import { clockWrong } from "./clock-wrong.ts";

const aFront = (incident: Incident) => incident.pick(incident.site.fronts);
const hit = (incident: Incident) => 3 + Math.floor(incident.random() * 25);

export const frontFaults: readonly Fault[] = [
  {
    name: "front killed",
    inject: async incident => {
      for (let i = 0; i < 2; i++) {
        const front = aFront(incident);
        await incident.pause(50, 400);
        await front.child.kill();
        incident.noteEvidence("killed");
        await incident.site.restartFront(front);
      }
    },
  },
  {
    name: "front killed between number and slot",
    inject: incident => incident.failAt(aFront(incident), `front.number-taken:${hit(incident)}`),
  },
  {
    name: "front killed between slot and answer",
    inject: incident => incident.failAt(aFront(incident), `front.slot-written:${hit(incident)}`),
  },
  {
    // Many ballots are on their way at that moment.
    name: "front killed while memcached is slow",
    inject: async incident => {
      const front = aFront(incident);
      incident.site.proxies.memcached[0]?.delay(incident.between(50, 150));
      await incident.pause(300, 700);
      await front.child.kill();
      incident.noteEvidence("killed");
    },
  },
  {
    // Beyond the lease of its lock and beyond the worker's patience: its number is passed meanwhile.
    name: "front paused between number and slot",
    inject: async incident => {
      const before = await incident.inspector.missingSlots();
      const pauseMs = Math.round(incident.between(3_200, 4_500));
      await incident.failAt(aFront(incident), `front.number-taken:${hit(incident)}:${pauseMs}`);
      await incident.pause(pauseMs + 300, pauseMs + 500);
      incident.noteEvidence(
        "missing slot passed",
        (await incident.inspector.missingSlots()) - before,
      );
    },
  },
  {
    name: "front stopped",
    inject: async incident => {
      const front = aFront(incident);
      await front.child.pause();
      await incident.pause(1_000, 2_500);
      front.child.signal("SIGCONT");
      incident.noteEvidence("slow answers", incident.history.count("info"));
      incident.noteEvidence("stopped");
    },
  },
  clockWrong("front's clock wrong", aFront, (site, front, env) => site.restartFront(front, env)),
];
