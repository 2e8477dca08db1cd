/**
 * The end of a restore, when the backup is live already: it takes over what fronts had accepted until the swap,
 * deletes the tables that an earlier restore had replaced, and gives foreign keys their names. Each of it may be done
 * twice.
 *
 * Invariant: foreign keys get their names last. Until then, `floodgate migrate` and `floodgate restore` find that a
 *   restore is not finished (`hasStagedKeys`), and finish it.
 */
import { SECOND } from "../base/clock.ts";
import { retry } from "../base/retry.ts";
import { isStoreFailure } from "../store/failure.ts";
import { carryOver } from "./carry-over.ts";
import { nameForeignKeys } from "./foreign-keys.ts";
import type { Session } from "./session.ts";
import { discardedPrefix, replacedPrefix } from "./staged-schema.ts";
import { dropTables, existingTables, limitLockWaits } from "./staged-tables.ts";

/** With the waits for locks of tables, a minute and a half at most for each step. */
const patience = { firstMs: 500, maxMs: 5 * SECOND, attemptsMax: 10 };

/**
 * Finishes a restore. Others use its tables: a step that they hold up is tried again some times, and so is one that
 * MySQL can't take now.
 *
 * @throws StoreFailure, SchemaInUse: `floodgate migrate` does the rest.
 */
export async function finishRestore(session: Session): Promise<void> {
  await patiently(session, async () => {
    // There is none when the database was empty.
    const isReplaced = (await existingTables(session)).includes(`${replacedPrefix}polls`);
    if (isReplaced) await carryOver(session, "after the swap");
  });
  await patiently(session, () => dropTables(session, discardedPrefix));
  await patiently(session, () => nameForeignKeys(session));
}

async function patiently(session: Session, step: () => Promise<void>): Promise<void> {
  let isLost = false;
  const attempt = async () => {
    if (isLost) await session.reconnect();
    isLost = false;
    await limitLockWaits(session);
    await step();
  };
  await retry(attempt, {
    ...patience,
    retryable: error => isStoreFailure(error, "contention") || isStoreFailure(error, "unavailable"),
    onFailure: error => {
      isLost ||= isStoreFailure(error, "unavailable");
    },
  });
}
