"use server";

/**
 * The studio's server actions. Each checks the session first, and then calls the same functions as the API.
 */
import { redirect } from "next/navigation";
import { isFloodgateError } from "#lib/base/errors.ts";
import { describeError } from "#lib/base/log.ts";
import { parseLocalTime } from "#lib/base/time-zone.ts";
import type { Slug } from "#lib/model/ids.ts";
import { changePoll, closePoll, createPoll, openPoll, removePoll } from "#lib/polls/edit.ts";
import { reopenCount } from "#lib/polls/reopen.ts";
import { changeableRulesSchema, createPollSchema, reopenSchema } from "#lib/polls/schema.ts";
import { isReported, isStoreFailure } from "#lib/store/failure.ts";
import { getFront } from "#lib/web/front.ts";
import { optionsOf } from "./_data/options-of-form.ts";
import { requireSignIn } from "./_data/signed-in-editor.ts";

/** The errors of a failed action: by field, or for the whole form. */
export interface FormState {
  readonly problems?: Readonly<Record<string, string>>;
  readonly problem?: string;
}

type Issues = readonly { path: readonly PropertyKey[] | string; message: string }[];

const unavailable = "The database can’t be reached, so nothing was saved. Try again in a moment.";
const refused =
  "The database can’t take changes now, so nothing was saved. Try again in a moment; if it happens again, tell the person who runs this site.";
const commitUnknown =
  "The database did not confirm the change. Reload the page to see whether it was saved.";

function formStateOf(error: unknown): FormState {
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
  if (isStoreFailure(error, "commit_unknown")) return { problem: commitUnknown };
  throw error;
}

/** A form field's local time, in the newsroom's zone; `null` when empty, `undefined` when invalid. */
function timeOf(form: FormData, name: string): number | null | undefined {
  const text = String(form.get(name) ?? "");
  if (text === "") return null;
  return parseLocalTime(text, getFront().config.timeZone);
}

/** The fields of the poll form, as the API takes them. */
function readPollForm(form: FormData): { input: unknown; problems: Record<string, string> } {
  const problems: Record<string, string> = {};
  const time = (name: string) => {
    const ms = timeOf(form, name);
    if (ms === undefined) problems[name] = "Enter a valid date and time.";
    return ms === undefined || ms === null ? undefined : new Date(ms).toISOString();
  };
  const text = (name: string) => String(form.get(name) ?? "");
  const choices = text("choices");
  const pinLast = form.get("pinLast") === "yes";
  const several = choices === "several";
  const options = optionsOf(text);
  const input = {
    question: String(form.get("question") ?? ""),
    description: String(form.get("description") ?? ""),
    options: options.map((option, index) => ({
      ...option,
      ...(pinLast && index === options.length - 1 && { pinned: true }),
    })),
    optionOrder: form.get("optionOrder") === "random" ? "random" : "fixed",
    kind: choices === "ranked" || choices === "rating" ? choices : "choice",
    choicesMin: 1,
    choicesMax: several ? Number(form.get("choicesMax") ?? options.length) : 1,
    opensAt: time("opensAt"),
    closesAt: time("closesAt"),
    language: form.get("language") || null,
    resultsTo: text("resultsTo"),
    resultsFrom: time("resultsFrom") ?? null,
    resultsAs: text("resultsAs"),
    afterVote: text("afterVote"),
    afterVoteText: text("afterVoteText"),
    afterVoteLink: text("afterVoteLink"),
    lane: text("lane"),
    mayChange: text("mayChange") === "yes",
  };
  return { input, problems };
}

/** Adds schema errors to `problems`, as sentences; a field keeps its first error. */
function problemsOf(issues: Issues, problems: Record<string, string>): Record<string, string> {
  for (const { path, message } of issues) {
    const field = typeof path === "string" ? path : fieldAt(path);
    problems[field] ??= `${message[0]?.toUpperCase()}${message.slice(1)}.`;
  }
  return problems;
}

/** The form field for a path in the API's input. */
function fieldAt([first = "question", index, part, inner]: readonly PropertyKey[]): string {
  if (part !== "image") return String(first);
  return `${inner === "alt" ? "imageAlt" : "image"}.${String(index)}`;
}

/** Creates a poll that opens now, opens at its opening time, or stays a draft. */
export async function createPollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  const { input, problems } = readPollForm(form);
  const parsed = createPollSchema.safeParse(input);
  problemsOf(parsed.error?.issues ?? [], problems);
  if (!parsed.success || Object.keys(problems).length > 0) return { problems };
  let slug: Slug;
  try {
    const openNow = form.get("intent") === "open";
    const opensAt = openNow ? getFront().clock.nowMs() : parsed.data.opensAt;
    slug = (
      await createPoll(getFront().edit, { ...parsed.data, opensAt }, getFront().clock.nowMs())
    ).slug;
  } catch (error) {
    return formStateOf(error);
  }
  redirect(`/studio/polls/${slug}`);
}

type Change = (slug: Slug) => Promise<unknown>;

/** Runs one change of a poll, then redirects to its page. */
async function change(form: FormData, run: Change, to?: string): Promise<FormState> {
  const slug = String(form.get("slug") ?? "") as Slug;
  try {
    await run(slug);
  } catch (error) {
    return formStateOf(error);
  }
  redirect(to ?? `/studio/polls/${slug}`);
}

export async function openPollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  return change(form, slug => openPoll(getFront().edit, slug, getFront().clock.nowMs()));
}

export async function closePollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  return change(form, slug => closePoll(getFront().edit, slug, getFront().clock.nowMs()));
}

export async function reopenCountAction(_state: FormState, form: FormData): Promise<FormState> {
  const { email } = await requireSignIn();
  const parsed = reopenSchema.safeParse({ reason: form.get("reason") ?? "" });
  if (!parsed.success) return { problems: problemsOf(parsed.error.issues, {}) };
  const input = { ...parsed.data, by: email };
  return change(form, slug => reopenCount(getFront().edit, slug, input, getFront().clock.nowMs()));
}

export async function removePollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  return change(
    form,
    slug => removePoll(getFront().edit, slug, getFront().clock.nowMs()),
    "/studio",
  );
}

export async function changeRulesAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  const { input, problems } = readPollForm(form);
  const parsed = changeableRulesSchema.safeParse(input);
  problemsOf(parsed.error?.issues ?? [], problems);
  if (!parsed.success || Object.keys(problems).length > 0) return { problems };
  return change(form, slug =>
    changePoll(getFront().edit, slug, parsed.data, getFront().clock.nowMs()),
  );
}

export async function changeClosingAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  const closesAt = timeOf(form, "closesAt");
  if (closesAt === undefined) return { problems: { closesAt: "Enter a valid date and time." } };
  return change(form, slug =>
    changePoll(getFront().edit, slug, { closesAt }, getFront().clock.nowMs()),
  );
}
