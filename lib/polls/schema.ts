/**
 * What an editor may write about a poll: the rules of every text, number and time, in one place, for the
 * API and the studio alike.
 */
import { z } from "zod";
import { optionNumberMax, type Slug } from "../ids.ts";
import { languages } from "../languages.ts";

export const questionLengthMax = 200;
export const descriptionLengthMax = 500;
export const labelLengthMax = 200;
export const optionsMin = 2;
export const optionsMax = optionNumberMax;

/** C0 and C1 controls and lone surrogates: nothing a newsroom types on purpose. */
const unprintable = /[\p{Cc}\p{Cs}]/u;

/** One line of text: trimmed, composed (NFC), printable, 1 … `max` characters. */
const line = (max: number) =>
  z
    .string()
    .transform(text => text.normalize("NFC").trim())
    .pipe(
      z
        .string()
        .min(1, "must not be empty")
        .max(max, `must have at most ${max} characters`)
        .refine(text => !unprintable.test(text), "must not contain control characters"),
    );

const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?$/;

export const slugSchema = z.string().regex(slugPattern, "must be 1 to 80 of a-z, 0-9 and - within");

/** Whether a text can be a poll's slug at all. */
export function isSlug(text: string): text is Slug {
  return slugPattern.test(text);
}

/** ISO 8601 with a zone → milliseconds since 1970. */
const moment = z.iso
  .datetime({
    offset: true,
    error: "must be a date and time with a zone, like 2026-11-22T20:00:00+01:00",
  })
  .transform(text => Date.parse(text));

const optionSchema = z.strictObject({ label: line(labelLengthMax) });

const fields = {
  slug: slugSchema.optional(),
  question: line(questionLengthMax),
  description: z.union([z.literal(""), line(descriptionLengthMax)]).default(""),
  options: z
    .array(optionSchema)
    .min(optionsMin, `must be at least ${optionsMin}`)
    .max(optionsMax, `must be at most ${optionsMax}`),
  choicesMin: z.int().min(1).max(optionsMax).default(1),
  choicesMax: z.int().min(1).max(optionsMax).default(1),
  opensAt: moment.nullish(),
  closesAt: moment.nullish(),
  language: z.enum(languages).nullish(),
};

/** Rules between fields, for a whole poll. */
export function contradictions(poll: {
  readonly options: readonly { readonly label: string }[];
  readonly choicesMin: number;
  readonly choicesMax: number;
  readonly opensAtMs: number | null;
  readonly closesAtMs: number | null;
}): { readonly path: string; readonly message: string }[] {
  const found: { path: string; message: string }[] = [];
  const labels = poll.options.map(({ label }) => label.toLocaleLowerCase());
  if (new Set(labels).size !== labels.length) {
    found.push({ path: "options", message: "must differ from each other" });
  }
  if (poll.choicesMin > poll.choicesMax) {
    found.push({ path: "choicesMin", message: "must not be more than choicesMax" });
  }
  if (poll.choicesMax > poll.options.length) {
    found.push({ path: "choicesMax", message: "must not be more than there are options" });
  }
  if (poll.closesAtMs !== null && poll.opensAtMs !== null && poll.closesAtMs <= poll.opensAtMs) {
    found.push({ path: "closesAt", message: "must be after the opening" });
  }
  return found;
}

export const createPollSchema = z.strictObject(fields);
export type CreatePoll = z.output<typeof createPollSchema>;

/** Everything optional; `version`, when given, must be the poll's current one. */
export const updatePollSchema = z
  .strictObject({
    ...fields,
    description: z.union([z.literal(""), line(descriptionLengthMax)]),
    choicesMin: z.int().min(1).max(optionsMax),
    choicesMax: z.int().min(1).max(optionsMax),
  })
  .partial()
  .extend({ version: z.int().min(1).optional() });
export type UpdatePoll = z.output<typeof updatePollSchema>;
