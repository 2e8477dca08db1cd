/** A studio form's fields, as the API takes them. */
import { momentOfField, type Occurrence } from "#lib/base/time-zone.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { UpdatePoll } from "#lib/polls/schema.ts";
import { occurrenceName, originalOf } from "./form-values.ts";
import { optionsOf } from "./options-of-form.ts";

export type Text = (name: string) => string;

/** Reads a form's fields; a missing one is empty. */
export const textOf =
  (form: FormData | URLSearchParams): Text =>
  name =>
    String(form.get(name) ?? "");

const occurrences: readonly Occurrence[] = ["first", "second"];

/** The moment in a form's field, in the newsroom's zone. */
export function readMoment(
  text: Text,
  name: string,
  timeZone: string,
): { readonly ms: number | null } | { readonly problem: string } {
  const original = text(originalOf(name));
  return momentOfField(
    {
      text: text(name),
      occurrence: occurrences.find(each => each === text(occurrenceName(name))),
      originalMs: /^-?\d+$/.test(original) ? Number(original) : null,
    },
    timeZone,
  );
}

/** The fields of the poll forms, and the errors of those that can't be read. */
export function readPollForm(text: Text, timeZone: string) {
  const problems: Record<string, string> = {};
  const time = (name: string) => {
    const moment = readMoment(text, name, timeZone);
    if ("problem" in moment) problems[name] = moment.problem;
    else if (moment.ms !== null) return new Date(moment.ms).toISOString();
    return null;
  };
  const choices = text("choices");
  const pinLast = text("pinLast") === "yes";
  const options = optionsOf(text);
  const input = {
    question: text("question"),
    description: text("description"),
    options: options.map((option, index) => ({
      ...option,
      ...(pinLast && index === options.length - 1 && { pinned: true }),
    })),
    optionOrder: text("optionOrder") === "random" ? "random" : "fixed",
    kind: choices === "ranked" || choices === "rating" ? choices : "choice",
    choicesMin: choices === "one" ? 1 : Number(text("choicesMin") || 1),
    choicesMax: choices === "several" ? Number(text("choicesMax") || options.length) : 1,
    opensAt: time("opensAt"),
    closesAt: time("closesAt"),
    language: text("language") || null,
    resultsTo: text("resultsTo"),
    resultsFrom: time("resultsFrom"),
    resultsAs: text("resultsAs"),
    afterVote: text("afterVote"),
    afterVoteText: text("afterVoteText"),
    afterVoteLink: text("afterVoteLink"),
    lane: text("lane"),
    mayChange: text("mayChange") === "yes",
    listed: text("listed") !== "no",
  };
  return { input, problems };
}

/** The API's fields of a group of form fields (`groupOf`). */
const inputOfGroup: Readonly<Record<string, readonly string[]>> = {
  choices: ["kind", "choicesMin", "choicesMax"],
};

/** The part of a form's input that belongs to some groups. */
export function ofGroups<T extends object>(input: T, groups: readonly string[]): Partial<T> {
  const names = new Set(groups.flatMap(group => inputOfGroup[group] ?? [group]));
  return Object.fromEntries(
    Object.entries(input).filter(([name]) => names.has(name)),
  ) as Partial<T>;
}

/** The form has one field for pinned options. What the API pinned besides stays pinned. */
export function keepPinned(change: UpdatePoll, poll: Poll): UpdatePoll {
  if (!change.options) return change;
  const pinned = poll.options.slice(0, -1).filter(option => option.pinned);
  const labels = new Set(pinned.map(({ label }) => label));
  const options = change.options.map(option =>
    labels.has(option.label) ? { ...option, pinned: true } : option,
  );
  return { ...change, options };
}
