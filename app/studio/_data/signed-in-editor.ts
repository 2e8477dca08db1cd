/** Who is signed in, for pages and actions of the studio. Every one of them asks here. */
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import type { Editor } from "#lib/editors/auth.ts";
import { getFront } from "#lib/web/front.ts";

export async function signedInEditor(): Promise<Editor | undefined> {
  const auth = await getFront().auth();
  return auth.editorOf(await headers());
}

/** The editor who is signed in; anybody else is sent to the sign-in page. */
export async function requireSignIn(): Promise<Editor> {
  return (await signedInEditor()) ?? redirect("/studio/sign-in");
}
