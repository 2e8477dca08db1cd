/** Reading: results, "nothing newer", and pages, against bare `node:http` answering as many bytes. */
import { createPoll } from "#test/support/ledger.ts";
import type { Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { describeDriven, drive, perSecond, startFloor } from "../load/drive.ts";
import { getRequest } from "../load/heads.ts";
import { startSite } from "../site.ts";

const connections = 128;

const cpuOf = (name: string) => `${name}: CPU a request`;

export const read: Scenario = {
  name: "read",
  title: "Results requests and page views, one process",
  run: async ({ rounds, warmUpMs, measureMs }, say) => {
    const site = await startSite();
    const stops: (() => Promise<void>)[] = [];
    try {
      const slug = await createPoll(site);
      const port = site.fronts[0]?.port ?? 0;
      const pid = site.fronts[0]?.child.pid ?? 0;
      const json = await fetch(`${site.url}/api/polls/${slug}/results`);
      const tag = json.headers.get("etag") ?? "";
      const bytes = async (path: string) =>
        (await (await fetch(site.url + path)).arrayBuffer()).byteLength;
      const things = [
        { name: "results", path: `/api/polls/${slug}/results`, headers: "" },
        {
          name: "results, nothing newer",
          path: `/api/polls/${slug}/results`,
          headers: `If-None-Match: ${tag}\r\n`,
        },
        { name: "poll page", path: `/p/${slug}`, headers: "" },
        { name: "results page", path: `/p/${slug}/results`, headers: "" },
      ];
      const seen = new Rounds(say);
      const measure = async (name: string, at: number, pid: number, head: string) => {
        const load = { connections, warmUpMs, measureMs, head };
        const kept = await seen.measure(
          name,
          () => drive(at, load, { server: [pid] }),
          describeDriven,
        );
        seen.add(name, perSecond(kept.report), kept);
        seen.add(cpuOf(name), (kept.cpuUs.server ?? 0) / kept.report.counted, kept);
      };
      for (let round = 0; round < rounds; round++) {
        for (const { name, path, headers } of things) {
          const floor = await startFloor("get", headers ? 0 : await bytes(path));
          stops.push(floor.stop);
          await measure(`floor of ${name}`, floor.port, floor.pid, getRequest(path, headers));
          await measure(name, port, pid, getRequest(path, headers));
          await floor.stop();
        }
      }
      return {
        attempts: seen.attempts,
        figures: things.flatMap(({ name }) => [
          seen.figure(cpuOf(`floor of ${name}`), "µs"),
          seen.figure(cpuOf(name), "µs", { floor: cpuOf(`floor of ${name}`) }),
          seen.figure(`floor of ${name}`, "/s"),
          seen.figure(name, "/s", {
            floor: `floor of ${name}`,
            ...(name === "results" && { atLeast: 0.7 }),
          }),
        ]),
      };
    } finally {
      await Promise.all(stops.map(stop => stop()));
      await site.stop();
    }
  },
};
