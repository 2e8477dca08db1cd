/** Parts of which the routes in the OpenAPI document are made (`openapi-operations.ts`). */
import { type ErrorCode, errorSpec } from "../base/errors.ts";

type JsonSchema = Record<string, unknown>;

export const json = (schema: JsonSchema) => ({ "application/json": { schema } });
export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** The problem answers of a route, by status. */
export function problems(...codes: ErrorCode[]): Record<string, unknown> {
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

export function headerParameter(name: string, description: string): JsonSchema {
  return { name, in: "header", description, schema: { type: "string" } };
}

export function queryParameter(name: string, description: string, schema: JsonSchema): JsonSchema {
  return { name, in: "query", description, schema };
}
