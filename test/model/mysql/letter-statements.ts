/** The statements about dead letters. */
import { key, lockWhere, type Statements, written } from "./statement.ts";
import type { Cell, TableRow } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

const letterId = (row: TableRow) => key(row.id);
const isOpenLetter = (row: TableRow) => row.dismissed_at === null;
const lettersOf = (tx: Transaction) =>
  tx.rows("dead_letters").sort((a, b) => (a.id as number) - (b.id as number));

export const letterStatements: Statements = {
  "dead_letters.insert": (tx, { text, values }) => {
    const [poll_id, epoch, slot, reason, ballots] = values as [Cell, Cell, Cell, Cell, Cell];
    const id = tx.nextId("dead_letters");
    const [, hex = "", at = ""] = /\?, (0x[0-9a-f]*|''), \?, '([^']*)'/.exec(text) ?? [];
    const bytes = Buffer.from(hex.slice(2), "hex");
    const created_at = new Date(`${at.replace(" ", "T")}Z`);
    const row = {
      id,
      poll_id,
      epoch,
      slot,
      reason,
      bytes,
      ballots,
      created_at,
      dismissed_at: null,
    };
    tx.put("dead_letters", key(id), row);
    return written(1, id);
  },
  "dead_letters.open": tx => {
    const open = lettersOf(tx).filter(isOpenLetter);
    return [
      {
        letters: open.length,
        ballots: open.reduce((sum, row) => sum + (row.ballots as number), 0),
      },
    ];
  },
  "dead_letters.newest": tx => {
    const newest = new Map<Cell, Cell>();
    for (const row of lettersOf(tx))
      if (row.poll_id !== null) newest.set(row.poll_id as Cell, row.id as Cell);
    return [...newest].map(([poll_id, id]) => ({ poll_id, newest: id }));
  },
  "dead_letters.refused_as_final": (tx, { values: [poll, after, reason, limit] }) =>
    lettersOf(tx)
      .filter(row => row.poll_id === poll && (row.id as number) > (after as number))
      .filter(row => row.reason === reason && isOpenLetter(row))
      .slice(0, limit as number),
  "dead_letters.after": (tx, { values: [poll, after, limit] }) =>
    lettersOf(tx)
      .filter(row => row.poll_id === poll && (row.id as number) > (after as number))
      .slice(0, limit as number),
  "dead_letters.lock": (tx, { values }) =>
    lockWhere(tx, "dead_letters", letterId, row => values.includes(row.id as Cell)),
  "dead_letters.delete": async (tx, { values }) => {
    const isNamed = (row: TableRow) => values.includes(row.id as Cell);
    const found = await lockWhere(tx, "dead_letters", letterId, isNamed);
    for (const row of found) tx.remove("dead_letters", letterId(row));
    return written(found.length);
  },
};
