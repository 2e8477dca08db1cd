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
import { pollState } from "../model/poll-state.ts";
import { momentSchema, optionIdSchema, pollStateSchema, resultsSchema } from "../model/results.ts";
import { type ReceiptReport, receiptStates } from "../receipts/find-receipt.ts";

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
  receivedAt: momentSchema.nullable().meta({ description: "null as long as it is not stored" }),
  storedAt: momentSchema.nullable().meta({ description: "null when not stored, or long ago" }),
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
      id: optionIdSchema,
      label: z.string(),
      image: z.object({ url: z.string(), alt: z.string() }).nullable(),
      pinned: z.boolean(),
    }),
  ),
  choicesMin: z.int(),
  choicesMax: z.int(),
  opensAt: momentSchema.nullable(),
  closesAt: momentSchema.nullable(),
  finalizedAt: momentSchema.nullable(),
  language: z
    .enum(languages)
    .nullable()
    .meta({ description: "Of the texts around the poll; null: as each reader's browser asks" }),
  kind: z.enum(pollKinds),
  optionOrder: z.enum(optionOrders),
  resultsTo: z.enum(resultsToValues),
  resultsFrom: momentSchema.nullable(),
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
