import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getFront } from "#lib/web/front.ts";
import { returnPath } from "../_data/return-path.ts";
import { signedInEditor } from "../_data/signed-in-editor.ts";
import { SignInForm } from "./sign-in-form.tsx";

export const metadata: Metadata = { title: "Sign in" };

interface Props {
  readonly searchParams: Promise<{ readonly next?: string | readonly string[] }>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { next } = await searchParams;
  const to = returnPath(typeof next === "string" ? next : undefined);
  if (await signedInEditor()) redirect(to);
  const { config } = getFront();
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-4 py-10">
      <p className="text-sm text-soft">{config.siteName}</p>
      <h1 className="mb-6 font-serif text-3xl font-semibold">Studio</h1>
      {next !== undefined && (
        <p className="mb-4 border-l-4 border-warn pl-3 text-sm">
          Sign in to go on where you were. What you have typed is kept on this device.
        </p>
      )}
      <SignInForm studio={`${config.publicUrl}/studio`} next={to} />
    </main>
  );
}
