/** The session check: every page and action of the studio calls it first. */
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import type { Editor } from "#lib/editors/auth.ts";
import { getFront } from "#lib/web/front.ts";

export async function signedInEditor(): Promise<Editor | undefined> {
  const auth = await getFront().auth();
  return auth.editorOf(await headers());
}

/** The signed-in editor. Without a session, redirects to the sign-in page. */
export async function requireSignIn(): Promise<Editor> {
  return (await signedInEditor()) ?? redirect("/studio/sign-in");
}
