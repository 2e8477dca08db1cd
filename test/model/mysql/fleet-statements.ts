/** The statements of the fleet record: the table `processes`. */
import { key, type Statements, time, update, upsert, written } from "./statement.ts";
import type { Cell, TableRow } from "./tables.ts";

const idOf = (row: TableRow) => key(row.id);
const isRunning = (row: TableRow) => row.ended_at === null && row.gone_at === null;
const at = (cell: Cell | undefined): number => time(cell) ?? Number.NaN;
const second = 1_000;

const byStart = (a: TableRow, b: TableRow) =>
  at(a.started_at) - at(b.started_at) || (idOf(a) < idOf(b) ? -1 : 1);

export const fleetStatements: Statements = {
  "processes.report": (tx, { values: [held, ahead, settings, step, id] }) =>
    update(
      tx,
      "processes",
      idOf,
      row => idOf(row) === key(id) && isRunning(row),
      () => ({
        seen_at: new Date(tx.nowMs),
        held_since: held as Date | null,
        clock_ahead_ms: ahead as number,
        settings: settings as string,
        server_step: step as string | null,
        missing_since: null,
      }),
    ),
  "processes.register": async (tx, { values }) => {
    const now = new Date(tx.nowMs);
    const [id, role, home, homes, machine, pid, pid_space, version, settings, ...changing] =
      values as [Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell, ...Cell[]];
    const [ahead, held, server_wish, server_step] = changing as [Cell, Cell, Cell, Cell];
    const who = { id, role, home, homes, machine, pid, pid_space, version, settings };
    const fresh: TableRow = {
      ...who,
      clock_ahead_ms: ahead,
      started_at: now,
      seen_at: now,
      held_since: held,
      server_wish,
      server_step,
      missing_since: null,
      missing_checked_at: null,
      ended_at: null,
      gone_at: null,
    };
    const again = {
      seen_at: now,
      held_since: held,
      missing_since: null,
      ended_at: null,
      gone_at: null,
      server_step,
    };
    return written(await upsert(tx, "processes", key(id), fresh, () => again));
  },
  "processes.list": (tx, { values: [seconds] }) =>
    tx
      .rows("processes")
      .filter(row => row.ended_at === null)
      .filter(row => at(row.seen_at) >= tx.nowMs - (seconds as number) * second)
      .sort(byStart),
  "processes.settings": tx =>
    tx.rows("processes").filter(row => row.role === "front" && isRunning(row)),
  "processes.shared": tx => {
    const homes = tx
      .rows("processes")
      .map(row => Math.max(row.homes as number, row.home === null ? 0 : (row.home as number) + 1));
    const generation = tx.row("site", "1")?.generation ?? null;
    return [{ homes: homes.length > 0 ? Math.max(...homes) : null, generation }];
  },
  "processes.end": (tx, { values }) => {
    const ids = values.map(id => key(id));
    const isNamed = (row: TableRow) => ids.includes(idOf(row)) && row.ended_at === null;
    return update(tx, "processes", idOf, isNamed, () => ({ ended_at: new Date(tx.nowMs) }));
  },
  "processes.in_space": (tx, { values: [space] }) =>
    tx.rows("processes").filter(row => row.ended_at === null && row.pid_space === space),
  "processes.missing": (tx, { values: [looked, silent] }) => {
    const now = new Date(tx.nowMs);
    const isSilent = (row: TableRow) =>
      row.role === "front" &&
      isRunning(row) &&
      at(row.seen_at) < tx.nowMs - (silent as number) * second;
    return update(tx, "processes", idOf, isSilent, row => {
      const lapsed = at(row.missing_checked_at) < tx.nowMs - (looked as number) * second;
      const since = row.missing_since === null || lapsed ? now : (row.missing_since as Date);
      return { missing_since: since, missing_checked_at: now };
    });
  },
  "processes.list_missing": tx =>
    tx.rows("processes").filter(row => isRunning(row) && row.missing_since !== null),
  "processes.gone": (tx, { values: [id, microseconds] }) =>
    update(
      tx,
      "processes",
      idOf,
      row =>
        idOf(row) === key(id) &&
        isRunning(row) &&
        at(row.missing_since) <= tx.nowMs - (microseconds as number) / 1_000,
      () => ({ gone_at: new Date(tx.nowMs) }),
    ),
  "processes.holding": (tx, { values: [closes, ended, gone] }) =>
    tx.rows("processes").filter(row => {
      if (row.role !== "front") return false;
      const holds = isRunning(row) && at(row.held_since) <= at(closes);
      return holds || at(row.ended_at) >= at(ended) || at(row.gone_at) >= at(gone);
    }),
  "processes.unknown": (tx, { values: [poll] }) => {
    const unknown = tx
      .rows("acceptances")
      .filter(row => row.poll_id === poll && !tx.row("processes", key(row.producer)));
    return [{ fronts: unknown.length }];
  },
  "processes.prunable": (tx, { values: [days, limit] }) => {
    const before = tx.nowMs - (days as number) * 86_400 * second;
    const open = tx.rows("polls").filter(row => row.finalized_at === null);
    const ids = new Set(open.map(row => row.id));
    const counts = tx.rows("acceptances").filter(row => ids.has(row.poll_id as number));
    const needed = new Set(counts.map(row => key(row.producer)));
    const due = tx.rows("processes").filter(row => at(row.ended_at ?? row.gone_at) < before);
    return due.filter(row => !needed.has(idOf(row))).slice(0, limit as number);
  },
  "processes.prune": (tx, { values }) => {
    const before = tx.nowMs - (values.at(-1) as number) * 86_400 * second;
    const ids = new Set(values.slice(0, -1).map(id => key(id)));
    const due = tx.rows("processes").filter(row => ids.has(idOf(row)));
    const old = due.filter(row => at(row.ended_at ?? row.gone_at) < before);
    for (const row of old) tx.remove("processes", idOf(row));
    return written(old.length);
  },
};
