/**
 * The HTTP contract: schemas of requests and answers. Routes parse with them and the OpenAPI document is generated
 * from them, so the two cannot disagree.
 */
import { z } from "zod";
import { languages } from "../base/languages.ts";
import { revisionMax } from "../model/ballot.ts";
import { ballotIdOf } from "../model/ballot-id.ts";
import { editionLengthMax, editionOf } from "../model/edition.ts";
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
import {
  editionSchema,
  momentSchema,
  optionIdSchema,
  pollStateSchema,
  resultsSchema,
} from "../model/results.ts";
import { type ReceiptReport, receiptStates } from "../receipts/find-receipt.ts";

export const ballotIdSchema = z.uuid().transform(ballotIdOf).meta({
  description:
    "A UUID that the client chooses for this ballot. A ballot that is sent again under the same id is counted once.",
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
            "must be an option's id; in a rating, followed by `:` and a grade",
          ),
      )
      .max(optionNumberMax)
      .meta({
        description:
          "Option ids. In a ranked poll the favourite comes first; in a rating each id has its grade, as in `2:5`. An empty list together with `replaces` withdraws the vote",
        example: ["2"],
      }),
    ballotId: ballotIdSchema.optional(),
    edition: editionSchema.max(editionLengthMax).optional().meta({
      description:
        "The edition of the poll that the reader saw, from the poll or its results. The vote is refused with `poll_replaced` when the slug has another poll now, or the poll another question or other options. Without it, the vote counts in the poll that has the slug",
    }),
    replaces: z
      .int()
      .min(0)
      .max(revisionMax - 1)
      .optional()
      .meta({
        description:
          "To change a ballot in a poll with `mayChange`: the current ballot's revision. When another change came first, the request is refused with `ballot_changed`",
      }),
  })
  .refine(({ choices, replaces }) => choices.length > 0 || replaces !== undefined, {
    path: ["choices"],
    message: "must name an option",
  });

/** Below the time-outs of proxies, which are 30 s or more. */
export const waitSecondsMax = 25;

/** The query of `GET /api/polls/{poll}/results` */
export const resultsQuerySchema = z
  .object({
    after: z.coerce.number().int().min(0).optional(),
    wait: z.coerce.number().int().min(0).max(waitSecondsMax).default(0),
  })
  .refine(query => query.after !== undefined || query.wait === 0, {
    path: ["wait"],
    message: "must be sent together with `after`",
  });

const pixels = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, "must be a whole number of pixels")
  .transform(Number);

/** The query of `GET /oembed` */
export const oembedQuerySchema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  format: z.string().default("json"),
  maxwidth: pixels.optional(),
  maxheight: pixels.optional(),
});

export const castResponseSchema = z.object({
  ballotId: z.uuid(),
  revision: z.int().min(0).meta({
    description:
      "0 for a voter's first ballot, and one more with each change; a change names it in `replaces`",
  }),
  receipt: z.string().meta({
    description: "A code with which to look up later what became of the ballot",
    example: "0000022f-7k1q0vdb-3m9s4a1e-hc52tj8u",
  }),
  results: resultsSchema.nullable().meta({
    description:
      "The results with this ballot counted in; `null` when they can't be read right now",
  }),
});

const ballotCount = (description: string) => z.int().min(0).meta({ description });

/** `accepted = counted + replaced + withdrawn + waiting + duplicate + setAside + lost` */
export const booksSchema = z.object({
  accepted: ballotCount("Ballots that were acknowledged, by the fronts' own count"),
  counted: ballotCount("Ballots in the result"),
  replaced: ballotCount(
    "Ballots that were changed or withdrawn: a later ballot of the same voter counts instead",
  ),
  withdrawn: ballotCount("Withdrawals in force; their voters count as non-voters"),
  waiting: ballotCount("Ballots in the queue, not stored yet"),
  duplicate: ballotCount("Further ballots of voters who had voted already"),
  setAside: ballotCount("Ballots that could not be counted; kept as dead letters, with the reason"),
  lost: ballotCount("Ballots that were accepted and found nowhere while all queues were quiescent"),
  repeated: ballotCount(
    "Redeliveries of a ballot that is stored already; in none of the other numbers",
  ),
  balanced: z.boolean().meta({ description: "Whether the equation holds; `false` is an alarm" }),
});

/** `GET /api/receipts/{code}` */
export const receiptResponseSchema = z.object({
  receipt: z.string(),
  poll: z
    .object({ slug: z.string(), question: z.string() })
    .nullable()
    .meta({ description: "`null` when the poll has been deleted" }),
  state: z.enum(receiptStates).meta({
    description:
      "waiting: received, not stored yet; counted: stored, and in the running results; final: in the final result; replaced: changed or withdrawn by its voter since; withdrawn: a withdrawal in force; duplicate: another ballot of this voter counts; set_aside: could not be counted, and is kept with the reason; lost: accepted, and found nowhere; missing: not in the final result; gone: the poll has been deleted",
  }),
  receivedAt: momentSchema.nullable().meta({ description: "`null` until the ballot is stored" }),
  storedAt: momentSchema
    .nullable()
    .meta({ description: "`null` until the ballot is stored, and again long afterwards" }),
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
  edition: editionSchema,
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
  reopenings: z
    .array(
      z.object({
        reopenedAt: momentSchema,
        finalAt: momentSchema.nullable().meta({ description: "`null`: it is being counted" }),
        reason: z.string(),
      }),
    )
    .meta({
      description: "Each time the count was reopened after the poll was final, oldest first",
    }),
  language: z.enum(languages).nullable().meta({
    description:
      "Language of the page around the poll; `null`: the one that each reader's browser prefers",
  }),
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
  listed: z.boolean(),
  version: z.int().meta({
    description: "Send it with a change: the change is refused if the poll has been changed since",
  }),
});

export type PollResponse = z.output<typeof pollResponseSchema>;

const time = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString();

/** A poll as the API shows it. */
export function toPollResponse(poll: Poll, nowMs: number): PollResponse {
  return {
    slug: poll.slug,
    edition: editionOf(poll),
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
    reopenings: (poll.reopenings ?? []).map(({ reopenedAtMs, finalAtMs, reason }) => ({
      reopenedAt: new Date(reopenedAtMs).toISOString(),
      finalAt: time(finalAtMs),
      reason,
    })),
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
    listed: poll.listed,
    version: poll.version,
  };
}
