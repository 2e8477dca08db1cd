/**
 * The record minute: 24,650 votes a second for a minute, the busiest published minute of a web
 * vote (Globo, Big Brother Brasil, 2020), with everything on this machine.
 */
import { monotonicMs } from "#lib/base/clock.ts";
import { createPoll } from "#test/support/ledger.ts";
import type { Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { drive } from "../load/drive.ts";
import { voteHead, votes } from "../load/heads.ts";
import { startSpan } from "../meter.ts";
import { balance, readBooks, startSite, waitForTotals } from "../site.ts";

const rate = 24_650;
const connections = 1_000;
const minuteMs = 60_000;
const quickMs = 10_000;
const flushMsMax = 240_000;

export const minute: Scenario = {
  name: "minute",
  title: "The record minute: 24,650 votes a second",
  run: async ({ quick }, say) => {
    const site = await startSite({ env: { FLOODGATE_FRONT_PROCESSES: "0" } });
    try {
      const slug = await createPoll(site);
      const port = site.fronts[0]?.port ?? 0;
      const endSpan = startSpan({
        front: site.fronts.map(({ child }) => child.pid),
        worker: site.workers.map(({ child }) => child.pid),
        memcached: site.memcached.map(({ child }) => child.pid),
        MariaDB: [site.database.child.pid],
      });
      const seen = new Rounds(say);
      const measureMs = quick ? quickMs : minuteMs;
      const load = { connections, warmUpMs: 0, measureMs, rate, head: voteHead(slug), ...votes };
      const kept = await seen.measure(
        "the minute",
        () => drive(port, load),
        ({ report: { statuses, due, p99Ms } }) =>
          `${statuses["202"] ?? 0} of ${due} accepted, p99 ${p99Ms} ms`,
        1,
      );
      const { report } = kept;
      const endMs = monotonicMs();
      const accepted = report.statuses["202"] ?? 0;
      await waitForTotals(site, slug, accepted, flushMsMax);
      const lagSeconds = (monotonicMs() - endMs) / 1000;
      const { cpuUs } = endSpan();
      await site.drained(flushMsMax);
      const books = await readBooks(site, slug);
      const add = (name: string, value: number) => seen.add(name, value, kept);
      add("due", report.due);
      add("accepted", accepted);
      add("refused", report.answered - accepted);
      add("never sent", report.due - report.sent);
      add("not answered", report.sent - report.answered);
      add("p50", report.p50Ms);
      add("p99", report.p99Ms);
      add("last ballot in MySQL after the end", lagSeconds);
      add("lost", Math.max(0, accepted - books.distinct));
      add("double counted", Math.max(0, books.totals - books.distinct));
      add("generator's CPU a vote", report.cpuUs / Math.max(1, accepted));
      for (const [name, us] of Object.entries(cpuUs)) {
        add(`${name}'s CPU a vote`, us / Math.max(1, accepted));
      }
      return {
        attempts: seen.attempts,
        books: balance(accepted, report.sent - report.answered, books),
        figures: [
          seen.figure("due", "ballots"),
          seen.figure("accepted", "ballots", { floor: "due", atLeast: 1 }),
          seen.figure("refused", "ballots", { atMost: 0 }),
          seen.figure("never sent", "ballots", {
            atMost: 0,
            note: "no connection had its answer and was free for it",
          }),
          seen.figure("not answered", "ballots", {
            atMost: 0,
            note: "when the load ended and 5 s more had passed",
          }),
          seen.figure("p50", "ms"),
          seen.figure("p99", "ms", { atMost: 250 }),
          seen.figure("last ballot in MySQL after the end", "s", { atMost: 60 }),
          seen.figure("lost", "ballots", { atMost: 0 }),
          seen.figure("double counted", "ballots", { atMost: 0 }),
          ...["generator", ...Object.keys(cpuUs)].map(name =>
            seen.figure(`${name}'s CPU a vote`, "µs"),
          ),
        ],
      };
    } finally {
      await site.stop();
    }
  },
};
