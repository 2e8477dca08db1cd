"use client";

import { useActionState } from "react";
import { changeClosingAction } from "../actions.ts";
import { Button } from "./button.tsx";
import { TextField } from "./field.tsx";
import { keepFields } from "./keep-fields.ts";

interface ClosingTimeProps {
  readonly slug: string;
  readonly timeZone: string;
  /** In the newsroom's zone, as a form's field wants it; empty for none. */
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
        hint={`Time of ${timeZone}; empty: until somebody closes it.`}
        problem={state.problems?.closesAt ?? state.problem}
      />
      <Button type="submit" variant="quiet" disabled={busy}>
        Change
      </Button>
    </form>
  );
}
