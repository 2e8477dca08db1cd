/**
 * The OpenAPI document, made from the schemas that the routes parse with.
 *
 * OpenAPI 3.1 speaks JSON Schema, which zod writes by itself; so there is nothing between the two but
 * this list of routes.
 */
import { z } from "zod";
import { type ErrorCode, errorSpec } from "../base/errors.ts";
import { problemSchema } from "../http/problem.ts";
import { resultsSchema } from "../model/results.ts";
import { changeableRulesSchema, createPollSchema, updatePollSchema } from "../polls/schema.ts";
import {
  booksSchema,
  castRequestSchema,
  castResponseSchema,
  pollResponseSchema,
  receiptResponseSchema,
  waitSecondsMax,
} from "./contract.ts";

type JsonSchema = Record<string, unknown>;

function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

const json = (schema: JsonSchema) => ({ "application/json": { schema } });
const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** The problem answers of a route, by status. */
function problems(...codes: ErrorCode[]): Record<string, unknown> {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const { status, title } = errorSpec(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${title}`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, titles]) => [
      String(status),
      {
        description: titles.join("; "),
        content: { "application/problem+json": { schema: ref("Problem") } },
      },
    ]),
  );
}

const outages = ["overloaded", "memcached_unavailable", "queue_full"] as const;
const editing = ["unauthenticated", "forbidden", "mysql_unavailable"] as const;
const editors = { security: [{ token: [] }, { session: [] }] };
const slugParameter = {
  name: "poll",
  in: "path",
  required: true,
  description: "The poll's slug",
  schema: { type: "string" },
};

function queryParameter(name: string, description: string, schema: JsonSchema): JsonSchema {
  return { name, in: "query", description, schema };
}

function pollAnswer(description: string): Record<string, unknown> {
  return { description, content: json(ref("Poll")) };
}

function booksPath(operationId: string, summary: string) {
  return {
    get: {
      operationId,
      summary,
      ...editors,
      responses: {
        "200": { description: "The books", content: json(ref("Books")) },
        ...problems(...editing),
      },
    },
  };
}

function booksPaths() {
  return {
    "/api/books": booksPath("readAllBooks", "What was accepted against what became of it"),
    "/api/polls/{poll}/books": {
      parameters: [slugParameter],
      ...booksPath("readBooks", "What a poll accepted against what became of it"),
    },
  };
}

function votingPaths() {
  return {
    "/api/polls/{poll}/votes": {
      parameters: [slugParameter],
      post: {
        operationId: "castBallot",
        summary: "Cast a ballot",
        description:
          "Answered when the ballot is safely queued. Sending the same ballot again with the same ballotId is answered alike and counted once. With `replaces`, changes or withdraws the ballot that stands. Also takes a plain form (choice=…), which is answered with a redirect to the results.",
        requestBody: { required: true, content: json(ref("CastRequest")) },
        responses: {
          "202": { description: "Accepted", content: json(ref("CastResponse")) },
          ...problems(
            "invalid_request",
            "invalid_ballot",
            "poll_not_open",
            "poll_closed",
            "forbidden",
            "poll_not_found",
            "change_refused",
            "voter_unknown",
            "already_voted",
            "ballot_changed",
            "ballot_id_reused",
            "body_too_large",
            "unsupported_media_type",
            ...outages,
          ),
        },
      },
    },
    "/api/polls/{poll}/results": {
      parameters: [slugParameter],
      get: {
        operationId: "readResults",
        summary: "Running totals",
        description:
          "With `after`, answered only if there is something newer than that version; with `wait` too, held until there is.",
        parameters: [
          queryParameter("after", "A version that is known already", { type: "integer" }),
          queryParameter("wait", "Seconds to wait for something newer", {
            type: "integer",
            maximum: waitSecondsMax,
          }),
        ],
        responses: {
          "200": { description: "The results", content: json(ref("Results")) },
          "204": { description: "Nothing newer than `after`" },
          "304": { description: "Nothing newer than the ETag that was sent" },
          ...problems("invalid_request", "poll_not_found", ...outages),
        },
      },
    },
    "/api/polls/{poll}/results/stream": {
      parameters: [slugParameter],
      get: {
        operationId: "watchResults",
        summary: "Running totals as Server-Sent Events",
        description:
          "An event `results` at once and with every change: its data is the JSON of the results, its id their version. The stream ends after the final results.",
        responses: {
          "200": {
            description: "The stream",
            content: { "text/event-stream": { schema: { type: "string" } } },
          },
          "204": { description: "The final results are known: don't come back" },
          ...problems("poll_not_found", ...outages),
        },
      },
    },
    "/api/receipts/{code}": {
      parameters: [{ ...slugParameter, name: "code", description: "A receipt" }],
      get: {
        operationId: "readReceipt",
        summary: "What became of a ballot",
        description:
          "For whoever has the receipt. It says nothing of who voted, nor of the choices.",
        responses: {
          "200": { description: "What is known", content: json(ref("Receipt")) },
          ...problems("not_found", "overloaded", "mysql_unavailable"),
        },
      },
    },
  };
}

const changeableRules = Object.keys(changeableRulesSchema.shape).join(", ");

function editingPaths() {
  return {
    "/api/polls": {
      post: {
        operationId: "createPoll",
        summary: "Create a poll",
        ...editors,
        requestBody: { required: true, content: json(ref("CreatePoll")) },
        responses: {
          "201": pollAnswer("Created"),
          ...problems("invalid_request", "slug_taken", "body_too_large", ...editing),
        },
      },
    },
    "/api/polls/{poll}": {
      parameters: [slugParameter],
      get: {
        operationId: "readPoll",
        summary: "A published poll",
        responses: { "200": pollAnswer("The poll"), ...problems("poll_not_found", ...outages) },
      },
      patch: {
        operationId: "changePoll",
        summary: "Change a poll",
        description: `A draft or scheduled poll can be changed in every respect. Once a poll is open, only closesAt and ${changeableRules} can be changed; once it is closed, closesAt can't either. Any other change is refused with \`poll_in_use\`, and one whose \`version\` is not the current one with \`edit_conflict\`.`,
        ...editors,
        requestBody: { required: true, content: json(ref("UpdatePoll")) },
        responses: {
          "200": pollAnswer("Changed"),
          ...problems(
            "invalid_request",
            "poll_not_found",
            "edit_conflict",
            "poll_in_use",
            ...editing,
          ),
        },
      },
      delete: {
        operationId: "deletePoll",
        summary: "Delete a poll that is neither open nor closing",
        ...editors,
        responses: {
          "204": { description: "Deleted" },
          ...problems("poll_not_found", "poll_in_use", ...editing),
        },
      },
    },
    "/api/polls/{poll}/export.csv": {
      parameters: [slugParameter],
      get: {
        operationId: "exportBallots",
        summary: "A poll's ballots as CSV",
        description:
          "A row for each ballot, without its voter: when it came, and for each option 1 or 0, its rank, or its grade.",
        ...editors,
        responses: {
          "200": { description: "The ballots", content: { "text/csv": {} } },
          ...problems("poll_not_found", ...editing),
        },
      },
    },
    "/api/polls/{poll}/open": changeOfState("openPoll", "Open a poll now"),
    "/api/polls/{poll}/close": changeOfState("closePoll", "Close a poll now"),
  };
}

function changeOfState(operationId: string, summary: string) {
  return {
    parameters: [slugParameter],
    post: {
      operationId,
      summary,
      ...editors,
      responses: {
        "200": pollAnswer("The poll"),
        ...problems("poll_not_found", "poll_in_use", ...editing),
      },
    },
  };
}

/** The whole document, for a site at `publicUrl`. */
export function openApiDocument(publicUrl: string): Record<string, unknown> {
  return {
    openapi: "3.1.0",
    info: {
      title: "Floodgate",
      version: "1",
      description: "Reader polls: vote, read results, and, for editors, create and close polls.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: publicUrl }],
    paths: { ...votingPaths(), ...editingPaths(), ...booksPaths() },
    components: {
      schemas: {
        Books: schemaOf(booksSchema, "output"),
        CastRequest: schemaOf(castRequestSchema, "input"),
        CastResponse: schemaOf(castResponseSchema, "output"),
        CreatePoll: schemaOf(createPollSchema, "input"),
        Poll: schemaOf(pollResponseSchema, "output"),
        Problem: schemaOf(problemSchema, "output"),
        Receipt: schemaOf(receiptResponseSchema, "output"),
        Results: schemaOf(resultsSchema, "output"),
        UpdatePoll: schemaOf(updatePollSchema, "input"),
      },
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "fg.session_token" },
      },
    },
  };
}
