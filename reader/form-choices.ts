/**
 * The fields of a plain vote form. Ranks and grades have one field per option, `choice.{option}`. A form that
 * changes a ballot carries the ballot's revision. Only `withdraw` withdraws it: an empty form is an error.
 */
import { revisionMax } from "#lib/model/ballot.ts";
import { ballotIdOf } from "#lib/model/ballot-id.ts";
import { editionLengthMax } from "#lib/model/edition.ts";
import type { BallotId } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** The submitted choice fields, unparsed, to fill the form in again. */
export function chosenFields(form: URLSearchParams): string[] {
  return [...form]
    .filter(([name, value]) => (name === "choice" || name.startsWith("choice.")) && value !== "")
    .map(([, value]) => value);
}

/** A ballot's choices as form fields. */
export function fieldsFromChoices(poll: Pick<Poll, "kind">, choices: readonly string[]): string[] {
  return poll.kind === "ranked" ? choices.map((id, index) => `${id}:${index + 1}`) : [...choices];
}

/** Form fields as the API takes choices; `undefined` when a rank was given twice. */
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

/**
 * The ballot id of a form that the script had begun to send, so that both are one ballot; `undefined` without script.
 */
export function formBallotId(form: URLSearchParams): BallotId | undefined {
  const text = form.get("ballotId") ?? "";
  return uuid.test(text) ? ballotIdOf(text) : undefined;
}

/** The revision that the form replaces; `undefined` for a first ballot. */
export function replacedRevision(form: URLSearchParams): number | undefined {
  const text = form.get("replaces") ?? "";
  return /^\d{1,5}$/.test(text) && Number(text) < revisionMax ? Number(text) : undefined;
}

/** The edition that the form shows; `undefined` for a form of release 0.2.0. */
export function editionInForm(form: URLSearchParams): string | undefined {
  return form.get("edition")?.slice(0, editionLengthMax);
}

export function isWithdrawal(form: URLSearchParams): boolean {
  return form.has("withdraw") && replacedRevision(form) !== undefined;
}
