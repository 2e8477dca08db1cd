/**
 * Named points in the code where the fault tests kill a process or stop it for a while. This module does nothing: only
 * the builds for those tests replace it, by the import condition `faults` (`package.json`, `test/faults/armed.ts`). So
 * a deployed program can't be made to fail.
 *
 * The queue and the flush call it between the steps where a crash makes a difference.
 */

/** The process, and the step that it finished last or starts next. */
export type FaultPoint =
  /** A slot number is taken; its slot is not written. */
  | "front.number-taken"
  /** The slot is written; no voter has been answered. */
  | "front.slot-written"
  | "worker.before-transaction"
  | "worker.before-commit"
  /** Committed; the tallies are not corrected and the slots not deleted. */
  | "worker.committed"
  | "worker.before-delete";

/** Marks a fault point. */
export function faultPoint(_point: FaultPoint): void {}
