import Link from "next/link";
import type { ReactNode } from "react";
import { requireSignIn } from "../_data/signed-in-editor.ts";
import { Announced } from "../_ui/form/announced.tsx";
import { SignOut } from "../_ui/sign-out.tsx";

export default async function DeskLayout({ children }: { children: ReactNode }) {
  const editor = await requireSignIn();
  return (
    <>
      <a
        href="#main"
        className="absolute -left-full p-2 focus:left-4 focus:top-2 focus:bg-card focus:text-accent"
      >
        Skip to content
      </a>
      <header className="border-b border-hair bg-card">
        <div className="mx-auto flex min-h-14 max-w-6xl flex-wrap items-center gap-x-6 px-4">
          <Link
            href="/studio"
            className="flex min-h-11 items-center font-serif text-lg font-semibold"
          >
            Studio
          </Link>
          <a href="/" className="flex min-h-11 items-center text-sm underline underline-offset-4">
            Public page
          </a>
          <span className="ml-auto hidden text-sm text-soft sm:inline">{editor.email}</span>
          <SignOut editor={editor.id} />
        </div>
      </header>
      <main id="main" className="mx-auto max-w-6xl px-4 py-6">
        <Announced />
        <noscript>
          <p className="mb-4 border-l-4 border-warn pl-3">
            Without JavaScript the studio only saves drafts. To open, schedule, close or delete a
            poll, turn JavaScript on.
          </p>
        </noscript>
        {children}
      </main>
    </>
  );
}
