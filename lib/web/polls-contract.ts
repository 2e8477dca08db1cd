/** The contract of `GET /api/polls`: its query, its answer, and its entry in the OpenAPI document. */
import { z } from "zod";
import type { PollId } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { type FoundPage, pollFilters } from "../store/poll-lists.ts";
import { pollResponseSchema, toPollResponse } from "./contract.ts";

const cursorPattern = /^before (\d{1,10})$/;

/** Where the next page of `GET /api/polls` begins, as clients send it back. */
const cursorOf = (id: PollId) => Buffer.from(`before ${id}`).toString("base64url");

/** The poll before which a page begins. */
const cursorSchema = z.string().transform((text, context) => {
  const id = Number(cursorPattern.exec(Buffer.from(text, "base64url").toString())?.[1]) as PollId;
  if (cursorOf(id) === text) return id;
  context.addIssue("must be `next` of an earlier answer");
  return z.NEVER;
});

const pageLengthMax = 100;

/** The query of `GET /api/polls` */
export const pollsQuerySchema = z.strictObject({
  state: z.enum(pollFilters).optional().meta({
    description: "Only polls in this state; `closed` is `closing` and `final`",
  }),
  q: z.string().optional().meta({
    description: "Only polls with each of these words in the question or the slug",
  }),
  limit: z.coerce.number().int().min(1).max(pageLengthMax).default(50).meta({
    description: "How many polls the answer has at most",
  }),
  cursor: cursorSchema.optional().meta({ description: "`next` of the answer before" }),
});

/** `GET /api/polls` */
export const pollsResponseSchema = z.object({
  polls: z.array(pollResponseSchema).meta({ description: "The newest first" }),
  next: z.string().nullable().meta({
    description: "The `cursor` of the request for older polls; `null`: there are none",
  }),
});

/** A page of polls as the API shows it. */
export function toPollsResponse(
  { polls, hasOlder }: FoundPage<Poll>,
  nowMs: number,
): z.output<typeof pollsResponseSchema> {
  const last = polls.at(-1);
  return {
    polls: polls.map(poll => toPollResponse(poll, nowMs)),
    next: hasOlder && last ? cursorOf(last.id) : null,
  };
}

/** The operation in the OpenAPI document, without its answers. */
export function listPollsOperation(): Readonly<Record<string, unknown>> {
  const query = z.toJSONSchema(pollsQuerySchema, { io: "input", unrepresentable: "any" });
  const parameters = Object.entries(query.properties ?? {}).map(([name, of]) => {
    const { description, ...schema } = of as Readonly<Record<string, unknown>>;
    return { name, in: "query", description, schema };
  });
  return {
    summary: "A page of polls, drafts included, the newest first",
    description:
      "State and words can be combined. A request for the next page sends `next` as `cursor`.",
    parameters,
  };
}
