/** API tokens: the table `api_tokens`. Only digests are stored. */
import type { Database, Row } from "./database.ts";

interface TokenRow extends Row {
  readonly editor_id: string;
  readonly name: string;
  readonly email: string;
}

/** The editor who owns the token with this SHA-256 digest. One query. */
export async function findTokenOwner(
  db: Database,
  digest: Buffer,
): Promise<{ id: string; name: string; email: string } | undefined> {
  const rows = await db.rows<TokenRow>(
    "api_tokens.owner",
    `SELECT editor_id, editors.name, email FROM api_tokens JOIN editors ON editors.id = editor_id
     WHERE digest = ?`,
    [digest],
  );
  const row = rows[0];
  return row && { id: row.editor_id, name: row.name, email: row.email };
}

export async function insertToken(
  db: Database,
  token: { readonly editorId: string; readonly name: string; readonly digest: Buffer },
  nowMs: number,
): Promise<void> {
  await db.write(
    "api_tokens.insert",
    "INSERT INTO api_tokens (editor_id, name, digest, created_at) VALUES (?, ?, ?, ?)",
    [token.editorId, token.name, token.digest, new Date(nowMs)],
  );
}

export interface ListedToken {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly createdAtMs: number;
}

interface ListedRow extends TokenRow {
  readonly id: number;
  readonly created_at: Date;
}

/** All tokens, the oldest first. One query. */
export async function listTokens(db: Database): Promise<ListedToken[]> {
  const rows = await db.rows<ListedRow>(
    "api_tokens.list",
    `SELECT api_tokens.id, api_tokens.name, api_tokens.created_at, email
     FROM api_tokens JOIN editors ON editors.id = editor_id ORDER BY api_tokens.id`,
  );
  return rows.map(({ id, email, name, created_at }) => ({
    id,
    email,
    name,
    createdAtMs: created_at.getTime(),
  }));
}

/** True when there was such a token. */
export async function deleteToken(db: Database, id: number): Promise<boolean> {
  const { affectedRows } = await db.write(
    "api_tokens.delete",
    "DELETE FROM api_tokens WHERE id = ?",
    [id],
  );
  return affectedRows > 0;
}
