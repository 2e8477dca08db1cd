"use client";

import { useActionState } from "react";
import { changeClosingAction } from "../actions.ts";
import { Button } from "./button.tsx";
import { TextField } from "./field.tsx";
import { keepFields } from "./keep-fields.ts";

interface ClosingTimeProps {
  readonly slug: string;
  readonly timeZone: string;
  /** A local time in the newsroom's zone, as `datetime-local` takes it; empty for none. */
  readonly value: string;
}

export function ClosingTime({ slug, timeZone, value }: ClosingTimeProps) {
  const [state, submit, busy] = useActionState(changeClosingAction, {});
  return (
    <form
      action={submit}
      onSubmit={keepFields(submit)}
      className="flex max-w-sm flex-col items-start gap-3"
    >
      <input type="hidden" name="slug" value={slug} />
      <TextField
        label="Closes"
        name="closesAt"
        type="datetime-local"
        defaultValue={value}
        hint={`${timeZone} time. Leave empty to close the poll by hand.`}
        problem={state.problems?.closesAt ?? state.problem}
      />
      <Button type="submit" variant="quiet" disabled={busy}>
        Save closing time
      </Button>
    </form>
  );
}
