/** The first ballot after a quiet time: how long until it is in MySQL. */
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { createPoll, vote } from "#test/support/ledger.ts";
import type { Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { beside } from "../meter.ts";
import { balance, readBooks, startSite } from "../site.ts";

const quietMs = 3 * SECOND;

/** Milliseconds until a poll has this many rows. */
async function untilStored(database: Connection, slug: string, ballots: number): Promise<number> {
  const startedMs = monotonicMs();
  for (;;) {
    const [rows] = await database.query<RowDataPacket[]>(
      `SELECT 1 FROM floodgate.ballots JOIN floodgate.polls ON polls.id = poll_id WHERE slug = ?`,
      [slug],
    );
    if (rows.length >= ballots) return monotonicMs() - startedMs;
  }
}

export const kickstart: Scenario = {
  name: "kickstart",
  title: "The first ballot after a quiet time, from its answer to its row in MySQL",
  run: async ({ quick }, say) => {
    // Without a kickstart the worker would look after a minute.
    const site = await startSite({ env: { FLOODGATE_FLUSH_INTERVAL_MS: "60000" } });
    const database = await createConnection({ uri: site.database.adminUrl });
    try {
      const slug = await createPoll(site);
      const seen = new Rounds(say);
      const ballots = quick ? 5 : 20;
      const wait = async (ballot: number) => {
        await sleep(quietMs);
        seen.add("looking alone", await untilStored(database, slug, ballot - 1));
        const answer = await vote(site.url, slug, { choices: ["1"] });
        if (answer.status !== 202) throw new Error(`a vote was answered ${answer.status}`);
        return untilStored(database, slug, ballot);
      };
      for (let ballot = 1; ballot <= ballots; ballot++) {
        const kept = await seen.measure(
          `ballot ${ballot}`,
          async () => {
            const { made, others } = await beside(() => wait(ballot));
            return { storedMs: made, others };
          },
          ({ storedMs }) => `in MySQL after ${storedMs.toFixed(1)} ms`,
          1,
        );
        seen.add("first ballot", kept.storedMs, kept);
      }
      const figure = seen.figure("first ballot", "ms", { floor: "looking alone", atMost: 50 });
      const longest = Math.round(Math.max(...figure.rounds));
      say(`longest of ${ballots}: ${longest} ms`);
      return {
        attempts: seen.attempts,
        books: balance(ballots, 0, await readBooks(site, slug)),
        figures: [
          seen.figure("looking alone", "ms"),
          { ...figure, note: `the longest of ${ballots}: ${longest} ms` },
        ],
      };
    } finally {
      await database.end();
      await site.stop();
    }
  },
};
