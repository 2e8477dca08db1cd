/**
 * The herd: after a silence, everybody whom one mention on air sends. Each reader fetches the poll's page and votes.
 *
 * The rate is what a machine can take whose bare `node:http` answers 24,000 requests a second; on a slower one there are
 * fewer readers, by its share.
 */
import { SECOND, sleep } from "#lib/base/clock.ts";
import { createPoll, results } from "#test/support/ledger.ts";
import type { Site } from "#test/support/site.ts";
import type { Effort, Figure, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import {
  type Driven,
  describeDriven,
  drive,
  driveHerd,
  perSecond,
  startFloor,
} from "../load/drive.ts";
import { browserVoteHead, getRequest, voteHead, votes } from "../load/heads.ts";
import type { HerdAnswers, HerdReport } from "../load/job.ts";
import { type Books, balance, readBooks, startSite } from "../site.ts";

const herdReaders = 37_000;
const herdMs = 3 * SECOND;
const quickReaders = 5_000;
const connections = 2_000;
const bareConnections = 128;
/** Pages and votes a second that the whole herd sends. */
const bareRateWanted = 24_000;
/** The silence belongs to an attempt, so a disturbed one is repeated once. */
const attemptsMax = 2;

const answered = ({ statuses }: HerdAnswers) =>
  Object.values(statuses).reduce((sum, count) => sum + count, 0);

const withStatus = ({ statuses }: HerdAnswers, from: number, to: number) =>
  Object.entries(statuses).reduce(
    (sum, [status, count]) => sum + (Number(status) >= from && Number(status) < to ? count : 0),
    0,
  );

const describeHerd = ({ report: { pages, votes: cast, ms } }: Driven<HerdReport>) =>
  `page p99 ${pages.p99Ms} ms, vote p99 ${cast.p99Ms} ms, ` +
  `${withStatus(pages, 500, 600) + withStatus(cast, 500, 600)} answers of 5xx, served after ${Math.round(ms)} ms`;

const pageOf = (slug: string) =>
  getRequest(`/p/${slug}`, "Accept: text/html\r\nAccept-Encoding: gzip, br\r\n");

/** The busy hour before the silence: without it the herd would meet a program that was just started. */
async function warm(site: Site, port: number, { quick }: Effort): Promise<void> {
  const slug = await createPoll(site);
  const measureMs = (quick ? 3 : 10) * SECOND;
  const load = { connections: bareConnections, warmUpMs: 0, measureMs };
  await drive(port, { ...load, head: pageOf(slug) });
  await drive(port, { ...load, head: voteHead(slug), ...votes });
  await site.drained(120_000);
}

/** Requests a second that a server without work answers here. */
async function measureBare(seen: Rounds, { warmUpMs, measureMs }: Effort): Promise<number> {
  const floor = await startFloor("post");
  const load = { connections: bareConnections, warmUpMs, measureMs, head: voteHead("floor") };
  try {
    const attempt = () => drive(floor.port, { ...load, ...votes });
    const kept = await seen.measure("bare node:http", attempt, describeDriven);
    seen.add("bare node:http", perSecond(kept.report), kept);
    return perSecond(kept.report);
  } finally {
    await floor.stop();
  }
}

function herdFigures(
  seen: Rounds,
  kept: Driven<HerdReport>,
  readers: number,
  books: Books,
): Figure[] {
  const { pages, votes: cast, ms } = kept.report;
  const accepted = cast.statuses["202"] ?? 0;
  seen.add("readers", readers, kept);
  seen.add("votes accepted", accepted, kept);
  seen.add("page p50", pages.p50Ms, kept);
  seen.add("page p99", pages.p99Ms, kept);
  seen.add("vote p50", cast.p50Ms, kept);
  seen.add("vote p99", cast.p99Ms, kept);
  seen.add("answers of 5xx", withStatus(pages, 500, 600) + withStatus(cast, 500, 600), kept);
  seen.add("refused otherwise", withStatus(pages, 201, 500) + withStatus(cast, 203, 500), kept);
  seen.add("not answered", readers - answered(pages) + cast.sent - answered(cast), kept);
  seen.add("lost", Math.max(0, accepted - books.distinct), kept);
  seen.add("served after", ms / 1000, kept);
  return [
    seen.figure("bare node:http", "/s", {
      note: `below ${bareRateWanted}/s there are fewer readers, by its share`,
    }),
    seen.figure("readers", "readers"),
    seen.figure("votes accepted", "readers", { floor: "readers", atLeast: 1 }),
    seen.figure("answers of 5xx", "answers", { atMost: 0 }),
    seen.figure("page p50", "ms"),
    seen.figure("page p99", "ms", { atMost: 1_000 }),
    seen.figure("vote p50", "ms"),
    seen.figure("vote p99", "ms", { atMost: 3_000, note: "from when the reader has the page" }),
    seen.figure("refused otherwise", "answers", { atMost: 0 }),
    seen.figure("not answered", "answers", { atMost: 0 }),
    seen.figure("lost", "ballots", { atMost: 0 }),
    seen.figure("served after", "s"),
  ];
}

export const herd: Scenario = {
  name: "herd",
  title: "The herd: everybody at once, from idle",
  run: async (effort, say) => {
    const { quick } = effort;
    const seen = new Rounds(say);
    const share = Math.min(1, (await measureBare(seen, effort)) / bareRateWanted);
    const readers = Math.round((quick ? quickReaders : herdReaders) * share);
    const withinMs = quick ? (herdMs * quickReaders) / herdReaders : herdMs;
    const silenceMs = quick ? 10 * SECOND : 60 * SECOND;
    const site = await startSite({ env: { FLOODGATE_FRONT_PROCESSES: "0" } });
    try {
      const port = site.fronts[0]?.port ?? 0;
      const origin = `http://localhost:${port}`;
      await warm(site, port, effort);
      let slug = "";
      const attempt = async () => {
        slug = await createPoll(site);
        const { edition } = await results(site, slug);
        await sleep(silenceMs);
        return driveHerd(port, {
          connections,
          readers,
          withinMs,
          page: pageOf(slug),
          vote: { head: browserVoteHead(origin, slug, edition), ...votes },
        }).then(driven => ({ ...driven, slug }));
      };
      const whole = `${readers} readers in ${(withinMs / 1000).toFixed(1)} s`;
      const kept = await seen.measure(whole, attempt, describeHerd, attemptsMax);
      await site.drained(120_000);
      const books = await readBooks(site, kept.slug);
      const cast = kept.report.votes;
      const accepted = cast.statuses["202"] ?? 0;
      return {
        books: balance(accepted, cast.sent - answered(cast), books),
        attempts: seen.attempts,
        figures: herdFigures(seen, kept, readers, books),
      };
    } finally {
      await site.stop();
    }
  },
};
