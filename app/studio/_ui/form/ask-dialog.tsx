"use client";

import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useState } from "react";
import type { Ask } from "../../_data/form-state.ts";
import { Button, buttonClass } from "../button.tsx";

export const backdropClass = "fixed inset-0 bg-ink/40";
export const popupClass =
  "fixed top-1/2 left-1/2 max-h-[calc(100dvh-2rem)] w-[min(32rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded border border-hair bg-card p-5 text-ink";

interface AskDialogProps {
  readonly ask: Ask;
  readonly problem: string | undefined;
  readonly busy: boolean;
  /** @param typedText - what the editor typed to confirm. */
  readonly onConfirm: (typedText: string) => void;
  readonly onCancel: () => void;
}

/** Asks about an act that can't be taken back. Cancel has the focus first; Escape cancels. */
export function AskDialog({ ask, problem, busy, onConfirm, onCancel }: AskDialogProps) {
  const [typed, setTyped] = useState("");
  const matches =
    ask.typeText === undefined || typed.trim().toLowerCase() === ask.typeText.toLowerCase();
  return (
    <AlertDialog.Root open onOpenChange={open => open || onCancel()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdropClass} />
        <AlertDialog.Popup className={popupClass}>
          <AlertDialog.Title className="font-serif text-xl font-semibold">
            {ask.title}
          </AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-soft">
            {ask.consequence}
          </AlertDialog.Description>
          <form
            className="mt-4 flex flex-col gap-4"
            onSubmit={event => {
              event.preventDefault();
              if (matches) onConfirm(typed);
            }}
          >
            {ask.typeText !== undefined && (
              <label className="flex flex-col gap-1">
                <span className="text-sm">
                  Type <strong className="[overflow-wrap:anywhere]">{ask.typeText}</strong> to
                  confirm
                </span>
                <input
                  value={typed}
                  onChange={event => setTyped(event.currentTarget.value)}
                  autoComplete="off"
                  autoCapitalize="none"
                  spellCheck={false}
                  className="min-h-11 w-full rounded-[3px] border border-mark bg-paper px-3 text-base"
                />
              </label>
            )}
            {problem && (
              <p role="alert" className="text-sm text-bad">
                {problem}
              </p>
            )}
            <div className="flex flex-wrap justify-end gap-3">
              <AlertDialog.Close className={buttonClass("quiet")}>Cancel</AlertDialog.Close>
              <Button
                type="submit"
                variant={ask.isDanger ? "danger" : "primary"}
                disabled={!matches || busy}
              >
                {ask.label}
              </Button>
            </div>
          </form>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
