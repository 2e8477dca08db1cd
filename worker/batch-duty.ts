/** The duty that deletes the rows of old batches. */
import { type Clock, DAY, HOUR, monotonicMs } from "#lib/base/clock.ts";
import { pruneBatches } from "#lib/store/batches.ts";
import type { Database } from "#lib/store/database.ts";

/** A batch can arrive again only within minutes; a week is for investigations. */
const keptMs = 7 * DAY;
const perStep = 5_000;

/** Deletes a portion; the next one in the next step while there are more, and otherwise an hour later. */
export function batchPruner({
  clock,
  store,
}: {
  readonly clock: Clock;
  readonly store: Database;
}): () => Promise<void> {
  let dueMs = 0;
  return async () => {
    if (monotonicMs() < dueMs) return;
    const deleted = await pruneBatches(store, clock.nowMs() - keptMs, perStep);
    if (deleted < perStep) dueMs = monotonicMs() + HOUR;
  };
}
