/** A whole site for a benchmark, as large as `npm run up` makes it, and its books. */
import type { RowDataPacket } from "mysql2/promise";
import { results } from "#test/support/ledger.ts";
import { Site, type SiteOptions } from "#test/support/site.ts";

export function startSite(options: SiteOptions = {}): Promise<Site> {
  return Site.start({
    memcached: [{ memoryMb: 512 }],
    database: { bufferPoolMb: 512, redoLogMb: 96 },
    ...options,
    env: { FLOODGATE_LOG_LEVEL: "warn", ...options.env },
  });
}

export interface Books {
  readonly rows: number;
  readonly distinct: number;
  readonly totals: number;
  readonly tallies: number;
}

interface BooksRow extends RowDataPacket {
  readonly rows_: number;
  readonly distinct_: number;
  readonly totals: number;
}

/** What is stored and shown of one poll. */
export async function readBooks(site: Site, slug: string): Promise<Books> {
  const [row] = await site.query<BooksRow>(
    `SELECT COUNT(*) AS rows_, COUNT(DISTINCT ballot_id) AS distinct_,
       (SELECT ballots FROM floodgate.poll_totals WHERE poll_id = polls.id) AS totals
     FROM floodgate.ballots JOIN floodgate.polls ON polls.id = poll_id
     WHERE slug = ? GROUP BY polls.id`,
    [slug],
  );
  const { ballots } = await results(site, slug);
  return {
    rows: Number(row?.rows_ ?? 0),
    distinct: Number(row?.distinct_ ?? 0),
    totals: Number(row?.totals ?? 0),
    tallies: ballots,
  };
}

/** The books in a sentence; every voter of a benchmark votes once, so all numbers must be the same. */
export function balance(accepted: number, books: Books): string {
  const lost = Math.max(0, accepted - books.distinct);
  const twice = Math.max(0, books.totals - books.distinct, books.tallies - books.distinct);
  return (
    `accepted ${accepted}, rows ${books.rows}, totals ${books.totals}, tallies ${books.tallies}: ` +
    `lost ${lost}, double counted ${twice}`
  );
}
