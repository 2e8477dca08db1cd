/** The flush: rows a second of one `floodgate flush`, against `LOAD DATA` and one INSERT a ballot. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import { Child } from "#scripts/services/child.ts";
import { createPoll } from "#test/support/ledger.ts";
import type { Site } from "#test/support/site.ts";
import type { Scenario } from "../figures.ts";
import { Rounds } from "../figures.ts";
import { produce } from "../load/produce.ts";
import { startSpan } from "../meter.ts";
import { memoryBytes } from "../processes.ts";
import { startSite } from "../site.ts";

const singleInserts = 1_000;
const loadDataTable = "floodgate.bench_load";

/** Runs the one-shot flush that cron would run; gives its seconds and its peak memory. */
async function flushOnce(site: Site): Promise<{ seconds: number; peakBytes: number }> {
  const startedMs = monotonicMs();
  const child = new Child("flush", process.execPath, ["dist/cli.mjs", "flush"], {
    env: { ...process.env, ...site.env, NODE_ENV: "production" },
  });
  let peakBytes = 0;
  while (child.ended === undefined) {
    try {
      peakBytes = Math.max(peakBytes, memoryBytes(child.pid, "VmHWM"));
    } catch {
      // It ended between the two reads.
    }
    await sleep(20);
  }
  if (child.ended !== 0) throw new Error(`the flush failed\n${child.output}`);
  return { seconds: (monotonicMs() - startedMs) / 1000, peakBytes };
}

/** The same rows again, in order of arrival, by the two floors. */
async function measureFloors(
  site: Site,
  slug: string,
): Promise<{ loadData: number; single: number }> {
  const folder = mkdtempSync(join(tmpdir(), "floodgate-load-"));
  const file = join(folder, "ballots.tsv");
  const db = await createConnection({ uri: site.database.adminUrl });
  try {
    const [rows] = await db.query<RowDataPacket[]>(
      `SELECT poll_id, HEX(voter) v, HEX(ballot_id) b, HEX(batch_id) a, HEX(choices) c,
         DATE_FORMAT(received_at, '%Y-%m-%d %H:%i:%s.%f') t
       FROM floodgate.ballots JOIN floodgate.polls ON polls.id = poll_id
       WHERE slug = ? ORDER BY received_at, ballot_id`,
      [slug],
    );
    const lines = rows.map(row => [row.poll_id, row.v, row.b, row.a, row.c, row.t].join("\t"));
    writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o644 });
    await db.query(`DROP TABLE IF EXISTS ${loadDataTable}`);
    await db.query(`CREATE TABLE ${loadDataTable} LIKE floodgate.ballots`);
    const loadMs = monotonicMs();
    await db.query(
      `LOAD DATA INFILE ? INTO TABLE ${loadDataTable} (poll_id, @v, @b, @a, @c, received_at)
       SET voter = UNHEX(@v), ballot_id = UNHEX(@b), batch_id = UNHEX(@a), revision = 0, choices = UNHEX(@c)`,
      [file],
    );
    const loadData = (rows.length * 1000) / (monotonicMs() - loadMs);
    await db.query(`TRUNCATE ${loadDataTable}`);
    const insertMs = monotonicMs();
    for (const row of rows.slice(0, singleInserts)) {
      await db.query(
        `INSERT INTO ${loadDataTable} (poll_id, voter, ballot_id, batch_id, revision, choices, received_at)
         VALUES (?, UNHEX(?), UNHEX(?), UNHEX(?), 0, UNHEX(?), ?)`,
        [row.poll_id, row.v, row.b, row.a, row.c, row.t],
      );
    }
    const count = Math.min(singleInserts, rows.length);
    const single = (count * 1000) / (monotonicMs() - insertMs);
    await db.query(`DROP TABLE ${loadDataTable}`);
    return { loadData, single };
  } finally {
    await db.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Enqueues the ballots of a new poll, flushes them, and gives their rows to the floors. */
async function flushRound(site: Site, ballots: number, home: number) {
  const empty = await flushOnce(site);
  const slug = await createPoll(site);
  const [poll] = await site.query<RowDataPacket>("SELECT id FROM floodgate.polls WHERE slug = ?", [
    slug,
  ]);
  const ports = site.memcached.map(({ port }) => port);
  await produce({ ports, home, batch: 100, ballots, pollId: poll?.id as number });
  const endSpan = startSpan();
  const { seconds, peakBytes } = await flushOnce(site);
  const floors = await measureFloors(site, slug);
  return { emptySeconds: empty.seconds, seconds, peakBytes, ...floors, others: endSpan().others };
}

export const flush: Scenario = {
  name: "flush",
  title: "Flush: rows a second, from slots to committed",
  run: async ({ quick, rounds }, say) => {
    const ballots = quick ? 100_000 : 400_000;
    const site = await startSite({ workers: 0 });
    const seen = new Rounds(say);
    try {
      for (let round = 0; round < rounds; round++) {
        const kept = await seen.measure(
          "flush and floors",
          () => flushRound(site, ballots, round),
          ({ seconds, emptySeconds, loadData }) =>
            `${Math.round(ballots / (seconds - emptySeconds))} rows/s; LOAD DATA ${Math.round(loadData)}`,
        );
        seen.add("flush", ballots / (kept.seconds - kept.emptySeconds), kept);
        seen.add("flush, with the start of the program", ballots / kept.seconds, kept);
        seen.add("memory of the flush, at most", kept.peakBytes / 1e6, kept);
        seen.add("LOAD DATA", kept.loadData, kept);
        seen.add("one INSERT a ballot", kept.single, kept);
      }
      return {
        attempts: seen.attempts,
        figures: [
          seen.figure("LOAD DATA", "rows/s"),
          seen.figure("one INSERT a ballot", "rows/s"),
          seen.figure("flush", "rows/s", { floor: "LOAD DATA", atLeast: 0.9 }),
          { ...seen.figure("flush", "rows/s", { floor: "one INSERT a ballot" }), name: "the same" },
          seen.figure("flush, with the start of the program", "rows/s", { floor: "LOAD DATA" }),
          seen.figure("memory of the flush, at most", "MB", { atMost: 200 }),
        ],
      };
    } finally {
      await site.stop();
    }
  },
};
