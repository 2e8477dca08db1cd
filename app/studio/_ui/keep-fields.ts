"use client";

import { type FormEvent, startTransition } from "react";

/**
 * Runs an action on a form and leaves the form as it is. By itself, React empties a form whose action has
 * ended, also when the answer was that something in it has to be put right.
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
