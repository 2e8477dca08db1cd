/**
 * Editors as operators manage them. The sign-in library reads and writes the same tables (`lib/editors/auth.ts`).
 *
 * Invariant: a site that has an admin keeps one. Only `removeEditor` deletes editors, and nothing takes a role away.
 */
import type { Database, Row, Store } from "./database.ts";

/** An admin may manage other editors. */
export type EditorRole = "admin" | "editor";

export interface ListedEditor {
  readonly email: string;
  readonly name: string;
  readonly role: EditorRole;
  /** False until the editor has set a password. */
  readonly hasPassword: boolean;
  readonly tokens: number;
}

interface EditorRow extends Row {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: EditorRole;
}

interface ListedRow extends EditorRow {
  readonly passwords: number;
  readonly tokens: number;
}

/** All editors, by their addresses. One query. */
export async function listEditors(db: Database): Promise<ListedEditor[]> {
  const rows = await db.rows<ListedRow>(
    "editors.list",
    `SELECT id, email, name, role,
       (SELECT COUNT(*) FROM editor_accounts WHERE editor_id = editors.id AND password IS NOT NULL) AS passwords,
       (SELECT COUNT(*) FROM api_tokens WHERE editor_id = editors.id) AS tokens
     FROM editors ORDER BY email`,
  );
  return rows.map(({ email, name, role, passwords, tokens }) => ({
    email,
    name,
    role,
    hasPassword: Number(passwords) > 0,
    tokens: Number(tokens),
  }));
}

/** The editor with an address in lower case. One query. */
export async function findEditor(
  db: Database,
  email: string,
): Promise<{ readonly id: string; readonly email: string } | undefined> {
  const rows = await db.rows<EditorRow>(
    "editors.find",
    "SELECT id, email FROM editors WHERE email = ?",
    [email],
  );
  return rows[0] && { id: rows[0].id, email: rows[0].email };
}

/** True when the site has an admin. One query. */
export async function hasAdmin(db: Database): Promise<boolean> {
  const rows = await db.rows(
    "editors.admin",
    "SELECT id FROM editors WHERE role = 'admin' LIMIT 1",
  );
  return rows.length > 0;
}

/**
 * Removes an editor, with sessions, API tokens and links, unless it is the last admin. One transaction, which locks all
 * admins: of two that remove the last two, the second one sees what the first one did.
 */
export function removeEditor(
  store: Store,
  email: string,
): Promise<"removed" | "unknown" | "last_admin"> {
  return store.transaction(async db => {
    const rows = await db.rows<EditorRow>(
      "editors.lock_admins",
      "SELECT id, email, role FROM editors WHERE role = 'admin' OR email = ? ORDER BY id FOR UPDATE",
      [email],
    );
    const editor = rows.find(each => each.email === email);
    if (!editor) return "unknown";
    const admins = rows.filter(({ role }) => role === "admin");
    if (editor.role === "admin" && admins.length === 1) return "last_admin";
    await db.write("editors.delete_links", "DELETE FROM editor_verifications WHERE value = ?", [
      editor.id,
    ]);
    await db.write("editors.delete", "DELETE FROM editors WHERE id = ?", [editor.id]);
    return "removed";
  });
}
