/** Growth: the same votes with many polls, many options, and a large table of ballots. */
import type { RowDataPacket } from "mysql2/promise";
import { createPoll } from "#test/support/ledger.ts";
import type { Site } from "#test/support/site.ts";
import type { Balance, Effort, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { drive, perSecond, voteHead, votes } from "../load/drive.ts";
import { startSite } from "../site.ts";

const connections = 128;
const rowsPerPoll = 100_000;
const createdAtOnce = 20;

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

class Growth {
  readonly seen = new Rounds();
  #accepted = 0;
  #unanswered = 0;
  readonly #site: Site;
  readonly #effort: Effort;
  readonly #say: (line: string) => void;

  constructor(site: Site, effort: Effort, say: (line: string) => void) {
    this.#site = site;
    this.#effort = effort;
    this.#say = say;
  }

  /** Runs the vote benchmark over each set of polls in turn, so that all see the same machine. */
  async measure(shapes: Readonly<Record<string, readonly string[]>>): Promise<void> {
    for (let round = 0; round < this.#effort.rounds; round++) {
      for (const [name, slugs] of Object.entries(shapes)) await this.#once(name, slugs);
    }
  }

  async #once(name: string, slugs: readonly string[]): Promise<void> {
    const { warmUpMs, measureMs } = this.#effort;
    const heads = slugs.map(voteHead);
    const load = { connections, warmUpMs, measureMs, head: heads[0] ?? "", heads, ...votes };
    const report = await drive(this.#site.fronts[0]?.port ?? 0, load);
    const wrong = Object.keys(report.statuses).filter(status => status !== "202");
    if (wrong.length > 0) throw new Error(`${name} answered ${JSON.stringify(report.statuses)}`);
    this.#accepted += report.answered;
    this.#unanswered += report.sent - report.answered;
    this.seen.add(name, perSecond(report));
    this.#say(`${name}: ${Math.round(perSecond(report))}/s`);
    await this.#site.drained(120_000);
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
        figures: [
          run.seen.figure("10 polls", "/s"),
          flat(`${manyPolls} polls`, "10 polls"),
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
