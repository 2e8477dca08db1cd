/**
 * A random draw of a poll's ballots, for an audit sample or a prize.
 *
 * Each ballot gets a lot, an HMAC of its voter and id under the seed, and the lowest lots are drawn. The draw
 * needs one pass over the rows in any order, gives every ballot the same chance, and is the same each time for the
 * same rows and seed.
 *
 * Source: bottom-k sampling (Cohen and Kaplan 2007), which draws without replacement from a list whose
 * length is not known, as reservoir sampling does, but does not depend on the order of the list.
 */
import { createHmac } from "node:crypto";
import type { PollId, VoterKey } from "../model/ids.ts";
import { type BallotRow, ballotsAfter } from "../store/ballots.ts";
import type { Database } from "../store/database.ts";

export interface Draw {
  /** The drawn ballots in order; all of the poll's when it has fewer than asked for. */
  readonly drawn: readonly BallotRow[];
  /** How many ballots took part. */
  readonly ballots: number;
}

interface Lot {
  readonly ballot: BallotRow;
  readonly number: Buffer;
}

const rowsPerPortion = 5_000;
const byNumber = (a: Lot, b: Lot) => Buffer.compare(a.number, b.number);

/**
 * Draws `count` ballots.
 *
 * @param seed - any text. It must be secret while the poll is open, because readers choose their ballots' ids.
 * @throws StoreFailure.
 */
export async function drawBallots(
  db: Database,
  pollId: PollId,
  count: number,
  seed: string,
): Promise<Draw> {
  let lowest: Lot[] = [];
  let ballots = 0;
  for await (const portion of rowPortions(db, pollId)) {
    ballots += portion.length;
    const lots = portion.map(ballot => ({ ballot, number: lotNumber(seed, ballot) }));
    lowest = [...lowest, ...lots].sort(byNumber).slice(0, count);
  }
  return { drawn: lowest.map(({ ballot }) => ballot), ballots };
}

function lotNumber(seed: string, { voter, ballotId }: BallotRow): Buffer {
  return createHmac("sha256", seed).update(voter, "hex").update(ballotId, "hex").digest();
}

/** The poll's rows in portions, without withdrawals. */
async function* rowPortions(db: Database, pollId: PollId): AsyncGenerator<BallotRow[]> {
  let after: VoterKey | undefined;
  do {
    const rows: BallotRow[] = await ballotsAfter(db, pollId, after, rowsPerPortion);
    yield rows.filter(({ choices }) => choices.length > 0);
    after = rows.length === rowsPerPortion ? rows.at(-1)?.voter : undefined;
  } while (after);
}
