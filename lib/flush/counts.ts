/** The numbers of a pass. */
import type { Committed, FlushWork } from "./transaction.ts";

export interface FlushCounts {
  /** Transactions. */
  commits: number;
  slots: number;
  counted: number;
  duplicates: number;
  redelivered: number;
  /** Changes and withdrawals. */
  replaced: number;
  /** Slots whose batch was in MySQL already: a second copy, a replay. */
  repeated: number;
  /** Dead letters; the log and `status.json` show the number under this name. */
  letters: number;
  missing: number;
}

export const noCounts = (): FlushCounts => ({
  commits: 0,
  slots: 0,
  counted: 0,
  duplicates: 0,
  redelivered: 0,
  replaced: 0,
  repeated: 0,
  letters: 0,
  missing: 0,
});

/**
 * Adds one commit.
 *
 * @param copies - slots of the window that were skipped: this process committed their batches from another server.
 */
export function addCommit(
  counts: FlushCounts,
  work: FlushWork,
  { verdict, repeated, deadLetters }: Committed,
  copies: number,
): void {
  counts.commits += 1;
  counts.slots += work.slots.length + copies;
  counts.counted += verdict.counted;
  counts.duplicates += verdict.duplicates;
  counts.redelivered += verdict.redelivered;
  counts.replaced += verdict.replaced;
  counts.repeated += repeated + copies;
  counts.letters += deadLetters;
  counts.missing += work.missing;
}
