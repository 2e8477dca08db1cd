/** The statements of the flush's transaction: checkpoints, batches, ballots, totals, acceptances. */
import { mysqlError } from "./errors.ts";
import {
  key,
  literalRows,
  literalsIn,
  lockWhere,
  type Statements,
  time,
  update,
  upsert,
  type Written,
  written,
} from "./statement.ts";
import type { Cell, TableRow } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

const epochOf = (row: TableRow) => key(row.epoch);
const isOpenCheckpoint = (row: TableRow) => row.closed_at === null;

/** As InnoDB gives them: in the order of the primary key. */
const byKey = (keyOf: (row: TableRow) => string) => (a: TableRow, b: TableRow) =>
  keyOf(a) < keyOf(b) ? -1 : 1;

/** Writes one column of a poll's totals: the value and the poll are the statement's. */
const settingTotal =
  (column: string): Statements[string] =>
  (tx, { values: [value, poll] }) =>
    update(
      tx,
      "poll_totals",
      row => key(row.poll_id),
      inPolls([poll as Cell]),
      () => ({
        [column]: value as number,
      }),
    );

export const checkpointStatements: Statements = {
  "checkpoints.open": tx => tx.rows("checkpoints").filter(isOpenCheckpoint).sort(byKey(epochOf)),
  "checkpoints.progress": tx => {
    const open = tx.rows("checkpoints").filter(isOpenCheckpoint).sort(byKey(epochOf));
    const generation = tx.row("site", "1")?.generation ?? null;
    return (open.length > 0 ? open : [{ epoch: null }]).map(row => ({ ...row, generation }));
  },
  "checkpoints.read": (tx, { values: [epoch] }) => rowsOf(tx.row("checkpoints", key(epoch))),
  "checkpoints.open_epoch": async (tx, { values }) => {
    const [epoch, server, queue, slot, deleted, opened, updated] = values as [string, ...Cell[]];
    const fresh = { epoch, server, queue, slot, deleted, missing_slots: 0, opened_at: opened };
    const row = { ...fresh, updated_at: updated, closed_at: null } as TableRow;
    return written(await upsert(tx, "checkpoints", key(epoch), row, () => ({})));
  },
  "checkpoints.skip": (tx, { values: [slot, deleted, at, epoch, from] }) =>
    update(
      tx,
      "checkpoints",
      epochOf,
      row => row.epoch === epoch && row.slot === from,
      () => ({ slot: slot as number, deleted: deleted as number, updated_at: at as Date }),
    ),
  "checkpoints.lock": (tx, { values: [epoch] }) => {
    const row = tx.row("checkpoints", key(epoch));
    return row && tx.tryLock("checkpoints", key(epoch)) ? [row] : [];
  },
  "checkpoints.move": (tx, { values: [slot, deleted, missing, at, epoch, to] }) =>
    update(
      tx,
      "checkpoints",
      epochOf,
      row => row.epoch === epoch && (row.slot as number) <= (to as number),
      row => ({
        slot: slot as number,
        deleted: deleted as number,
        missing_slots: (row.missing_slots as number) + (missing as number),
        updated_at: at as Date,
      }),
    ),
  "checkpoints.close": (tx, { values: [at, epoch] }) =>
    update(
      tx,
      "checkpoints",
      epochOf,
      row => row.epoch === epoch && isOpenCheckpoint(row),
      () => ({ closed_at: at as Date }),
    ),
};

const rowsOf = (row: TableRow | undefined): TableRow[] => (row ? [row] : []);
const batchId = (row: TableRow) => key(row.batch_id);

export const batchStatements: Statements = {
  "batches.known": (tx, { text }) =>
    literalsIn(text).flatMap(([id]) => rowsOf(tx.row("batches", key(id)))),
  "batches.insert": async (tx, { text }) => {
    const rows = literalRows(text);
    for (const [id, epoch, slot, ballots, committed] of rows) {
      await tx.lock("batches", key(id));
      if (tx.row("batches", key(id))) throw mysqlError(1062, "ER_DUP_ENTRY");
      const row = { batch_id: id, epoch, slot, ballots, committed_at: committed } as TableRow;
      tx.put("batches", key(id), row);
    }
    return written(rows.length);
  },
  "batches.prune": async (tx, { values: [before, limit] }) => {
    const isOld = (row: TableRow) => Number(time(row.committed_at)) < Number(time(before));
    const due = (await lockWhere(tx, "batches", batchId, isOld)).slice(0, limit as number);
    for (const row of due) tx.remove("batches", batchId(row));
    return written(due.length);
  },
};

const ballotKey = (row: TableRow) => key(row.poll_id, row.voter);

function ballotRow(cells: readonly Cell[]): TableRow {
  const [poll_id, voter, ballot_id, batch_id, revision, choices, received_at] = cells as [
    Cell,
    Cell,
    Cell,
    Cell,
    Cell,
    Cell,
    Cell,
  ];
  return { poll_id, voter, ballot_id, batch_id, revision, choices, received_at };
}

async function insertBallots(tx: Transaction, text: string, replace: boolean) {
  let affected = 0;
  for (const row of literalRows(text).map(ballotRow)) {
    const { poll_id, voter, ...others } = row;
    affected += await upsert(tx, "ballots", key(poll_id, voter), row, () =>
      replace ? others : {},
    );
  }
  return written(affected);
}

const ballotsOf = (tx: Transaction, poll: Cell | undefined) =>
  tx
    .rows("ballots")
    .filter(row => row.poll_id === poll)
    .sort(byKey(ballotKey));

export const ballotStatements: Statements = {
  "ballots.insert": (tx, { text }) => insertBallots(tx, text, false),
  "ballots.replace": (tx, { text }) => insertBallots(tx, text, true),
  "ballots.lock": async (tx, { text }) => {
    const found: TableRow[] = [];
    for (const [poll, voter] of literalsIn(text)) {
      await tx.lock("ballots", key(poll, voter));
      found.push(...rowsOf(tx.row("ballots", key(poll, voter))));
    }
    return found;
  },
  "ballots.after": (tx, { values: [poll, voter, limit] }) =>
    ballotsOf(tx, poll)
      .filter(row => Buffer.compare(row.voter as Buffer, voter as Buffer) > 0)
      .slice(0, limit as number),
  "ballots.voters": (tx, { text, values: [poll] }) =>
    literalsIn(text).flatMap(([voter]) => rowsOf(tx.row("ballots", key(poll, voter)))),
  "ballots.count": (tx, { values: [poll] }) => {
    const counts = new Map<string, { choices: Buffer; ballots: number }>();
    for (const { choices } of ballotsOf(tx, poll)) {
      const bytes = choices as Buffer;
      if (bytes.length === 0) continue;
      const group = counts.get(key(bytes)) ?? { choices: bytes, ballots: 0 };
      group.ballots += 1;
      counts.set(key(bytes), group);
    }
    return [...counts.values()];
  },
};

const outcomes = [
  "ballots",
  "duplicates",
  "repeated",
  "replaced",
  "withdrawn",
  "set_aside",
] as const;
const partKey = (row: TableRow) => key(row.poll_id, row.option_number, row.measure);

const inPolls = (ids: readonly Cell[]) => (row: TableRow) => ids.includes(row.poll_id as Cell);

export function emptyTotals(poll_id: Cell): TableRow {
  const zeros = Object.fromEntries([...outcomes, "lost"].map(column => [column, 0]));
  return { poll_id, ...zeros };
}

export const totalStatements: Statements = {
  "totals.add_polls": async (tx, { values }) => {
    for (let at = 0; at < values.length; at += 7) {
      const [poll, ...adds] = values.slice(at, at + 7) as number[];
      const sum = (row: TableRow) =>
        Object.fromEntries(
          outcomes.map((name, i) => [name, (row[name] as number) + (adds[i] ?? 0)]),
        );
      const fresh = { ...emptyTotals(poll as number), ...sum(emptyTotals(poll as number)) };
      await upsert(tx, "poll_totals", key(poll), fresh, sum);
    }
    return written(values.length / 7);
  },
  "totals.add_options": async (tx, { values }) => {
    for (let at = 0; at < values.length; at += 4) {
      const [poll_id, option_number, measure, votes] = values.slice(at, at + 4) as [
        number,
        number,
        number,
        number,
      ];
      const fresh = { poll_id, option_number, measure, votes };
      await upsert(tx, "option_totals", partKey(fresh), fresh, row => ({
        votes: (row.votes as number) + votes,
      }));
    }
    return written(values.length / 4);
  },
  "totals.polls": (tx, { values }) => tx.rows("poll_totals").filter(inPolls(values)),
  "totals.options": (tx, { values }) => tx.rows("option_totals").filter(inPolls(values)),
  "totals.outcomes": (tx, { values }) => tx.rows("poll_totals").filter(inPolls(values)),
  "totals.replace": settingTotal("ballots"),
  "totals.clear_options": (tx, { values }) =>
    update(tx, "option_totals", partKey, inPolls(values), () => ({ votes: 0 })),
  "totals.lost": settingTotal("lost"),
};

type Count = readonly [poll: number, producer: Buffer, ballots: number];

/** The accepted counts of the polls that exist, by number and by poll key if there is one. */
function acceptedIn(tx: Transaction, text: string): Count[] {
  const each =
    /SELECT (\d+) AS id, (\d+|NULL) AS poll_key, 0x(\w+) AS producer,\s+(\d+) AS ballots/g;
  const polls = new Map(tx.rows("polls").map(row => [row.id, String(row.poll_key ?? row.id)]));
  return [...text.matchAll(each)].flatMap(([, id, pollKey, producer = "", ballots]): Count[] => {
    const found = polls.get(Number(id));
    if (found === undefined || (pollKey !== "NULL" && pollKey !== found)) return [];
    return [[Number(id), Buffer.from(producer, "hex"), Number(ballots)]];
  });
}

async function raise(
  tx: Transaction,
  counts: readonly Count[],
  column: "accepted" | "arrived",
): Promise<Written> {
  let affected = 0;
  for (const [poll_id, producer, ballots] of counts) {
    const fresh = { poll_id, producer, accepted: 0, arrived: 0, [column]: ballots };
    affected += await upsert(tx, "acceptances", key(poll_id, producer), fresh, row => {
      const before = row[column] as number;
      return { [column]: column === "accepted" ? Math.max(before, ballots) : before + ballots };
    });
  }
  return written(affected);
}

export const bookStatements: Statements = {
  "acceptances.raise": (tx, { text }) => raise(tx, acceptedIn(tx, text), "accepted"),
  "acceptances.arrive": (tx, { text }) =>
    raise(tx, literalRows(text) as unknown as Count[], "arrived"),
  "acceptances.portion": (tx, { values: [before, limit] }) => {
    const ids = tx.rows("polls").map(row => row.id as number);
    const below = ids.filter(id => id < (before as number)).sort((a, b) => b - a);
    const portion = below.slice(0, limit as number);
    const [last = null, first = last] = [portion[0], portion.at(-1)];
    return [{ first, last, polls: portion.length }];
  },
  "acceptances.missing": (tx, { values: [first, last] }) =>
    tx.rows("polls").flatMap(poll => {
      const id = poll.id as number;
      if (id < (first as number) || id > (last as number)) return [];
      const rows = tx.rows("acceptances").filter(inPolls([id]));
      const missing = (row: TableRow) =>
        Math.max(0, (row.accepted as number) - (row.arrived as number));
      const sum = rows.reduce((all, row) => all + missing(row), 0);
      const lost = tx.row("poll_totals", key(id))?.lost ?? 0;
      if (poll.finalized_at !== null && lost === sum) return [];
      const found = rows.filter(row => missing(row) > 0);
      return found.map(row => ({ ...row, poll_key: poll.poll_key ?? poll.id }));
    }),
  "acceptances.sum": (tx, { values }) =>
    values.flatMap(poll_id => {
      const rows = tx.rows("acceptances").filter(inPolls([poll_id]));
      if (rows.length === 0) return [];
      const sum = (of: (row: TableRow) => number) => rows.reduce((all, row) => all + of(row), 0);
      const arrived = (row: TableRow) => row.arrived as number;
      const accepted = (row: TableRow) => Math.max(row.accepted as number, arrived(row));
      return [{ poll_id, accepted: sum(accepted), arrived: sum(arrived) }];
    }),
};
