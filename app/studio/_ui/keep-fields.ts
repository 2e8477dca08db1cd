"use client";

import { type FormEvent, startTransition } from "react";

/**
 * Runs an action on a form and keeps the form's contents. Without this, React resets a form when its action ends,
 * even when the action found errors to correct.
 */
export function keepFields(
  run: (fields: FormData) => void,
): (event: FormEvent<HTMLFormElement>) => void {
  return event => {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    const fields = new FormData(event.currentTarget, submitter);
    startTransition(() => run(fields));
  };
}
