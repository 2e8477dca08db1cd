"use client";

import DeskError from "./(desk)/error.tsx";

/** The session could not be read, so no studio page can be shown. */
export default function StudioError(failure: { error: Error; reset: () => void }) {
  return (
    <main className="mx-auto max-w-3xl px-4 py-10">
      <DeskError {...failure} />
    </main>
  );
}
