"use client";

import { Button } from "../_ui/button.tsx";

/** A page failed, most likely because MySQL is away. Voting works without MySQL, and the page says so. */
export default function DeskError({ reset }: { error: Error; reset: () => void }) {
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h1 className="font-serif text-2xl font-semibold">This page can’t be loaded right now</h1>
      <p className="mt-2 text-soft">
        The database is probably unreachable. Readers can keep voting, and no vote is lost. Try
        again in a moment.
      </p>
      <Button onClick={reset} className="mt-4">
        Try again
      </Button>
    </section>
  );
}
