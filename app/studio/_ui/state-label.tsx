import { clsx } from "clsx";
import type { PollState } from "#lib/model/poll-state.ts";

const tones: Readonly<Record<PollState, string>> = {
  draft: "border-hair text-soft",
  scheduled: "border-mark text-ink",
  open: "border-accent text-accent",
  closing: "border-warn text-warn",
  final: "border-ink bg-ink text-card",
};

/** A poll's state, in words and colour. */
export function StateLabel({ state, children }: { state: PollState; children: string }) {
  return (
    <span
      className={clsx(
        "inline-block rounded-[2px] border px-2 py-1 text-xs leading-tight font-semibold",
        tones[state],
      )}
    >
      {children}
    </span>
  );
}
