/**
 * A ballot's choices: as clients write them, and as the bytes in slots and rows.
 *
 * | kind   | clients                               | bytes |
 * |--------|---------------------------------------|-------|
 * | choice | option ids, in any order              | options, in the order of their numbers |
 * | ranked | option ids, the favourite first       | options, the favourite first |
 * | rating | `option:grade`, in any order          | pairs of option and grade, in the order of the options |
 *
 * Equal choices have equal bytes, so that a retry is recognised whatever order its form sent.
 */
import type { OptionNumber } from "./ids.ts";
import type { Poll } from "./poll.ts";
import { gradeMax, gradesOf } from "./tally-parts.ts";

/** What is wrong with a ballot's choices. */
export type ChoiceProblem =
  | "unknown_option"
  | "repeated_option"
  | "not_a_grade"
  | "too_few"
  | "too_many";

/** The choices as bytes, or what is wrong with them. */
export function parseChoices(poll: Poll, texts: readonly string[]): Uint8Array | ChoiceProblem {
  const [only] = texts;
  // Nearly all ballots: one option of a poll that asks for one.
  if (texts.length === 1 && poll.kind === "choice" && poll.choicesMin === 1) {
    const option = poll.options.find(({ number }) => String(number) === only);
    if (option) return Uint8Array.of(option.number);
  }
  const grades = new Map<OptionNumber, number>();
  for (const text of texts) {
    const [id, gradeText, more] = text.split(":");
    const option = poll.options.find(({ number }) => String(number) === id);
    if (!option) return "unknown_option";
    if (grades.has(option.number)) return "repeated_option";
    const grade = Number(gradeText ?? 0);
    const graded = gradeText !== undefined && /^\d$/.test(gradeText) && grade >= 1;
    if (more !== undefined || graded !== (poll.kind === "rating") || grade > gradeMax) {
      return "not_a_grade";
    }
    grades.set(option.number, grade);
  }
  if (grades.size < poll.choicesMin) return "too_few";
  if (grades.size > poll.choicesMax) return "too_many";
  const options = [...grades.keys()];
  if (poll.kind !== "ranked") options.sort((a, b) => a - b);
  return Uint8Array.from(
    poll.kind === "rating" ? options.flatMap(option => [option, grades.get(option) ?? 0]) : options,
  );
}

/** The bytes as clients write them. */
export function choiceTexts(poll: Pick<Poll, "kind">, choices: Uint8Array): string[] {
  if (poll.kind !== "rating") return [...choices].map(String);
  return gradesOf(choices).map(([option, grade]) => `${option}:${grade}`);
}
