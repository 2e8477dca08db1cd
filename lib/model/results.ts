/**
 * The JSON of `GET /api/polls/{poll}/results`, defined once: the OpenAPI document is made from this schema, and
 * the types of whatever writes or reads results (snapshots, pages, the readers' script) are derived from it.
 * The script imports the types alone, so readers download none of this.
 */
import { z } from "zod";
import { resultsToValues } from "./poll-rules.ts";
import type { PollState } from "./poll-state.ts";

export const optionIdSchema = z
  .string()
  .regex(/^[1-9]\d?$/, "must be an option's id")
  .meta({ example: "2" });

export const momentSchema = z.iso.datetime().meta({ example: "2026-11-22T19:00:00.000Z" });

export const editionSchema = z.string().meta({
  description:
    "Names the poll, its question and its options: another poll with this slug has another edition",
  example: "9f1c20d4a7b3e685.Wv3kX0c2b1Q",
});

export const pollStateSchema = z.enum([
  "draft",
  "scheduled",
  "open",
  "closing",
  "final",
] satisfies PollState[]);

export const resultsSchema = z.object({
  poll: z.string().meta({ description: "The poll's slug" }),
  edition: editionSchema,
  state: pollStateSchema,
  version: z.int().meta({ description: "Rises with every change of these results" }),
  asOf: momentSchema.meta({ description: "When the tallies were read" }),
  hidden: z.enum(resultsToValues).nullable().meta({
    description:
      "`null` when results are visible; otherwise the audience they are restricted to, and then there are no options and no counts",
  }),
  ballots: z.int().min(0).nullable().meta({
    description:
      "Ballots counted, one for each voter: fewer than votes where a ballot may choose several options. `null` where no counts are shown",
  }),
  waiting: z.int().min(0).nullable().meta({
    description:
      "How many of the ballots are accepted but not yet stored in the database; 0 once the state is `final`. `null` where unknown, or where no counts are shown",
  }),
  options: z.array(
    z.object({
      id: optionIdSchema,
      label: z.string(),
      votes: z
        .int()
        .min(0)
        .nullable()
        .meta({ description: "`null` where the poll shows percentages only" }),
      share: z.int().min(0).nullable().meta({
        description: "Per cent; `null` for ratings, and where the poll shows counts only",
      }),
      points: z.int().nullable().optional().meta({
        description: "Ranked polls: Borda points; `null` where the poll shows percentages only",
      }),
      grades: z.array(z.int()).optional().meta({
        description:
          "Rating polls: how many ballots gave each grade, grade 1 first; per cent where the poll shows percentages only",
      }),
      mean: z.number().nullable().optional().meta({
        description: "Rating polls: the mean grade; `null` before the first ballot",
      }),
    }),
  ),
  runoff: z
    .object({
      computedAt: momentSchema,
      winner: z.string().nullable(),
      rounds: z.array(
        z.object({
          votes: z.record(z.string(), z.int()).meta({
            description:
              "Ballots by option id; where the poll shows percentages only, per cent of the ballots that count in this round",
          }),
          exhausted: z.int().nullable().meta({
            description:
              "Ballots with no option left in the count; `null` where the poll shows percentages only",
          }),
          out: z.string().nullable().meta({ description: "The option that this round eliminates" }),
        }),
      ),
    })
    .nullable()
    .optional()
    .meta({ description: "Ranked polls: the instant-runoff; `null` until it has been computed" }),
});

/** One snapshot is shared by all requests, so it is read-only. */
type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export type Results = DeepReadonly<z.output<typeof resultsSchema>>;
export type OptionResults = Results["options"][number];
export type RunoffResults = NonNullable<Results["runoff"]>;
