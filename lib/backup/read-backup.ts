/**
 * Reads a backup as it is loaded, and checks it: the format of each line, the number of rows of each table, and the
 * SHA-256 at the end. So nothing that was read may be used before the last line has been.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import {
  type BackupHeader,
  type Cell,
  formatVersion,
  LineHash,
  type TableHeader,
} from "./backup-format.ts";

/** It is no backup, or not the whole of one; the message says what is wrong. */
export class DamagedBackup extends Error {}

export type BackupPart =
  | { readonly header: BackupHeader }
  | { readonly table: TableHeader }
  | { readonly row: readonly Cell[] };

/** Far more than a row has. */
const lineBytesMax = 64 * 1024 * 1024;

const names = z.array(z.string().regex(/^\w+$/));
const headerSchema = z.object({
  floodgateBackup: z.int(),
  version: z.string(),
  at: z.iso.datetime(),
  generation: z.string(),
  migrations: z.array(z.string()),
});
const tableSchema = z.object({
  table: z.string().regex(/^\w+$/),
  columns: names,
  binary: names,
  nextNumber: z.string().regex(/^\d+$/).optional(),
});
const endSchema = z.object({
  end: z.literal(true),
  rows: z.record(z.string(), z.int()),
  sha256: z.string(),
});
const rowSchema = z.array(z.string().nullable());

/**
 * The parts of a backup, in order. Ends only when the backup is whole and unchanged.
 *
 * @throws DamagedBackup; an error of the source.
 */
export async function* readBackup(bytes: AsyncIterable<Buffer>): AsyncGenerator<BackupPart> {
  const hash = new LineHash();
  let table: TableHeader | undefined;
  let header: BackupHeader | undefined;
  let ended = false;
  for await (const line of linesOf(bytes)) {
    if (ended) throw new DamagedBackup("the backup goes on after its end");
    const value = parse(line);
    if (!header) {
      header = read(headerSchema, value, "the file is no backup of Floodgate");
      if (header.floodgateBackup !== formatVersion) {
        throw new DamagedBackup(
          `the backup has format ${header.floodgateBackup}, which is unknown`,
        );
      }
      yield { header };
    } else if (Array.isArray(value)) {
      const row = read(rowSchema, value, "a row of the backup is damaged");
      if (row.length !== table?.columns.length) {
        throw new DamagedBackup("a row of the backup has too many values, or too few");
      }
      hash.rows[table.table] = (hash.rows[table.table] ?? 0) + 1;
      yield { row };
    } else if (isObject(value) && "end" in value) {
      checkEnd(read(endSchema, value, "the end of the backup is damaged"), hash);
      ended = true;
    } else {
      table = read(tableSchema, value, "a line of the backup is damaged") as TableHeader;
      hash.rows[table.table] ??= 0;
      yield { table };
    }
    if (!ended) hash.add(`${line}\n`);
  }
  if (!ended) throw new DamagedBackup("the backup is truncated");
}

function checkEnd({ rows, sha256 }: z.infer<typeof endSchema>, hash: LineHash): void {
  const found = hash.end();
  const tables = new Set([...Object.keys(rows), ...Object.keys(found.rows)]);
  const differs = [...tables].find(name => rows[name] !== found.rows[name]);
  if (differs !== undefined) {
    throw new DamagedBackup(`the backup's table ${differs} has rows too many, or too few`);
  }
  if (sha256 !== found.sha256) throw new DamagedBackup("the backup was altered after it was made");
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new DamagedBackup("a line of the backup is damaged");
  }
}

function read<T>(schema: z.ZodType<T>, value: unknown, otherwise: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new DamagedBackup(otherwise);
  return parsed.data;
}

/** The lines of the compressed text. */
async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const gunzip = createGunzip();
  gunzip.setEncoding("utf8");
  // Its error is the one that the loop below gets.
  const fed = pipeline(Readable.from(bytes), gunzip).catch(() => {});
  let rest = "";
  try {
    for await (const text of gunzip as AsyncIterable<string>) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > lineBytesMax) throw new DamagedBackup("a line of the backup has no end");
      yield* lines;
    }
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "Z_BUF_ERROR") throw new DamagedBackup("the backup is truncated");
    if (!code?.startsWith("Z_")) throw error;
    const unpacked = rest === "" ? "; if it is encrypted, decrypt it first" : "";
    throw new DamagedBackup(`the file is no backup of Floodgate, or damaged${unpacked}`);
  }
  await fed;
  if (rest !== "") throw new DamagedBackup("the backup is truncated");
}
