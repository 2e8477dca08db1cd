/** The choices of a plain form. Ranks and grades have a field for each option: `choice.{option}`. */
import type { Poll } from "#lib/store/polls.ts";

/** What the fields say, as they said it: to fill the form in again. */
export function fieldsOf(form: URLSearchParams): string[] {
  return [...form]
    .filter(([name, value]) => (name === "choice" || name.startsWith("choice.")) && value !== "")
    .map(([, value]) => value);
}

/** As the API would get them; `undefined` when a rank was given twice. */
export function choicesOf(
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
