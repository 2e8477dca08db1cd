/**
 * The HTTP contract: what requests and answers look like. The OpenAPI document is made from these
 * schemas, and routes parse with them, so neither can say something else than the other.
 */
import { z } from "zod";
import { languages } from "../base/languages.ts";
import { revisionMax } from "../model/ballot.ts";
import { ballotIdOf } from "../model/ballot-id.ts";
import { optionNumberMax } from "../model/ids.ts";
import { lanes } from "../model/lane.ts";
import type { Poll } from "../model/poll.ts";
import {
  afterVoteValues,
  optionOrders,
  pollKinds,
  resultsAsValues,
  resultsToValues,
} from "../model/poll-rules.ts";
import { type PollState, pollState } from "../model/poll-state.ts";
import { type ReceiptReport, receiptStates } from "../receipts/find-receipt.ts";

const optionId = z
  .string()
  .regex(/^[1-9]\d?$/, "must be an option's id")
  .meta({ example: "2" });
const moment = z.iso.datetime().meta({ example: "2026-11-22T19:00:00.000Z" });

export const ballotIdSchema = z.uuid().transform(ballotIdOf).meta({
  description:
    "A UUID that the client chose for this ballot. Sending the same ballot again with the same id is safe: it is counted once.",
});

/** `POST /api/polls/{poll}/votes` */
export const castRequestSchema = z
  .strictObject({
    choices: z
      .array(
        z
          .string()
          .regex(
            /^[1-9]\d?(?::[1-5])?$/,
            "must be an option's id, in a rating with `:` and a grade",
          ),
      )
      .max(optionNumberMax)
      .meta({
        description:
          "Option ids; in a ranked poll the favourite first; in a rating each with its grade, `2:5`. With `replaces`, none: the vote is withdrawn",
        example: ["2"],
      }),
    ballotId: ballotIdSchema.optional(),
    replaces: z
      .int()
      .min(0)
      .max(revisionMax - 1)
      .optional()
      .meta({
        description:
          "To change a ballot, where the poll's mayChange says so: the revision of the one that stands. If that is not the one any more, nothing changes (`ballot_changed`)",
      }),
  })
  .refine(({ choices, replaces }) => choices.length > 0 || replaces !== undefined, {
    path: ["choices"],
    message: "must name an option",
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
  state: pollStateSchema,
  version: z.int().meta({ description: "Rises with every change of these results" }),
  asOf: moment,
  hidden: z.enum(resultsToValues).nullable().meta({
    description:
      "null: here they are. Otherwise why they are not: whom the results are for. There are no options and no counts then",
  }),
  ballots: z.int().min(0).nullable().meta({
    description:
      "Voters; with several choices each, fewer than votes. null where no counts are told",
  }),
  waiting: z.int().min(0).nullable().meta({
    description:
      "Of the ballots, those that are accepted and not stored yet; 0 once the state is final. null when that is not known, or not told",
  }),
  options: z.array(
    z.object({
      id: optionId,
      label: z.string(),
      votes: z
        .int()
        .min(0)
        .nullable()
        .meta({ description: "null where only percentages are told" }),
      share: z
        .int()
        .min(0)
        .nullable()
        .meta({ description: "Per cent; null where only counts are told, and for ratings" }),
      points: z.int().nullable().optional().meta({ description: "Ranked: Borda points" }),
      grades: z
        .array(z.int())
        .optional()
        .meta({ description: "Rating: ballots with each grade, 1 first (or per cent)" }),
      mean: z.number().nullable().optional().meta({ description: "Rating: the mean grade" }),
    }),
  ),
  runoff: z
    .object({
      computedAt: moment,
      winner: z.string().nullable(),
      rounds: z.array(
        z.object({
          votes: z.record(z.string(), z.int()),
          exhausted: z.int().nullable(),
          out: z.string().nullable(),
        }),
      ),
    })
    .nullable()
    .optional()
    .meta({ description: "Ranked: the instant-runoff; null until it has been computed" }),
});

/** The longest that a request is held; proxies give up after 30 s or more. */
export const waitSecondsMax = 25;

/** The query of `GET /api/polls/{poll}/results` */
export const resultsQuerySchema = z
  .object({
    after: z.coerce.number().int().min(0).optional(),
    wait: z.coerce.number().int().min(0).max(waitSecondsMax).default(0),
  })
  .refine(query => query.after !== undefined || query.wait === 0, {
    path: ["wait"],
    message: "goes with after",
  });

/** The query of `GET /oembed` */
export const oembedQuerySchema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  format: z.literal("json", "only json is spoken here").optional(),
  maxwidth: z.coerce.number().int().min(1).optional(),
  maxheight: z.coerce.number().int().min(1).optional(),
});

export const castResponseSchema = z.object({
  ballotId: z.uuid(),
  revision: z.int().min(0).meta({
    description: "0 for a voter's first ballot, one more with each change; what a change replaces",
  }),
  receipt: z.string().meta({
    description: "A code with which to ask later what became of the ballot",
    example: "0000022f-7k1q0vdb-3m9s4a1e-hc52tj8u",
  }),
  results: resultsSchema
    .nullable()
    .meta({ description: "With this ballot in them; null when they can't be read right now" }),
});

const ballotCount = (description: string) => z.int().min(0).meta({ description });

/** `accepted = counted + replaced + withdrawn + waiting + duplicate + setAside + lost` */
export const booksSchema = z.object({
  accepted: ballotCount("Ballots that fronts answered for, by their own count"),
  counted: ballotCount("In the result"),
  replaced: ballotCount("Changed or withdrawn: a later ballot of the same voter stands"),
  withdrawn: ballotCount("Withdrawals that stand: they count as no ballot"),
  waiting: ballotCount("On their way into the result"),
  duplicate: ballotCount("Further ballots of voters who had one"),
  setAside: ballotCount("Could not be counted; kept with the reason"),
  lost: ballotCount("Accepted, and found nowhere with all queues at rest"),
  repeated: ballotCount("The very same ballot again; in none of the other numbers"),
  balanced: z.boolean().meta({ description: "False is an alarm" }),
});

/** `GET /api/receipts/{code}` */
export const receiptResponseSchema = z.object({
  receipt: z.string(),
  poll: z
    .object({ slug: z.string(), question: z.string() })
    .nullable()
    .meta({ description: "null when it is not there any more" }),
  state: z.enum(receiptStates).meta({
    description:
      "waiting: received, not stored yet; counted: stored, in the running results; final: in the final result; replaced: its voter has changed or withdrawn it since; withdrawn: a withdrawal, which stands; duplicate: another ballot of this voter counts; set_aside: could not be counted, and is kept; missing: the result is final without it; gone: the poll is",
  }),
  receivedAt: moment.nullable().meta({ description: "null as long as it is not stored" }),
  storedAt: moment.nullable().meta({ description: "null when not stored, or long ago" }),
});

/** A receipt as the API shows it. */
export function toReceiptResponse(report: ReceiptReport): z.output<typeof receiptResponseSchema> {
  const { code, poll, state, receivedAtMs, storedAtMs } = report;
  return {
    receipt: code,
    poll,
    state,
    receivedAt: time(receivedAtMs),
    storedAt: time(storedAtMs),
  };
}

export const pollResponseSchema = z.object({
  slug: z.string(),
  question: z.string(),
  description: z.string(),
  state: pollStateSchema,
  options: z.array(
    z.object({
      id: optionId,
      label: z.string(),
      image: z.object({ url: z.string(), alt: z.string() }).nullable(),
      pinned: z.boolean(),
    }),
  ),
  choicesMin: z.int(),
  choicesMax: z.int(),
  opensAt: moment.nullable(),
  closesAt: moment.nullable(),
  finalizedAt: moment.nullable(),
  language: z
    .enum(languages)
    .nullable()
    .meta({ description: "Of the texts around the poll; null: as each reader's browser asks" }),
  kind: z.enum(pollKinds),
  optionOrder: z.enum(optionOrders),
  resultsTo: z.enum(resultsToValues),
  resultsFrom: moment.nullable(),
  resultsAs: z.enum(resultsAsValues),
  afterVote: z.enum(afterVoteValues),
  afterVoteText: z.string(),
  afterVoteLink: z.string(),
  lane: z.enum(lanes),
  mayChange: z.boolean(),
  version: z
    .int()
    .meta({ description: "Send it back with a change to be told of conflicting edits" }),
});

export type PollResponse = z.output<typeof pollResponseSchema>;

const time = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString();

/** A poll as the API shows it. */
export function toPollResponse(poll: Poll, nowMs: number): PollResponse {
  return {
    slug: poll.slug,
    question: poll.question,
    description: poll.description,
    state: pollState(poll, nowMs),
    options: poll.options.map(({ number, label, image = null, pinned = false }) => ({
      id: String(number),
      label,
      image,
      pinned,
    })),
    choicesMin: poll.choicesMin,
    choicesMax: poll.choicesMax,
    opensAt: time(poll.opensAtMs),
    closesAt: time(poll.closesAtMs),
    finalizedAt: time(poll.finalizedAtMs),
    language: poll.language,
    kind: poll.kind,
    optionOrder: poll.optionOrder,
    resultsTo: poll.resultsTo,
    resultsFrom: time(poll.resultsFromMs),
    resultsAs: poll.resultsAs,
    afterVote: poll.afterVote,
    afterVoteText: poll.afterVoteText,
    afterVoteLink: poll.afterVoteLink,
    lane: poll.lane,
    mayChange: poll.mayChange,
    version: poll.version,
  };
}
