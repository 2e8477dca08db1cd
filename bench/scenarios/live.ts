/** Live results: thousands of open streams on one poll while votes come in. */
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import { Child } from "#scripts/services/child.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { createPoll } from "#test/support/ledger.ts";
import { memcachedStat } from "#test/support/memcached-stats.ts";
import type { Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import type { ViewersJob, ViewersReport } from "../load/viewers.ts";
import { beside } from "../meter.ts";
import { cpuMicros, memoryBytes } from "../processes.ts";
import { startSite } from "../site.ts";

const votesPerSecond = 10;

export const live: Scenario = {
  name: "live",
  title: "Live results: event streams on one poll, one process",
  run: async ({ quick, measureMs }, say) => {
    const viewers = quick ? 2_000 : 10_000;
    const seen = new Rounds(say);
    const site = await startSite();
    try {
      const slug = await createPoll(site);
      const [front] = site.fronts;
      const [server] = site.memcached;
      if (!front || !server) throw new Error("no site");
      await fetch(`${site.url}/api/polls/${slug}/results`);
      await sleep(1_000);
      const emptyBytes = memoryBytes(front.child.pid);
      const ms = measureMs * 2;
      const job: ViewersJob = { port: front.port, slug, viewers, votesPerSecond, ms };
      const child = new Child(
        "viewers",
        process.execPath,
        ["--import", "tsx", "bench/load/viewers.ts", JSON.stringify(job)],
        { env: process.env },
      );
      await waitUntil("the viewers", () => child.output.includes("CONNECTED"), {
        gaveUp: () => child.diedBecause,
        withinMs: 120_000,
      });
      const before = { keys: await memcachedStat(server.port, "cmd_get"), ms: monotonicMs() };
      const cpuBefore = cpuMicros(front.child.pid);
      const kept = await seen.measure(
        "votes and screens",
        async () => ({ others: (await beside(() => sleep(ms))).others }),
        () => `${viewers} viewers`,
        1,
      );
      const keys = (await memcachedStat(server.port, "cmd_get")) - before.keys;
      const seconds = (monotonicMs() - before.ms) / 1000;
      const add = (name: string, value: number) => seen.add(name, value, kept);
      add("front's CPU", (cpuMicros(front.child.pid) - cpuBefore) / seconds / 10_000);
      add("memory a viewer", (memoryBytes(front.child.pid) - emptyBytes) / viewers / 1000);
      await child.exit();
      const report = JSON.parse(child.output.trim().split("\n").at(-1) ?? "") as ViewersReport;
      add("viewers", report.connected);
      add("dropped", report.dropped);
      add("vote to screen p50", report.p50Ms);
      add("vote to screen p99", report.p99Ms);
      add("keys read from memcached", keys / seconds);
      say(`${report.connected} viewers, p99 ${Math.round(report.p99Ms)} ms`);
      return {
        attempts: seen.attempts,
        figures: [
          seen.figure("viewers", "viewers"),
          seen.figure("dropped", "viewers", { atMost: 0 }),
          seen.figure("memory a viewer", "kB", { atMost: 20 }),
          seen.figure("vote to screen p50", "ms"),
          seen.figure("vote to screen p99", "ms", { atMost: 1_500 }),
          seen.figure("keys read from memcached", "/s", {
            note: `with ${votesPerSecond} votes a second and a flush worker, which read too`,
          }),
          seen.figure("front's CPU", "% of a core"),
        ],
      };
    } finally {
      await site.stop();
    }
  },
};
