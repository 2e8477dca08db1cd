/** The statements about the lists of servers: the table `server_lists`. */
import { key, lockWhere, type Statements, time, update, upsert, written } from "./statement.ts";
import type { Cell, TableRow } from "./tables.ts";

const versionOf = (row: TableRow) => key(row.version);
const at = (cell: Cell | undefined): number => time(cell) ?? Number.NaN;
const second = 1_000;

export const serverStatements: Statements = {
  "server_lists.read": async (tx, { text }) => {
    if (text.includes("FOR UPDATE")) await lockWhere(tx, "server_lists", versionOf, () => true);
    const lists = tx.rows("server_lists");
    return lists.sort((a, b) => Number(b.version) - Number(a.version)).slice(0, 2);
  },
  "server_lists.insert": async (tx, { values }) => {
    const [version, rule, memcached, queues, step] = values as [Cell, Cell, Cell, Cell, Cell];
    const changed_at = new Date(tx.nowMs);
    const row = { version, rule, memcached, queues, step, ready_at: null, changed_at };
    return written(await upsert(tx, "server_lists", key(version), row, () => ({})));
  },
  "server_lists.step": (tx, { values: [step, version] }) =>
    update(
      tx,
      "server_lists",
      versionOf,
      row => row.version === version,
      () => ({ step: step as string, ready_at: null, changed_at: new Date(tx.nowMs) }),
    ),
  "server_lists.ready": (tx, { values: [version, step] }) =>
    update(
      tx,
      "server_lists",
      versionOf,
      row => row.version === version && row.step === step && row.ready_at === null,
      () => ({ ready_at: new Date(tx.nowMs) }),
    ),
  "server_lists.polls": tx => tx.rows("polls").slice(0, 1),
  "server_lists.positions": (tx, { values: [seconds] }) =>
    tx
      .rows("processes")
      .filter(row => row.ended_at === null && row.gone_at === null)
      .filter(
        row => row.role === "front" || at(row.seen_at) >= tx.nowMs - (seconds as number) * second,
      )
      .sort((a, b) => at(a.started_at) - at(b.started_at) || (key(a.id) < key(b.id) ? -1 : 1)),
  "server_lists.old_fronts": (tx, { values: [seconds] }) => {
    const sinceMs = tx.nowMs - (seconds as number) * second;
    const isUnknown = (id: Cell) => !tx.row("processes", key(id));
    const open = tx.rows("polls").filter(row => row.finalized_at === null);
    const ids = new Set(open.map(row => row.id));
    const counts = tx.rows("acceptances").filter(row => ids.has(row.poll_id));
    const recent = tx.rows("batches").filter(row => at(row.committed_at) >= sinceMs);
    const arrives = recent.some(row => isUnknown((row.batch_id as Buffer).subarray(0, 8)));
    const isNew = tx
      .rows("server_lists")
      .some(row => row.version === 1 && at(row.changed_at) >= sinceMs);
    const found = counts.some(row => isUnknown(row.producer as Cell)) && (arrives || isNew);
    return [{ found: found ? 1 : 0 }];
  },
};
