/**
 * Named places where the fault tests kill a process or stop it for a while. Nothing happens here: only
 * their own builds swap this module for an armed one, by the import condition `faults`
 * (`package.json`, `test/faults/armed.ts`). So what is deployed has no way of being told to fail.
 *
 * Called by the queue and the flush, at the moments between which a crash makes a difference.
 */

/** Who is there, and what was done last or comes next. */
export type FaultPoint =
  /** A slot number is taken, its slot is not written. */
  | "front.number-taken"
  /** The slot is written, nobody has been answered. */
  | "front.slot-written"
  | "worker.before-transaction"
  | "worker.before-commit"
  /** Committed; neither have the tallies been corrected nor the slots deleted. */
  | "worker.committed"
  | "worker.before-delete";

/** Marks a place. */
export function faultPoint(_point: FaultPoint): void {}
