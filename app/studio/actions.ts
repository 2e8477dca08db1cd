"use server";

/**
 * What editors do in the studio. Each action asks who is signed in before anything else, and does its
 * work through the same functions as the API.
 */
import { redirect } from "next/navigation";
import { wallMs } from "#lib/base/clock.ts";
import { isFloodgateError } from "#lib/base/errors.ts";
import { parseLocalTime } from "#lib/base/time-zone.ts";
import type { Slug } from "#lib/model/ids.ts";
import { changePoll, closePoll, createPoll, openPoll, removePoll } from "#lib/polls/edit.ts";
import { changeableRulesSchema, createPollSchema } from "#lib/polls/schema.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { getFront } from "#lib/web/front.ts";
import { optionsOf } from "./_data/options-of-form.ts";
import { requireSignIn } from "./_data/signed-in-editor.ts";

/** What an action says when it did not go through: by field, or about the whole. */
export interface FormState {
  readonly problems?: Readonly<Record<string, string>>;
  readonly problem?: string;
}

type Issues = readonly { path: readonly PropertyKey[] | string; message: string }[];

const unavailable =
  "The database can't be reached right now. Nothing was changed; please try again.";

function sayFailure(error: unknown): FormState {
  if (isFloodgateError(error)) {
    const problems = problemsOf((error.extra.problems as Issues | undefined) ?? [], {});
    if (Object.keys(problems).length > 0) return { problems };
    return { problem: error.detail ?? error.message };
  }
  if (isStoreFailure(error, "unavailable") || isStoreFailure(error, "commit_unknown")) {
    return { problem: unavailable };
  }
  throw error;
}

/** A local time of the form in the newsroom's zone; `null` when the field was left empty. */
function timeOf(form: FormData, name: string): number | null | undefined {
  const text = String(form.get(name) ?? "");
  if (text === "") return null;
  return parseLocalTime(text, getFront().config.timeZone);
}

/** The fields of the poll form, as the API would get them. */
function readPollForm(form: FormData): { input: unknown; problems: Record<string, string> } {
  const problems: Record<string, string> = {};
  const time = (name: string) => {
    const ms = timeOf(form, name);
    if (ms === undefined) problems[name] = "This is not a date and time.";
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

/** The problems of a form's fields, as sentences, beside those found before. */
function problemsOf(issues: Issues, problems: Record<string, string>): Record<string, string> {
  for (const { path, message } of issues) {
    const field = typeof path === "string" ? path : fieldAt(path);
    problems[field] ??= `${message[0]?.toUpperCase()}${message.slice(1)}.`;
  }
  return problems;
}

/** The form's name of what the API knows by this path. */
function fieldAt([first = "question", index, part, inner]: readonly PropertyKey[]): string {
  if (part !== "image") return String(first);
  return `${inner === "alt" ? "imageAlt" : "image"}.${String(index)}`;
}

/** Creates a poll: opened at once, at its opening time, or kept as a draft. */
export async function createPollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  const { input, problems } = readPollForm(form);
  const parsed = createPollSchema.safeParse(input);
  problemsOf(parsed.error?.issues ?? [], problems);
  if (!parsed.success || Object.keys(problems).length > 0) return { problems };
  let slug: Slug;
  try {
    const openNow = form.get("intent") === "open";
    const opensAt = openNow ? wallMs() : parsed.data.opensAt;
    slug = (await createPoll(getFront().edit, { ...parsed.data, opensAt }, wallMs())).slug;
  } catch (error) {
    return sayFailure(error);
  }
  redirect(`/studio/polls/${slug}`);
}

type Change = (slug: Slug) => Promise<unknown>;

/** Runs one change of a poll and comes back to its page. */
async function change(form: FormData, run: Change, to?: string): Promise<FormState> {
  const slug = String(form.get("slug") ?? "") as Slug;
  try {
    await run(slug);
  } catch (error) {
    return sayFailure(error);
  }
  redirect(to ?? `/studio/polls/${slug}`);
}

export async function openPollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  return change(form, slug => openPoll(getFront().edit, slug, wallMs()));
}

export async function closePollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  return change(form, slug => closePoll(getFront().edit, slug, wallMs()));
}

export async function removePollAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  return change(form, slug => removePoll(getFront().edit, slug, wallMs()), "/studio");
}

export async function changeRulesAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  const { input, problems } = readPollForm(form);
  const parsed = changeableRulesSchema.safeParse(input);
  problemsOf(parsed.error?.issues ?? [], problems);
  if (!parsed.success || Object.keys(problems).length > 0) return { problems };
  return change(form, slug => changePoll(getFront().edit, slug, parsed.data, wallMs()));
}

export async function changeClosingAction(_state: FormState, form: FormData): Promise<FormState> {
  await requireSignIn();
  const closesAt = timeOf(form, "closesAt");
  if (closesAt === undefined) return { problems: { closesAt: "This is not a date and time." } };
  return change(form, slug => changePoll(getFront().edit, slug, { closesAt }, wallMs()));
}
