/**
 * What a plain form says. Ranks and grades have a field for each option: `choice.{option}`. A form that changes a
 * ballot says the revision of that, and whether it is to be withdrawn: nothing chosen alone is a mistake.
 */
import { revisionMax } from "#lib/model/ballot.ts";
import type { Poll } from "#lib/model/poll.ts";

/** What the fields say, as they said it: to fill the form in again. */
export function chosenFields(form: URLSearchParams): string[] {
  return [...form]
    .filter(([name, value]) => (name === "choice" || name.startsWith("choice.")) && value !== "")
    .map(([, value]) => value);
}

/** A ballot's choices as the fields would say them. */
export function fieldsFromChoices(poll: Pick<Poll, "kind">, choices: readonly string[]): string[] {
  return poll.kind === "ranked" ? choices.map((id, index) => `${id}:${index + 1}`) : [...choices];
}

/** As the API would get them; `undefined` when a rank was given twice. */
export function choicesFromFields(
  poll: Pick<Poll, "kind">,
  fields: readonly string[],
): string[] | undefined {
  if (poll.kind !== "ranked") return [...fields];
  const ranked = fields
    .map(field => field.split(":"))
    .map(([id = "", rank]) => ({ id, rank: Number(rank) }))
    .sort((a, b) => a.rank - b.rank);
  if (new Set(ranked.map(({ rank }) => rank)).size !== ranked.length) return undefined;
  return ranked.map(({ id }) => id);
}

/** The revision that the form is to replace; `undefined` in a form for a first ballot. */
export function replacedRevision(form: URLSearchParams): number | undefined {
  const text = form.get("replaces") ?? "";
  return /^\d{1,5}$/.test(text) && Number(text) < revisionMax ? Number(text) : undefined;
}

export function isWithdrawal(form: URLSearchParams): boolean {
  return form.has("withdraw") && replacedRevision(form) !== undefined;
}
