/** Votes a second, closed loop, and their latency at a fixed rate, beside three floors. */
import { createPoll } from "#test/support/ledger.ts";
import { startNext } from "#test/support/next-start.ts";
import type { Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { drive, getRequest, perSecond, startFloor, voteHead, votes } from "../load/drive.ts";
import { balance, readBooks, startSite } from "../site.ts";

const connections = 128;
const fixedRate = 5_000;

export const vote: Scenario = {
  name: "vote",
  title: "Votes, end to end with the worker running",
  run: async ({ rounds, warmUpMs, measureMs }, say) => {
    const site = await startSite();
    const bare = await startFloor("post");
    const adapter = await startFloor("adapter");
    const next = await startNext(site);
    try {
      const two = await site.addFront({ FLOODGATE_FRONT_PROCESSES: "2" });
      const one = site.fronts[0]?.port ?? 0;
      const slug = await createPoll(site);
      const seen = new Rounds();
      let accepted = 0;
      let unanswered = 0;
      const measure = async (name: string, port: number, head: string, rate?: number) => {
        const ballots = head.startsWith("POST") ? votes : {};
        const load = { connections, warmUpMs, measureMs, head, ...ballots };
        const report = await drive(port, rate === undefined ? load : { ...load, rate });
        if (head === voteHead(slug)) {
          accepted += report.statuses["202"] ?? 0;
          unanswered += report.sent - report.answered;
        }
        const wrong = Object.keys(report.statuses).filter(status => !/^20[02]$/.test(status));
        if (wrong.length > 0) throw new Error(`${name} answered ${wrong.join()}`);
        if (rate === undefined) seen.add(name, perSecond(report));
        else {
          seen.add(`${name} p50`, report.p50Ms);
          seen.add(`${name} p99`, report.p99Ms);
        }
        seen.add("generator's CPU a request", report.cpuUs / report.counted);
        say(`${name}: ${Math.round(perSecond(report))}/s, p99 ${report.p99Ms} ms`);
      };
      for (let round = 0; round < rounds; round++) {
        await measure("bare node:http", bare.port, voteHead(slug).replace(slug, "floor"));
        await measure("thin adapter", adapter.port, voteHead(slug).replace(slug, "floor"));
        await measure("Next's pipeline, empty route", next.port, getRequest("/healthz"));
        await measure("Next's pipeline, vote", next.port, voteHead(slug));
        await measure("front, 1 process", one, voteHead(slug));
        await measure("front, 2 processes", two.port, voteHead(slug));
        await measure(`1 process at ${fixedRate}/s`, one, voteHead(slug), fixedRate);
        await measure(`2 processes at ${fixedRate}/s`, two.port, voteHead(slug), fixedRate);
      }
      await site.drained(120_000);
      const floor = "bare node:http";
      const pipeline = "Next's pipeline, empty route";
      return {
        books: balance(accepted, unanswered, await readBooks(site, slug)),
        figures: [
          seen.figure(floor, "/s"),
          seen.figure("thin adapter", "/s", { floor }),
          seen.figure(pipeline, "/s", { floor }),
          seen.figure("Next's pipeline, vote", "/s", { floor }),
          seen.figure("front, 1 process", "/s", { floor, atLeast: 0.45 }),
          {
            ...seen.figure("front, 1 process", "/s", { floor: pipeline, atLeast: 20 }),
            name: "the same",
          },
          seen.figure("front, 2 processes", "/s", { floor }),
          seen.figure(`1 process at ${fixedRate}/s p50`, "ms"),
          seen.figure(`1 process at ${fixedRate}/s p99`, "ms"),
          seen.figure(`2 processes at ${fixedRate}/s p50`, "ms"),
          seen.figure(`2 processes at ${fixedRate}/s p99`, "ms"),
          seen.figure("generator's CPU a request", "µs", {
            note: "the generator has a core's million µs a second to itself: it is not the limit",
          }),
        ],
      };
    } finally {
      await Promise.all([bare.stop(), adapter.stop(), next.stop()]);
      await site.stop();
    }
  },
};
