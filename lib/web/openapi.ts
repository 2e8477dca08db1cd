/**
 * The OpenAPI document, generated from the schemas that the routes parse with. OpenAPI 3.1 uses JSON Schema, which
 * zod can write, so only the operations (`openapi-operations.ts`) and their routes (`routes.ts`) are written by hand.
 */
import { z } from "zod";
import { problemSchema } from "../http/problem.ts";
import { resultsSchema } from "../model/results.ts";
import { createPollSchema, reopenSchema, updatePollSchema } from "../polls/schema.ts";
import {
  booksSchema,
  castRequestSchema,
  castResponseSchema,
  pollResponseSchema,
  receiptResponseSchema,
} from "./contract.ts";
import { pollsResponseSchema } from "./polls-contract.ts";
import { openApiPaths } from "./routes.ts";

function schemaOf(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

/** The document for a site at `publicUrl`. */
export function openApiDocument(publicUrl: string): Record<string, unknown> {
  return {
    openapi: "3.1.0",
    info: {
      title: "Floodgate",
      version: "1",
      description:
        "Reader polls: cast votes and read results; for editors, create, change, open and close polls.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: publicUrl }],
    paths: openApiPaths(),
    components: {
      schemas: {
        Books: schemaOf(booksSchema, "output"),
        CastRequest: schemaOf(castRequestSchema, "input"),
        CastResponse: schemaOf(castResponseSchema, "output"),
        CreatePoll: schemaOf(createPollSchema, "input"),
        Poll: schemaOf(pollResponseSchema, "output"),
        Polls: schemaOf(pollsResponseSchema, "output"),
        Problem: schemaOf(problemSchema, "output"),
        Receipt: schemaOf(receiptResponseSchema, "output"),
        Results: schemaOf(resultsSchema, "output"),
        ReopenCount: schemaOf(reopenSchema, "input"),
        UpdatePoll: schemaOf(updatePollSchema, "input"),
      },
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "fg.session_token" },
      },
    },
  };
}
