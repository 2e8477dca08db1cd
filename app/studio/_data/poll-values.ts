/** A poll as the studio's forms show it. */
import { formatLocalTime, occurrenceOf } from "#lib/base/time-zone.ts";
import type { Poll } from "#lib/model/poll.ts";
import { type FormValues, occurrenceName, originalOf } from "./form-values.ts";

/** The values of all fields of all forms of a poll; times in the newsroom's zone. */
export function valuesOf(poll: Poll, timeZone: string): FormValues {
  const { kind, choicesMin, choicesMax, options } = poll;
  const several = choicesMax > 1 ? "several" : "one";
  return {
    question: poll.question,
    description: poll.description,
    options: options.map(({ label }) => label).join("\n"),
    ...Object.fromEntries(
      options.flatMap(({ image }, index) => [
        [`image.${index}`, image?.url ?? ""],
        [`imageAlt.${index}`, image?.alt ?? ""],
      ]),
    ),
    optionOrder: poll.optionOrder === "random" ? "random" : "",
    pinLast: options.at(-1)?.pinned ? "yes" : "",
    choices: kind === "choice" ? several : kind,
    choicesMin: String(choicesMin),
    choicesMax: String(choicesMax),
    ...momentValues("opensAt", poll.opensAtMs, timeZone),
    ...momentValues("closesAt", poll.closesAtMs, timeZone),
    language: poll.language ?? "",
    resultsTo: poll.resultsTo,
    ...momentValues("resultsFrom", poll.resultsFromMs, timeZone),
    resultsAs: poll.resultsAs,
    afterVote: poll.afterVote,
    afterVoteText: poll.afterVoteText,
    afterVoteLink: poll.afterVoteLink,
    lane: poll.lane,
    mayChange: poll.mayChange ? "yes" : "no",
    listed: poll.listed ? "yes" : "no",
  };
}

function momentValues(name: string, ms: number | null, timeZone: string): FormValues {
  if (ms === null) return { [name]: "", [originalOf(name)]: "" };
  const occurrence = occurrenceOf(ms, timeZone);
  return {
    [name]: formatLocalTime(ms, timeZone),
    [originalOf(name)]: String(ms),
    ...(occurrence && { [occurrenceName(name)]: occurrence }),
  };
}
