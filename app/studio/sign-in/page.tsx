import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getFront } from "#lib/web/front.ts";
import { signedInEditor } from "../_data/signed-in-editor.ts";
import { SignInForm } from "./sign-in-form.tsx";

export const metadata: Metadata = { title: "Sign in" };

export default async function SignInPage() {
  if (await signedInEditor()) redirect("/studio");
  const { config } = getFront();
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-4 py-10">
      <p className="text-sm text-soft">{config.siteName}</p>
      <h1 className="mb-6 font-serif text-3xl font-semibold">Studio</h1>
      <SignInForm studio={`${config.publicUrl}/studio`} />
    </main>
  );
}
