/** Where a one-time link leads: an editor sets a password and is signed in. Looking at the page does not use the link. */
import type { Metadata } from "next";
import Link from "next/link";
import { passwordLengthMax, passwordLengthMin } from "#lib/editors/password-length.ts";
import { getFront } from "#lib/web/front.ts";
import { SetPasswordForm } from "./set-password-form.tsx";

export const metadata: Metadata = { title: "Set a password" };

interface Props {
  readonly searchParams: Promise<{ readonly token?: string | readonly string[] }>;
}

export default async function SetPasswordPage({ searchParams }: Props) {
  const { token } = await searchParams;
  const { config, auth } = getFront();
  const owner =
    typeof token === "string" ? await (await auth()).passwordLinks.ownerOf(token) : undefined;
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-4 py-10">
      <p className="text-sm text-soft">{config.siteName} · Studio</p>
      {owner && typeof token === "string" ? (
        <>
          <h1 className="mb-6 font-serif text-3xl font-semibold">Set your password</h1>
          <SetPasswordForm
            email={owner.email}
            token={token}
            lengthMin={passwordLengthMin}
            lengthMax={passwordLengthMax}
            studio={`${config.publicUrl}/studio`}
          />
        </>
      ) : (
        <DeadLink />
      )}
    </main>
  );
}

function DeadLink() {
  return (
    <>
      <h1 className="mb-4 font-serif text-3xl font-semibold">This link no longer works</h1>
      <p className="mb-4">
        A link works once, for 24 hours, and a newer one replaces it. If you have set your password,{" "}
        <Link href="/studio/sign-in">sign in</Link>.
      </p>
      <p className="text-soft">
        Otherwise ask the operator of this site for a new link, which is made with{" "}
        <code className="text-sm">floodgate editor reset</code> and your email address.
      </p>
    </>
  );
}
