/** Reading: results, "nothing newer", and pages, against bare `node:http` answering as many bytes. */
import { createPoll } from "#test/support/ledger.ts";
import type { Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { drive, getRequest, perSecond, startFloor } from "../load/drive.ts";
import { startSite } from "../site.ts";

const connections = 128;

export const read: Scenario = {
  name: "read",
  title: "Results requests and page views, one process",
  run: async ({ rounds, warmUpMs, measureMs }, say) => {
    const site = await startSite();
    const stops: (() => Promise<void>)[] = [];
    try {
      const slug = await createPoll(site);
      const port = site.fronts[0]?.port ?? 0;
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
      const seen = new Rounds();
      const measure = async (name: string, at: number, head: string) => {
        const report = await drive(at, { connections, warmUpMs, measureMs, head });
        seen.add(name, perSecond(report));
        say(`${name}: ${Math.round(perSecond(report))}/s, p99 ${report.p99Ms} ms`);
      };
      for (let round = 0; round < rounds; round++) {
        for (const { name, path, headers } of things) {
          const floor = await startFloor("get", headers ? 0 : await bytes(path));
          stops.push(floor.stop);
          await measure(`floor of ${name}`, floor.port, getRequest(path, headers));
          await measure(name, port, getRequest(path, headers));
          await floor.stop();
        }
      }
      return {
        figures: things.flatMap(({ name }) => [
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
