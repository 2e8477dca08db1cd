/**
 * API tokens: `fg_` and 256 random bits. They are shown once, when made; what is stored is their SHA-256,
 * which is enough for a secret that nobody can guess.
 */
import { createHash, randomBytes } from "node:crypto";
import { findTokenOwner, insertToken } from "../store/api-tokens.ts";
import type { Store } from "../store/database.ts";
import type { Editor } from "./auth.ts";

const prefix = "fg_";

const digestOf = (token: string): Buffer => createHash("sha256").update(token).digest();

/** Makes a token for an editor and gives it, this once. */
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

/** The editor of an `Authorization: Bearer` header, if it has a token that we made. One query. */
export async function editorOfToken(store: Store, headers: Headers): Promise<Editor | undefined> {
  const [scheme, token] = headers.get("authorization")?.split(" ") ?? [];
  if (scheme?.toLowerCase() !== "bearer" || !token?.startsWith(prefix)) return undefined;
  return findTokenOwner(store, digestOf(token));
}
