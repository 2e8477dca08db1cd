/**
 * API tokens: `fg_` and 256 random bits. A token is shown once, when it is created. Only its SHA-256 is stored: a slow
 * hash is not needed for a random secret.
 */
import { createHash, randomBytes } from "node:crypto";
import { findTokenOwner, insertToken } from "../store/api-tokens.ts";
import type { Store } from "../store/database.ts";
import type { Editor } from "./named-editor.ts";

const prefix = "fg_";

const digestOf = (token: string): Buffer => createHash("sha256").update(token).digest();

/** Creates a token for an editor. The token can't be read again later. */
export async function createToken(
  store: Store,
  editor: Pick<Editor, "id">,
  name: string,
  nowMs: number,
): Promise<string> {
  const token = prefix + randomBytes(32).toString("base64url");
  await insertToken(store, { editorId: editor.id, name, digest: digestOf(token) }, nowMs);
  return token;
}

/** The editor of an `Authorization: Bearer` header with a valid token. Cost: one query. */
export async function editorOfToken(store: Store, headers: Headers): Promise<Editor | undefined> {
  const [scheme, token] = headers.get("authorization")?.split(" ") ?? [];
  if (scheme?.toLowerCase() !== "bearer" || !token?.startsWith(prefix)) return undefined;
  return findTokenOwner(store, digestOf(token));
}
