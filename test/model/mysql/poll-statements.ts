/** The statements about polls, their reopenings, and MySQL's clock. */

import { emptyTotals } from "./ballot-statements.ts";
import { mysqlError } from "./errors.ts";
import { key, lockWhere, type Statements, time, update, written } from "./statement.ts";
import type { Cell, TableRow } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

const idOf = (row: TableRow) => key(row.id);
const byId = (a: TableRow, b: TableRow) => (a.id as number) - (b.id as number);
const byIdDown = (a: TableRow, b: TableRow) => byId(b, a);
const at = (cell: Cell | undefined): number => time(cell) ?? Number.NaN;

/** As the statements read it: without a poll key, the number stands for it. */
const asRead = (row: TableRow): TableRow => ({
  ...row,
  poll_key: row.poll_key ?? (row.id as Cell),
});

const polls = (tx: Transaction) => tx.rows("polls").map(asRead).sort(byId);

/** The columns between brackets, as the statement names them. */
function columnsIn(text: string): string[] {
  return (/\(([^)]*)\)/.exec(text)?.[1] ?? "").split(",").map(column => column.trim());
}

const isOpened = (now: number) => (row: TableRow) => at(row.opens_at) <= now;

export const pollStatements: Statements = {
  "clock.read": tx => [{ now: new Date(tx.nowMs) }],
  "polls.insert": (tx, { text, values }) => {
    const columns = columnsIn(text);
    const given = Object.fromEntries(columns.map((column, i) => [column, values[i] as Cell]));
    // A refused row uses up its number.
    const id = tx.nextId("polls");
    const isTaken = (row: TableRow) =>
      row.slug === given.slug || (row.poll_key !== null && row.poll_key === given.poll_key);
    if (tx.rows("polls").some(isTaken)) throw mysqlError(1062, "ER_DUP_ENTRY");
    tx.put("polls", key(id), { id, finalized_at: null, version: 1, ...given });
    return written(1, id);
  },
  "polls.clear_books": async (tx, { values: [id] }) => {
    const keyOf = (row: TableRow) => key(row.poll_id, row.producer);
    const found = await lockWhere(tx, "acceptances", keyOf, row => row.poll_id === id);
    for (const row of found) tx.remove("acceptances", keyOf(row));
    return written(found.length);
  },
  "polls.clear_letters": (tx, { values: [id] }) =>
    update(
      tx,
      "dead_letters",
      idOf,
      row => row.poll_id === id,
      () => ({ poll_id: null }),
    ),
  "former_slugs.take": (tx, { values: [slug] }) => {
    const found = tx.rows("former_slugs").filter(row => row.slug === slug);
    for (const row of found) tx.remove("former_slugs", key(row.slug));
    return written(found.length);
  },
  "polls.insert_totals": (tx, { values: [id] }) => {
    tx.put("poll_totals", key(id), emptyTotals(id as Cell));
    return written(1);
  },
  "polls.insert_options": (tx, { values }) => {
    for (let i = 0; i < values.length; i += 7) {
      const [poll_id, number, position, label, pinned, image_url, image_alt] = values.slice(
        i,
        i + 7,
      ) as [Cell, Cell, Cell, Cell, Cell, Cell, Cell];
      const row = { poll_id, number, position, label, pinned, image_url, image_alt };
      tx.put("options", key(poll_id, number), row);
    }
    return written(values.length / 7);
  },
  "polls.insert_option_totals": (tx, { values }) => {
    for (let i = 0; i < values.length; i += 2) {
      const [poll_id, option_number] = values.slice(i, i + 2) as [Cell, Cell];
      const row = { poll_id, option_number, measure: 0, votes: 0 };
      tx.put("option_totals", key(poll_id, option_number, 0), row);
    }
    return written(values.length / 2);
  },
  "polls.share": async (tx, { values }) => {
    const found: TableRow[] = [];
    for (const id of [...values].sort((a, b) => Number(a) - Number(b))) {
      await tx.lock("polls", key(id), "share");
      const row = tx.row("polls", key(id));
      if (row) found.push(asRead(row));
    }
    return found;
  },
  "polls.share_options": (tx, { values }) =>
    tx.rows("options").filter(row => values.includes(row.poll_id as Cell)),
  "polls.options": (tx, { values }) =>
    tx
      .rows("options")
      .filter(row => values.includes(row.poll_id as Cell))
      .sort(
        (a, b) => Number(a.poll_id) - Number(b.poll_id) || Number(a.position) - Number(b.position),
      ),
  "polls.creation": (tx, { values: [creation] }) =>
    polls(tx).filter(row => row.creation_key === creation),
  "polls.by_slug": (tx, { values: [slug] }) => polls(tx).filter(row => row.slug === slug),
  "polls.by_slugs": (tx, { values }) => polls(tx).filter(row => values.includes(row.slug as Cell)),
  "polls.by_id": (tx, { values }) => polls(tx).filter(row => values.includes(row.id as Cell)),
  "polls.lock": async (tx, { values: [slug] }) => {
    const id = polls(tx).find(row => row.slug === slug)?.id;
    if (id === undefined) return [];
    await tx.lock("polls", key(id));
    const row = tx.row("polls", key(id));
    return row ? [asRead(row)] : [];
  },
  "polls.ids": tx => polls(tx),
  "polls.listed": (tx, { values: [now, , since, limit] }) => {
    const part = (row: TableRow) =>
      at(row.opens_at) > at(now)
        ? 2
        : row.closes_at !== null && at(row.closes_at) <= at(now)
          ? 3
          : 1;
    const place = (row: TableRow) =>
      [at(row.opens_at) * -1, at(row.opens_at), at(row.closes_at) * -1][part(row) - 1] ?? 0;
    return polls(tx)
      .filter(row => row.listed === 1 && row.opens_at !== null)
      .filter(row => row.closes_at === null || at(row.closes_at) > at(since))
      .sort((a, b) => part(a) - part(b) || place(a) - place(b) || byIdDown(a, b))
      .slice(0, limit as number);
  },
  "polls.closing": (tx, { values: [now] }) =>
    polls(tx)
      .filter(row => row.finalized_at === null && at(row.closes_at) <= at(now))
      .sort((a, b) => at(a.closes_at) - at(b.closes_at)),
  "polls.counting": (tx, { values: [now] }) =>
    polls(tx)
      .filter(row => row.finalized_at === null && isOpened(at(now))(row))
      .sort(byIdDown),
  "polls.to_compare": (tx, { values: [finalSince, now] }) =>
    polls(tx)
      .filter(row => row.finalized_at === null || at(row.finalized_at) >= at(finalSince))
      .filter(isOpened(at(now)))
      .sort(byIdDown),
  "polls.ranked": (tx, { values: [finalSince, now] }) =>
    polls(tx)
      .filter(row => row.finalized_at === null || at(row.finalized_at) >= at(finalSince))
      .filter(row => row.kind === "ranked" && isOpened(at(now))(row))
      .sort(byIdDown),
  "polls.ranked_final": (tx, { values: [before, limit] }) =>
    polls(tx)
      .filter(row => row.kind === "ranked" && row.finalized_at !== null)
      .filter(row => (row.id as number) < (before as number))
      .sort(byIdDown)
      .slice(0, limit as number),
  "polls.not_final": tx => polls(tx).filter(row => row.finalized_at === null),
  "polls.changed": (tx, { values: [since] }) =>
    polls(tx)
      .filter(row => at(row.updated_at) >= at(since))
      .sort((a, b) => at(a.updated_at) - at(b.updated_at)),
  "polls.finalize": (tx, { values: [finalized, updated, id] }) =>
    update(
      tx,
      "polls",
      idOf,
      row => row.id === id && row.finalized_at === null,
      row => ({
        finalized_at: finalized as Date,
        updated_at: updated as Date,
        version: (row.version as number) + 1,
      }),
    ),
  "polls.note_secret": (tx, { values: [digest, at] }) =>
    update(
      tx,
      "polls",
      idOf,
      row => row.secret_digest === null,
      row => ({
        secret_digest: digest as string,
        version: (row.version as number) + (row.finalized_at === null ? 1 : 0),
        updated_at: row.finalized_at === null ? (at as Date) : (row.updated_at as Date),
      }),
    ),
  "polls.secrets": tx => {
    const bySecret = new Map<Cell, TableRow[]>();
    for (const row of polls(tx)) {
      if (row.finalized_at !== null) continue;
      const digest = row.secret_digest as Cell;
      bySecret.set(digest, [...(bySecret.get(digest) ?? []), row]);
    }
    return [...bySecret].map(([digest, rows]) => ({
      digest,
      polls: rows.length,
      slug: rows.map(({ slug }) => slug as string).sort()[0],
    }));
  },
  "site.restored": tx => tx.rows("site").filter(row => row.restored_at !== null),
  "site.gone_polls": tx => tx.rows("gone_polls").sort(byId),
  "reopenings.of": (tx, { values }) =>
    tx.rows("reopenings").filter(row => values.includes(row.poll_id as Cell)),
  "reopenings.complete": (tx, { values: [at, poll] }) =>
    update(
      tx,
      "reopenings",
      idOf,
      row => row.poll_id === poll && row.final_at === null,
      row => ({
        final_at: at as Date,
        ballots_after: tx.row("poll_totals", key(row.poll_id))?.ballots as number,
      }),
    ),
};
