"use client";

import { Button } from "../_ui/button.tsx";

/** Something of ours failed: most likely MySQL is away. Voting does not need it, so say so. */
export default function DeskError({ reset }: { error: Error; reset: () => void }) {
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h1 className="font-serif text-2xl font-semibold">The studio can’t show this right now</h1>
      <p className="mt-2 text-soft">
        Most likely the database can’t be reached. Readers can go on voting meanwhile, and no vote
        is lost.
      </p>
      <Button onClick={reset} className="mt-4">
        Try again
      </Button>
    </section>
  );
}
