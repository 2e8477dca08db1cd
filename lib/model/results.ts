/**
 * The JSON of `GET /api/polls/{poll}/results`, defined once: the OpenAPI document is made from this schema, and
 * the types of whatever writes or reads results (snapshots, pages, the readers' script) are derived from it.
 * The script imports the types alone, so readers download none of this.
 */
import { z } from "zod";
import { resultsToValues } from "./poll-rules.ts";
import type { PollState } from "./poll-state.ts";
import { tieRules } from "./runoff.ts";

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

const outcomeSchema = z.object({
  status: z.enum(["none", "leads", "won", "tied"]).meta({
    description:
      "`none`: no votes. `leads`: one option is ahead, and the result is not final. `won`: one option is first in the final result. `tied`: several options share the first place",
  }),
  final: z.boolean().meta({
    description:
      "The result will not change any more. A ranked poll's is final once its last instant-runoff has been computed",
  }),
  options: z.array(optionIdSchema).meta({
    description: "Ids of the options in first place, in the order of the page",
  }),
  by: z.enum(["votes", "first_choices", "runoff", "mean"]).meta({
    description:
      "What decides: the most votes; the instant-runoff, or first choices until it has been computed; the highest mean grade",
  }),
  round: z.int().min(1).nullable().meta({
    description: "With `runoff`: the last round, 1 for the first. Otherwise `null`",
  }),
  at: momentSchema.meta({
    description:
      "When the result became final; before that, when its numbers were read or computed",
  }),
});

/** Why options had equally few ballots in a round of the runoff, and what happened then. */
const tieSchema = z.object({
  between: z.array(z.string()).meta({ description: "Ids of the options with the fewest ballots" }),
  decidedBy: z.enum(tieRules).nullable().meta({
    description:
      "`earlier_round`: fewer ballots in the latest earlier round in which they differed. `points`: fewer Borda points. `no_effect`: whichever is eliminated, the same option wins. `page_order`: the position on the page, in results that were final before release 0.3.0. `null`: nothing, so the result is a tie",
  }),
});

export const resultsSchema = z.object({
  poll: z.string().meta({ description: "The poll's slug" }),
  edition: editionSchema,
  state: pollStateSchema,
  version: z.int().meta({ description: "Rises with every change of these results" }),
  asOf: momentSchema.meta({ description: "When the tallies were read" }),
  opensAt: momentSchema.nullable().optional().meta({
    description: "When the poll opens or opened. A release before this field does not send it",
  }),
  closesAt: momentSchema.nullable().optional().meta({
    description:
      "When the poll closes or closed; `null` if no time is set. A release before this field does not send it",
  }),
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
        description:
          "Per cent, to the nearest whole number; equal votes have equal shares, so the sum may differ from 100. `null` for ratings, and where the poll shows counts only",
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
  outcome: outcomeSchema.nullable().optional().meta({
    description:
      "Who leads, who won, and who is tied; `null` where results are hidden. Answers of release 0.2.0 lack it",
  }),
  runoff: z
    .object({
      computedAt: momentSchema,
      winner: z.string().nullable().meta({
        description: "The option that wins, or would win if the poll closed now; `null` in a tie",
      }),
      tied: z.array(z.string()).optional().meta({
        description: "Ids of the options that share the first place, when there is no winner",
      }),
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
          out: z.string().nullable().meta({
            description: "The option that this round eliminates; `null` in the last round",
          }),
          outTogether: z.array(z.string()).optional().meta({
            description: "All options that this round eliminates, when there are several",
          }),
          tie: tieSchema.optional().meta({ description: "A tie for the fewest ballots" }),
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
export type Outcome = DeepReadonly<z.output<typeof outcomeSchema>>;
export type RunoffResults = NonNullable<Results["runoff"]>;
