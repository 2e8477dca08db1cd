/** Batches committed lately: the table `batches`, by which a batch that arrives again is recognised. */
import type { Epoch } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";
import { hexLiteral, timeLiteral } from "./sql-text.ts";

interface BatchRow extends Row {
  readonly batch_id: Buffer;
  readonly epoch: string;
  readonly slot: number;
}

export interface CommittedBatch {
  readonly id: Buffer;
  readonly slot: number;
  readonly ballots: number;
}

/** The slot of each of `ids` that is committed already, by the id in hex. */
export async function knownBatches(
  db: Database,
  ids: readonly Buffer[],
): Promise<ReadonlyMap<string, { readonly epoch: Epoch; readonly slot: number }>> {
  if (ids.length === 0) return new Map();
  const rows = await db.rows<BatchRow>(
    "batches.known",
    `SELECT batch_id, epoch, slot FROM batches WHERE batch_id IN (${ids.map(hexLiteral).join(", ")})`,
  );
  return new Map(
    rows.map(row => [
      row.batch_id.toString("hex"),
      { epoch: row.epoch as Epoch, slot: Number(row.slot) },
    ]),
  );
}

/**
 * Records batches as committed by this transaction.
 *
 * @throws StoreFailure `duplicate` when another worker has just committed one of them: start again.
 */
export async function insertBatches(
  db: Database,
  epoch: Epoch,
  batches: readonly CommittedBatch[],
  nowMs: number,
): Promise<void> {
  if (batches.length === 0) return;
  // All workers insert in the same order, so that two with the same batches wait instead of deadlocking.
  const sorted = [...batches].sort((a, b) => Buffer.compare(a.id, b.id));
  const rows = sorted.map(
    batch =>
      `(${hexLiteral(batch.id)}, '${epoch}', ${batch.slot}, ${batch.ballots}, ${timeLiteral(nowMs)})`,
  );
  await db.writeText(
    "batches.insert",
    `INSERT INTO batches (batch_id, epoch, slot, ballots, committed_at) VALUES ${rows.join(", ")}`,
  );
}

/** Deletes batches that were committed before a moment, at most `limit`; resolves with their number. */
export async function pruneBatches(db: Database, beforeMs: number, limit: number): Promise<number> {
  const { affectedRows } = await db.write(
    "batches.prune",
    "DELETE FROM batches WHERE committed_at < ? ORDER BY committed_at LIMIT ?",
    [new Date(beforeMs), limit],
  );
  return affectedRows;
}
