/** Growth: the same votes with many polls, many options, and a large table of ballots. */
import type { RowDataPacket } from "mysql2/promise";
import { createPoll } from "#test/support/ledger.ts";
import type { Site } from "#test/support/site.ts";
import type { Balance, Effort, Figure, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { type Driven, describeDriven, drive, perSecond } from "../load/drive.ts";
import { voteHead, votes } from "../load/heads.ts";
import type { Report } from "../load/job.ts";
import { startSite } from "../site.ts";

const connections = 128;
const rowsPerPoll = 100_000;
const createdAtOnce = 20;
/** The most that a vote may cost front and memcached more when there are many polls, in µs of CPU. */
const onTopUsMax = 15;

interface CountRow extends RowDataPacket {
  readonly ballots: number;
}

async function createPolls(site: Site, count: number): Promise<string[]> {
  const slugs: string[] = [];
  while (slugs.length < count) {
    const portion = Math.min(createdAtOnce, count - slugs.length);
    slugs.push(...(await Promise.all(Array.from({ length: portion }, () => createPoll(site)))));
  }
  return slugs;
}

/** Fills the table with ballots of closed polls, in key order, one poll at a time. */
async function fillTable(site: Site, rows: number): Promise<void> {
  const digits =
    "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
  const numbers = ["a", "b", "c", "d", "e"].map(alias => `${digits} ${alias}`).join(" JOIN ");
  for (let poll = 0; poll < rows / rowsPerPoll; poll++) {
    await site.query<RowDataPacket>(
      `INSERT INTO floodgate.ballots (poll_id, voter, ballot_id, batch_id, revision, choices, received_at)
       SELECT ${1_000_000 + poll}, v, v, LEFT(v, 12), 0, '\\1', '2026-01-01' FROM
         (SELECT UNHEX(MD5(CONCAT(a.d, b.d, c.d, d.d, e.d, '-', ${poll}))) v FROM ${numbers}) rows_
       ORDER BY v`,
    );
  }
}

/** CPU time of front and memcached for one vote, in microseconds. */
function costOf({ cpuUs, report }: Driven<Report>): number {
  return ((cpuUs.front ?? 0) + (cpuUs.memcached ?? 0)) / report.counted;
}

const cpuOf = (name: string) => `${name}: CPU of front and memcached a vote`;

class Growth {
  readonly seen: Rounds;
  #accepted = 0;
  #unanswered = 0;
  readonly #site: Site;
  readonly #effort: Effort;

  constructor(site: Site, effort: Effort, say: (line: string) => void) {
    this.#site = site;
    this.#effort = effort;
    this.seen = new Rounds(say);
  }

  /** Runs the vote benchmark over each set of polls in turn, so that all see the same machine. */
  async measure(shapes: Readonly<Record<string, readonly string[]>>): Promise<void> {
    for (let round = 0; round < this.#effort.rounds; round++) {
      for (const [name, slugs] of Object.entries(shapes)) {
        const kept = await this.seen.measure(
          name,
          () => this.#once(name, slugs),
          made =>
            `${describeDriven(made)}, front and memcached ${costOf(made).toFixed(1)} µs a vote`,
        );
        this.seen.add(name, perSecond(kept.report), kept);
        this.seen.add(cpuOf(name), costOf(kept), kept);
      }
    }
  }

  async #once(name: string, slugs: readonly string[]): Promise<Driven<Report>> {
    const { warmUpMs, measureMs } = this.#effort;
    const heads = slugs.map(voteHead);
    const load = { connections, warmUpMs, measureMs, head: heads[0] ?? "", heads, ...votes };
    const [front] = this.#site.fronts;
    const driven = await drive(front?.port ?? 0, load, {
      front: [front?.child.pid ?? 0],
      memcached: this.#site.memcached.map(({ child }) => child.pid),
    });
    const { report } = driven;
    const wrong = Object.keys(report.statuses).filter(status => status !== "202");
    if (wrong.length > 0) throw new Error(`${name} answered ${JSON.stringify(report.statuses)}`);
    this.#accepted += report.answered;
    this.#unanswered += report.sent - report.answered;
    await this.#site.drained(120_000);
    return driven;
  }

  /** What votes of one shape cost on top of another's, round by round. */
  onTop(name: string, floor: string): Figure {
    const whole = `${name}: CPU on top of a vote`;
    const [more, less] = [name, floor].map(each => this.seen.figure(cpuOf(each), "µs"));
    for (const [round, us] of (more?.rounds ?? []).entries()) {
      this.seen.add(whole, us - (less?.rounds[round] ?? 0));
    }
    const figure = this.seen.figure(whole, "µs", { atMost: onTopUsMax });
    return { ...figure, disturbed: Math.max(more?.disturbed ?? 0, less?.disturbed ?? 0) };
  }

  /** All polls' rows against what was answered, and against totals and tallies by our own recount. */
  async books(): Promise<Balance> {
    const [row] = await this.#site.query<CountRow>(
      "SELECT COUNT(*) AS ballots FROM floodgate.ballots JOIN floodgate.polls ON polls.id = poll_id",
    );
    const stored = row?.ballots ?? 0;
    const agree = await this.#site.run("recount").then(
      () => true,
      () => false,
    );
    const lost = Math.max(0, this.#accepted - stored);
    const invented = Math.max(0, stored - this.#accepted - this.#unanswered);
    return {
      text: `accepted ${this.#accepted}, rows ${stored}; rows, totals and tallies of all polls ${agree ? "agree" : "differ"}`,
      balanced: agree && lost + invented === 0,
    };
  }
}

export const growth: Scenario = {
  name: "growth",
  title: "Growth: the same votes, more of everything",
  run: async (effort, say) => {
    const manyPolls = effort.quick ? 1_000 : 10_000;
    const site = await startSite();
    try {
      const run = new Growth(site, effort, say);
      say(`creating ${manyPolls} polls`);
      const polls = await createPolls(site, manyPolls);
      const ten = polls.slice(0, 10);
      await run.measure({ "10 polls": ten, [`${manyPolls} polls`]: polls });
      await run.measure({
        "2 options": [await createPoll(site, { options: 2 })],
        "50 options": [await createPoll(site, { options: 50 })],
      });
      await run.measure({ "empty table": ten });
      say(`filling the table with ${effort.rows} rows`);
      await fillTable(site, effort.rows);
      await run.measure({ [`${effort.rows} rows`]: ten });
      const flat = (name: string, floor: string) =>
        run.seen.figure(name, "/s", { floor, atLeast: 0.9 });
      return {
        books: await run.books(),
        attempts: run.seen.attempts,
        figures: [
          run.seen.figure(cpuOf("10 polls"), "µs"),
          run.onTop(`${manyPolls} polls`, "10 polls"),
          run.seen.figure("10 polls", "/s"),
          run.seen.figure(`${manyPolls} polls`, "/s", { floor: "10 polls" }),
          run.seen.figure(cpuOf("2 options"), "µs"),
          run.seen.figure(cpuOf("50 options"), "µs", { floor: cpuOf("2 options") }),
          run.seen.figure("2 options", "/s"),
          flat("50 options", "2 options"),
          run.seen.figure("empty table", "/s"),
          flat(`${effort.rows} rows`, "empty table"),
        ],
      };
    } finally {
      await site.stop();
    }
  },
};
