/** A whole site for a benchmark, as large as `npm run up` makes it, and its books. */
import type { RowDataPacket } from "mysql2/promise";
import { waitUntil } from "#scripts/services/ports.ts";
import { results } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";
import type { SiteOptions } from "#test/support/site-options.ts";
import type { Balance } from "./figures.ts";

export function startSite(options: SiteOptions = {}): Promise<Site> {
  return Site.start({
    memcached: [{ memoryMb: 512 }],
    database: { bufferPoolMb: 512, redoLogMb: 96 },
    onDisk: true,
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

/** One poll's rows, totals and tallies. */
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

/** Waits until MySQL has this many ballots of a poll; false when that takes longer than `withinMs`. */
export async function waitForTotals(
  site: Site,
  slug: string,
  ballots: number,
  withinMs: number,
): Promise<boolean> {
  const counted = async () => {
    const [row] = await site.query<BooksRow>(
      `SELECT ballots AS totals FROM floodgate.poll_totals JOIN floodgate.polls ON polls.id = poll_id
       WHERE slug = ?`,
      [slug],
    );
    return Number(row?.totals ?? 0) >= ballots;
  };
  return waitUntil("the last ballot", counted, { withinMs }).then(
    () => true,
    () => false,
  );
}

/**
 * The books of a poll whose every voter voted once.
 *
 * @param accepted - ballots that were answered 202.
 * @param unanswered - ballots that were sent and not answered: each may have been counted or not.
 */
export function balance(accepted: number, unanswered: number, books: Books): Balance {
  const { rows, distinct, totals, tallies } = books;
  const lost = Math.max(0, accepted - distinct);
  const twice = Math.max(0, rows - distinct, totals - distinct, tallies - distinct);
  const invented = Math.max(0, distinct - accepted - unanswered);
  const perhaps = unanswered === 0 ? "" : ` (${unanswered} more sent and not answered)`;
  return {
    text:
      `accepted ${accepted}${perhaps}, rows ${rows}, totals ${totals}, tallies ${tallies}: ` +
      `lost ${lost}, double counted ${twice}, from nowhere ${invented}`,
    balanced: lost + twice + invented === 0 && totals === rows && tallies === rows,
  };
}
