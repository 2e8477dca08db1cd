"use client";

import { unstable_isUnrecognizedActionError as isUnrecognized } from "next/navigation";
import type { FormState, StudioAction } from "../../_data/form-state.ts";

/** A newer release is running, which does not know the forms of the old one. */
const updated =
  "The studio has been updated, so this form can’t be sent any more. Reload the page: what you typed stays here.";
const unreachable =
  "The studio can’t be reached right now, so it is not known whether this was saved. What you typed stays here.";
const again = "Try again in a moment: nothing is saved twice.";
const lookFirst = "See whether the poll is in the list before you try again.";

/** Sends a form. Answers in words also when there is no answer. */
export async function send(action: StudioAction, form: FormData): Promise<FormState> {
  form.set("script", "yes");
  const away = { problem: `${unreachable} ${form.has("poll.key") ? again : lookFirst}` };
  try {
    return (await action({}, form)) ?? away;
  } catch (error) {
    return isUnrecognized(error) ? { problem: updated } : away;
  }
}
