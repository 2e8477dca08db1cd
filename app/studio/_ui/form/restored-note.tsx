"use client";

import type { TextControl } from "./use-form-text.ts";

const sameDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const otherDay = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** A moment by the device's clock and zone. */
function sayWhen(ms: number): string {
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return (isToday ? sameDay : otherDay).format(ms);
}

const linkClass = "min-h-11 text-accent underline underline-offset-4";

/** Says that the form shows unsaved text of earlier, or offers what another tab has kept. */
export function RestoredNote({
  control: { text, otherTab, ...control },
  onDiscard,
}: {
  control: TextControl;
  onDiscard: () => void;
}) {
  if (text.restoredAtMs !== undefined) {
    return (
      <Note>
        <span role="status">Restored what you typed at {sayWhen(text.restoredAtMs)}</span>
        <span aria-hidden="true">·</span>
        <button
          type="button"
          className={linkClass}
          onClick={() => {
            control.discard();
            onDiscard();
          }}
        >
          Discard
        </button>
      </Note>
    );
  }
  if (!otherTab) return null;
  return (
    <Note>
      <span role="status">
        You typed in this form in another tab at {sayWhen(otherTab.text.atMs)} and did not save it
      </span>
      <button type="button" className={linkClass} onClick={control.takeOtherTab}>
        Show it here
      </button>
      <button type="button" className={linkClass} onClick={control.dropOtherTab}>
        Delete it
      </button>
    </Note>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return (
    <p className="mb-4 flex flex-wrap items-center gap-x-3 border-l-4 border-warn pl-3 text-sm">
      {children}
    </p>
  );
}
