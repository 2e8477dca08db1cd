"use client";

import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useActionState } from "react";
import type { FormState } from "../actions.ts";
import { Button, buttonClass } from "./button.tsx";

interface ReopenCountProps {
  readonly slug: string;
  readonly action: (state: FormState, form: FormData) => Promise<FormState>;
}

/** Reopens the count of a final poll; asks for the reason that readers will see. */
export function ReopenCount({ slug, action }: ReopenCountProps) {
  const [state, submit, busy] = useActionState(action, {});
  const problem = state.problem ?? state.problems?.reason;
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger className={buttonClass("quiet")}>Count late votes…</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 bg-ink/40" />
        <AlertDialog.Popup className="fixed top-1/2 left-1/2 w-[min(32rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 rounded border border-hair bg-card p-5 text-ink">
          <AlertDialog.Title className="font-serif text-xl font-semibold">
            Count the late votes?
          </AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-soft">
            Votes that readers cast before the poll closed, and that reached the count too late, are
            added. The poll stays closed. The published result may change, and readers see when and
            why.
          </AlertDialog.Description>
          <form action={submit} className="mt-4 flex flex-col gap-4">
            <input type="hidden" name="slug" value={slug} />
            <label className="flex flex-col gap-1">
              <span className="text-sm font-semibold">Reason, for readers</span>
              <textarea
                name="reason"
                required
                rows={3}
                maxLength={300}
                aria-invalid={problem !== undefined}
                aria-describedby={problem === undefined ? undefined : "reopen-problem"}
                className="w-full rounded border border-mark bg-paper p-2"
              />
            </label>
            {problem && (
              <p id="reopen-problem" role="alert" className="text-sm text-bad">
                {problem}
              </p>
            )}
            <div className="flex flex-wrap justify-end gap-3">
              <AlertDialog.Close className={buttonClass("quiet")}>Cancel</AlertDialog.Close>
              <Button type="submit" variant="primary" disabled={busy}>
                Count late votes
              </Button>
            </div>
          </form>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
