/** Growth: the same votes with many polls, many options, and a large table of ballots. */
import type { RowDataPacket } from "mysql2/promise";
import { createPoll } from "#test/support/ledger.ts";
import type { Site } from "#test/support/site.ts";
import type { Effort, Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { drive, perSecond, voteHead, votes } from "../load/drive.ts";
import { startSite } from "../site.ts";

const connections = 128;
const rowsPerPoll = 100_000;
const createdAtOnce = 20;

async function createPolls(site: Site, count: number): Promise<string[]> {
  const slugs: string[] = [];
  while (slugs.length < count) {
    const portion = Math.min(createdAtOnce, count - slugs.length);
    slugs.push(...(await Promise.all(Array.from({ length: portion }, () => createPoll(site)))));
  }
  return slugs;
}

/** So many rows of ballots, of polls that are over; in the order of their key, a poll at a time. */
async function fillTable(site: Site, rows: number): Promise<void> {
  const digits =
    "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
  const numbers = ["a", "b", "c", "d", "e"].map(alias => `${digits} ${alias}`).join(" JOIN ");
  for (let poll = 0; poll < rows / rowsPerPoll; poll++) {
    await site.query<RowDataPacket>(
      `INSERT INTO floodgate.ballots (poll_id, voter, ballot_id, batch_id, choices, received_at)
       SELECT ${1_000_000 + poll}, v, v, LEFT(v, 12), '\\1', '2026-01-01' FROM
         (SELECT UNHEX(MD5(CONCAT(a.d, b.d, c.d, d.d, e.d, '-', ${poll}))) v FROM ${numbers}) rows_
       ORDER BY v`,
    );
  }
}

class Growth {
  readonly seen = new Rounds();
  readonly #site: Site;
  readonly #effort: Effort;
  readonly #say: (line: string) => void;

  constructor(site: Site, effort: Effort, say: (line: string) => void) {
    this.#site = site;
    this.#effort = effort;
    this.#say = say;
  }

  /** The vote benchmark over these polls. */
  async measure(name: string, slugs: readonly string[]): Promise<void> {
    const { warmUpMs, measureMs, rounds } = this.#effort;
    for (let round = 0; round < rounds; round++) {
      const heads = slugs.map(voteHead);
      const load = { connections, warmUpMs, measureMs, head: heads[0] ?? "", heads, ...votes };
      const report = await drive(this.#site.fronts[0]?.port ?? 0, load);
      const wrong = Object.keys(report.statuses).filter(status => status !== "202");
      if (wrong.length > 0) throw new Error(`${name} answered ${JSON.stringify(report.statuses)}`);
      this.seen.add(name, perSecond(report));
      this.#say(`${name}: ${Math.round(perSecond(report))}/s`);
      await this.#site.drained(120_000);
    }
  }
}

export const growth: Scenario = {
  name: "growth",
  title: "Growth: the same votes, more of everything",
  run: async (effort, say) => {
    const [manyPolls, manyRows] = effort.quick ? [1_000, 1_000_000] : [10_000, 10_000_000];
    const site = await startSite();
    try {
      const run = new Growth(site, effort, say);
      const polls = await createPolls(site, manyPolls);
      const ten = polls.slice(0, 10);
      await run.measure("10 polls", ten);
      await run.measure(`${manyPolls} polls`, polls);
      await run.measure("2 options", [await createPoll(site, { options: 2 })]);
      await run.measure("50 options", [await createPoll(site, { options: 50 })]);
      say(`filling the table with ${manyRows} rows`);
      await run.measure("empty table", ten);
      await fillTable(site, manyRows);
      await run.measure(`${manyRows} rows`, ten);
      const flat = (name: string, floor: string) =>
        run.seen.figure(name, "/s", { floor, atLeast: 0.9 });
      return {
        figures: [
          run.seen.figure("10 polls", "/s"),
          flat(`${manyPolls} polls`, "10 polls"),
          run.seen.figure("2 options", "/s"),
          flat("50 options", "2 options"),
          run.seen.figure("empty table", "/s"),
          flat(`${manyRows} rows`, "empty table"),
        ],
      };
    } finally {
      await site.stop();
    }
  },
};
