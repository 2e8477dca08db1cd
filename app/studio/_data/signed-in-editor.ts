/** The session check: every page and action of the studio calls it first. */
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import type { Editor } from "#lib/editors/named-editor.ts";
import { getFront } from "#lib/web/front.ts";
import { pathHeader, signInPath } from "./return-path.ts";

/** Asked once for each request. */
export const signedInEditor = cache(async (): Promise<Editor | undefined> => {
  const auth = await getFront().auth();
  return auth.editorOf(await headers());
});

/** The signed-in editor. Without a session, redirects to the sign-in page, which leads back to this one. */
export async function requireSignIn(): Promise<Editor> {
  const editor = await signedInEditor();
  return editor ?? redirect(signInPath((await headers()).get(pathHeader) ?? ""));
}
