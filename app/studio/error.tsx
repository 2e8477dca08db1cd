"use client";

import DeskError from "./(desk)/error.tsx";

/** Not even who is signed in can be found out. */
export default function StudioError(failure: { error: Error; reset: () => void }) {
  return (
    <main className="mx-auto max-w-3xl px-4 py-10">
      <DeskError {...failure} />
    </main>
  );
}
