"use client";

import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useActionState } from "react";
import type { FormState } from "../actions.ts";
import { Button, buttonClass } from "./button.tsx";

interface ConfirmProps {
  readonly slug: string;
  readonly label: string;
  readonly title: string;
  /** The consequence, in a sentence or two. */
  readonly consequence: string;
  readonly variant?: "primary" | "quiet" | "danger";
  readonly action: (state: FormState, form: FormData) => Promise<FormState>;
}

/** A button for an action that can't be undone: states the consequence and asks for confirmation. */
export function Confirm({
  slug,
  label,
  title,
  consequence,
  variant = "quiet",
  action,
}: ConfirmProps) {
  const [state, submit, busy] = useActionState(action, {});
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger className={buttonClass(variant)}>{label}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 bg-ink/40" />
        <AlertDialog.Popup className="fixed top-1/2 left-1/2 w-[min(28rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 rounded border border-hair bg-card p-5 text-ink">
          <AlertDialog.Title className="font-serif text-xl font-semibold">
            {title}
          </AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-soft">
            {consequence}
          </AlertDialog.Description>
          {state.problem && (
            <p role="alert" className="mt-3 text-sm text-bad">
              {state.problem}
            </p>
          )}
          <form action={submit} className="mt-5 flex flex-wrap justify-end gap-3">
            <input type="hidden" name="slug" value={slug} />
            <AlertDialog.Close className={buttonClass("quiet")}>Cancel</AlertDialog.Close>
            <Button
              type="submit"
              variant={variant === "danger" ? "danger" : "primary"}
              disabled={busy}
            >
              {label}
            </Button>
          </form>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
