/** Runs a studio action for a signed-in editor, and turns its errors into sentences beside the form. */
import { redirect } from "next/navigation";
import { FloodgateError, isFloodgateError } from "#lib/base/errors.ts";
import { describeError } from "#lib/base/log.ts";
import { sayTime } from "#lib/base/time-zone.ts";
import type { Editor } from "#lib/editors/named-editor.ts";
import type { PollKey, Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import type { Expected } from "#lib/polls/edit.ts";
import { isReported, isStoreFailure } from "#lib/store/failure.ts";
import { findPoll, pollEditedAt } from "#lib/store/polls.ts";
import { getFront } from "#lib/web/front.ts";
import { sayState } from "./desk.ts";
import type { Conflict, FormState } from "./form-state.ts";
import { valuesOf } from "./poll-values.ts";
import { signedInEditor } from "./signed-in-editor.ts";

const unavailable = "The database can’t be reached, so nothing was saved. Try again in a moment.";
const refused =
  "The database can’t take changes now, so nothing was saved. Try again in a moment; if it happens again, tell the person who runs this site.";
const commitUnknown = "The database did not confirm this, so it may or may not be saved.";
const again = "Try again: nothing is saved twice.";
const lookFirst = "See whether the poll is in the list before you try again.";
const deleted = "This poll has been deleted, so nothing was saved.";

/** Answers a form. A form that was sent without the studio's script is redirected. */
export async function answer(
  form: FormData,
  work: (editor: Editor) => Promise<FormState>,
): Promise<FormState> {
  const state = await settle(form, work);
  if (form.get("script") !== null) return state;
  if (state.isSignedOut) redirect("/studio/sign-in");
  if (state.saved) redirect(state.saved.goTo ?? `/studio/polls/${slugOf(form)}`);
  return state;
}

async function settle(
  form: FormData,
  work: (editor: Editor) => Promise<FormState>,
): Promise<FormState> {
  try {
    const editor = await signedInEditor();
    return editor ? await work(editor) : { isSignedOut: true };
  } catch (error) {
    if (isStoreFailure(error, "commit_unknown")) {
      return { problem: `${commitUnknown} ${form.has("poll.key") ? again : lookFirst}` };
    }
    if (!isFloodgateError(error, "edit_conflict")) return failureOf(error);
  }
  try {
    return { conflict: await conflictOf(slugOf(form)) };
  } catch (error) {
    return failureOf(error);
  }
}

type Issues = readonly { path: readonly PropertyKey[] | string; message: string }[];

function failureOf(error: unknown): FormState {
  if (isFloodgateError(error, "poll_not_found")) return { problem: deleted };
  if (isFloodgateError(error, "mysql_unavailable")) return { problem: unavailable };
  if (isFloodgateError(error)) {
    const problems = problemsOf((error.extra.problems as Issues | undefined) ?? [], {});
    if (Object.keys(problems).length > 0) return { problems };
    return { problem: error.detail ?? error.message };
  }
  if (isReported(error)) {
    getFront().log.error({ event: "request_failed", ...describeError(error) });
    return { problem: refused };
  }
  if (isStoreFailure(error, "unavailable")) return { problem: unavailable };
  throw error;
}

/** What the API says of these fields names its own words. */
const wordsFor: Readonly<Record<string, string>> = {
  "must be given with resultsTo from_date": "Enter a date and time.",
  "must not be empty with afterVote text": "Enter a text.",
  "must be given with afterVote link": "Enter a link.",
};

/** Adds schema errors to `problems`, as sentences; a field keeps its first error. */
export function problemsOf(
  issues: Issues,
  problems: Record<string, string>,
): Record<string, string> {
  for (const { path, message } of issues) {
    const field = typeof path === "string" ? path : fieldAt(path);
    problems[field] ??= wordsFor[message] ?? `${message[0]?.toUpperCase()}${message.slice(1)}.`;
  }
  return problems;
}

/** The form field for a path in the API's input. */
function fieldAt([first = "question", index, part, inner]: readonly PropertyKey[]): string {
  if (part !== "image") return String(first);
  return `${inner === "alt" ? "imageAlt" : "image"}.${String(index)}`;
}

export const slugOf = (form: FormData) => String(form.get("poll.slug") ?? "") as Slug;

/** The poll that the form was made from. */
export function expectedBy(form: FormData): Expected {
  return {
    version: Number(form.get("poll.version")),
    key: String(form.get("poll.key") ?? "") as PollKey,
  };
}

/**
 * The poll that a form is about, as it is saved.
 *
 * @throws FloodgateError `poll_not_found`; `edit_conflict` when it was changed after the form was made from it.
 */
export async function pollOfForm(form: FormData): Promise<Poll> {
  const poll = await findPoll(getFront().store, slugOf(form));
  const { version, key } = expectedBy(form);
  if (!poll || poll.key !== key) throw new FloodgateError("poll_not_found");
  if (poll.version !== version) throw new FloodgateError("edit_conflict");
  return poll;
}

async function conflictOf(slug: Slug): Promise<Conflict> {
  const { store, config, clock } = getFront();
  const poll = await findPoll(store, slug);
  if (!poll) throw new FloodgateError("poll_not_found");
  const nowMs = clock.nowMs();
  return {
    version: poll.version,
    values: valuesOf(poll, config.timeZone),
    savedAt: sayTime((await pollEditedAt(store, poll.id)) ?? nowMs, config.timeZone),
    state: sayState(poll, pollState(poll, nowMs)),
  };
}
