/** How far each epoch of each queue has been flushed: the table `checkpoints`. */
import type { Epoch, QueueName } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";

export interface Checkpoint {
  readonly epoch: Epoch;
  /** `host:port` of the memcached server. */
  readonly server: string;
  readonly queue: QueueName;
  /** Newest committed slot; every slot up to it is committed, a tombstone or a dead letter. */
  readonly slot: number;
  /** Slots up to this one are deleted from memcached, or expire there; it may lag behind. */
  readonly deleted: number;
}

interface CheckpointRow extends Row {
  readonly epoch: string;
  readonly server: string;
  readonly queue: string;
  readonly slot: number;
  readonly deleted: number;
}

const toCheckpoint = (row: CheckpointRow): Checkpoint => ({
  epoch: row.epoch as Epoch,
  server: row.server,
  queue: row.queue as QueueName,
  slot: Number(row.slot),
  deleted: Number(row.deleted),
});

const columns = "epoch, server, queue, slot, deleted";

/** The checkpoints of epochs from which ballots may still come. */
export async function openCheckpoints(db: Database): Promise<Checkpoint[]> {
  const rows = await db.rows<CheckpointRow>(
    "checkpoints.open",
    `SELECT ${columns} FROM checkpoints WHERE closed_at IS NULL`,
  );
  return rows.map(toCheckpoint);
}

/** How far everything has been flushed, and in which generation of the database. */
export interface Progress {
  /** Changed by every restore of a backup. */
  readonly generation: string;
  readonly open: readonly Checkpoint[];
}

/** The same with the database's generation, both of one moment. One query. */
export async function readProgress(db: Database): Promise<Progress> {
  const rows = await db.rows<CheckpointRow & { readonly generation: string | null }>(
    "checkpoints.progress",
    `SELECT generation, ${columns} FROM (SELECT 1) AS one LEFT JOIN site ON site.id = 1
     LEFT JOIN checkpoints ON closed_at IS NULL`,
  );
  const open = rows.filter(({ epoch }) => epoch !== null).map(toCheckpoint);
  return { generation: rows[0]?.generation ?? "", open };
}

/** The checkpoint of one epoch. */
export async function readCheckpoint(db: Database, epoch: Epoch): Promise<Checkpoint | undefined> {
  const rows = await db.rows<CheckpointRow>(
    "checkpoints.read",
    `SELECT ${columns} FROM checkpoints WHERE epoch = ?`,
    [epoch],
  );
  return rows[0] && toCheckpoint(rows[0]);
}

/**
 * Creates the checkpoint of an epoch: at slot 0 when it is new, at a later slot when MySQL has lost its row. Does nothing
 * when there is one.
 */
export async function openCheckpoint(
  db: Database,
  { epoch, server, queue, slot }: Pick<Checkpoint, "epoch" | "server" | "queue" | "slot">,
  nowMs: number,
): Promise<void> {
  const now = new Date(nowMs);
  await db.write(
    "checkpoints.open_epoch",
    `INSERT INTO checkpoints (epoch, server, queue, slot, deleted, opened_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE epoch = VALUES(epoch)`,
    [epoch, server, queue, slot, slot, now, now],
  );
}

/**
 * Moves a checkpoint forward over slots that are gone. Does nothing when it is not at `from` any more.
 */
export async function skipCheckpoint(
  db: Database,
  epoch: Epoch,
  { from, to }: { readonly from: number; readonly to: number },
  nowMs: number,
): Promise<void> {
  await db.write(
    "checkpoints.skip",
    "UPDATE checkpoints SET slot = ?, deleted = ?, updated_at = ? WHERE epoch = ? AND slot = ?",
    [to, to, new Date(nowMs), epoch, from],
  );
}

/**
 * Locks the row of a checkpoint until the transaction ends and returns its slot. `undefined`: another worker has locked
 * it, or there is no such row; `readCheckpoint` tells.
 */
export async function lockCheckpoint(db: Database, epoch: Epoch): Promise<number | undefined> {
  const rows = await db.rows<Row & Pick<CheckpointRow, "slot">>(
    "checkpoints.lock",
    "SELECT slot FROM checkpoints WHERE epoch = ? FOR UPDATE SKIP LOCKED",
    [epoch],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].slot);
}

/** Moves a checkpoint forward. The caller has locked its row. */
export async function moveCheckpoint(
  db: Database,
  epoch: Epoch,
  move: { readonly to: number; readonly deleted: number; readonly missing: number },
  nowMs: number,
): Promise<void> {
  await db.write(
    "checkpoints.move",
    `UPDATE checkpoints SET slot = ?, deleted = ?, missing_slots = missing_slots + ?, updated_at = ?
     WHERE epoch = ? AND slot <= ?`,
    [move.to, move.deleted, move.missing, new Date(nowMs), epoch, move.to],
  );
}

/** Closes an epoch that its server has lost, when no slot is left after its checkpoint. */
export async function closeCheckpoint(db: Database, epoch: Epoch, nowMs: number): Promise<void> {
  await db.write(
    "checkpoints.close",
    "UPDATE checkpoints SET closed_at = ? WHERE epoch = ? AND closed_at IS NULL",
    [new Date(nowMs), epoch],
  );
}
