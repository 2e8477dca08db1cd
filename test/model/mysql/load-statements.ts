/** The fake MySQL's LOAD DATA LOCAL and what surrounds it: savepoints, and the variables that say whether it is possible. */
import { mysqlError } from "./errors.ts";
import { key, type Statements } from "./statement.ts";
import type { Cell, TableRow } from "./tables.ts";

const [tab, newline, backslash] = [0x09, 0x0a, 0x5c];

/** The fields of each line, without their escapes. */
function fieldsOf(bytes: Buffer): Buffer[][] {
  const lines: Buffer[][] = [];
  let line: Buffer[] = [];
  let field: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] as number;
    if (byte === tab || byte === newline) {
      line.push(Buffer.from(field));
      field = [];
      if (byte === newline) {
        lines.push(line);
        line = [];
      }
      continue;
    }
    if (byte === backslash) {
      at += 1;
      byte = bytes[at] as number;
      if (byte === 0x30) byte = 0;
    }
    field.push(byte);
  }
  return lines;
}

function ballotRow(fields: readonly Buffer[]): TableRow {
  const [poll, voter, ballot_id, batch_id, revision, choices, received] = fields as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const received_at = new Date(`${received.toString().replace(" ", "T")}Z`);
  const numbers = { poll_id: Number(poll), revision: Number(revision) };
  return { ...numbers, voter, ballot_id, batch_id, choices, received_at };
}

const variable = (name: string, value: string) => ({ Variable_name: name, Value: value });

export const loadStatements: Statements = {
  "ballots.load_support": (_, { server }) => [
    variable("local_infile", server.localInfile ? "ON" : "OFF"),
    variable("log_bin", "OFF"),
    variable("binlog_format", "MIXED"),
  ],
  "ballots.savepoint": tx => {
    tx.savepoint();
    return { affectedRows: 0, insertId: 0 };
  },
  "ballots.unload": tx => {
    if (!tx.rollbackToSavepoint()) throw mysqlError(1305, "ER_SP_DOES_NOT_EXIST");
    return { affectedRows: 0, insertId: 0 };
  },
  "ballots.load": async (tx, { loaded, server }) => {
    if (!server.localInfile) throw mysqlError(3948, "ER_CLIENT_LOCAL_FILES_DISABLED");
    let affectedRows = 0;
    let warningStatus = 0;
    for (const row of fieldsOf(loaded ?? Buffer.alloc(0)).map(ballotRow)) {
      const rowKey = key(row.poll_id as Cell, row.voter as Cell);
      await tx.lock("ballots", rowKey);
      const isRefused = server.refusedVoters.has((row.voter as Buffer).toString("hex"));
      if (isRefused || tx.row("ballots", rowKey)) {
        warningStatus += 1;
        continue;
      }
      tx.put("ballots", rowKey, row);
      affectedRows += 1;
    }
    return { affectedRows, insertId: 0, warningStatus };
  },
};
