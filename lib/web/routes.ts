/**
 * Every route: its address, its methods, who serves it, and its operation in the OpenAPI document. The front's router
 * (`server/hot-routes.ts`) and the document (`openapi.ts`) are made from this table, and `routes.test.ts` compares it with
 * the files in `app/`. Pages of the studio (`page.tsx`) are Next's own and not in it.
 */
import { operations } from "./openapi-operations.ts";

interface RouteMethod {
  /** Serving processes call the route's function themselves; see `server/hot-routes.ts`. */
  readonly hot?: true;
  /** Its operation, for routes of the API. */
  readonly operation?: keyof typeof operations;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Path → method. A parameter is a whole segment; other methods than these are answered with 405. */
type Routes = Readonly<Record<string, Readonly<Partial<Record<Method, RouteMethod>>>>>;

const page = {};
const hot = { hot: true } as const;

export const routes = {
  "/": { GET: hot },
  "/api/books": { GET: { operation: "readAllBooks" } },
  "/api/openapi.json": { GET: page },
  "/api/polls": { GET: { operation: "listPolls" }, POST: { operation: "createPoll" } },
  "/api/polls/{poll}": {
    GET: { hot: true, operation: "readPoll" },
    PATCH: { operation: "changePoll" },
    DELETE: { operation: "deletePoll" },
  },
  "/api/polls/{poll}/books": { GET: { operation: "readBooks" } },
  "/api/polls/{poll}/close": { POST: { operation: "closePoll" } },
  "/api/polls/{poll}/export.csv": { GET: { operation: "exportBallots" } },
  "/api/polls/{poll}/open": { POST: { operation: "openPoll" } },
  "/api/polls/{poll}/reopen": { POST: { operation: "reopenCount" } },
  "/api/polls/{poll}/results": { GET: { hot: true, operation: "readResults" } },
  "/api/polls/{poll}/results/stream": { GET: { hot: true, operation: "watchResults" } },
  "/api/polls/{poll}/votes": { POST: { hot: true, operation: "castBallot" } },
  "/api/receipts/{code}": { GET: { operation: "readReceipt" } },
  "/assets/{file}": { GET: hot },
  "/bad-request": { GET: page },
  "/demo": { GET: page },
  "/embed.js": { GET: hot },
  "/embed/{poll}": { GET: hot },
  "/embed/{poll}/results": { GET: hot },
  "/healthz": { GET: hot },
  "/oembed": { GET: page },
  "/p/{poll}": { GET: hot },
  "/p/{poll}/og.png": { GET: page },
  "/p/{poll}/results": { GET: hot },
  "/readyz": { GET: hot },
  "/receipt/{code}": { GET: page },
  "/studio/preview": { GET: page, POST: page },
} as const satisfies Routes;

type Table = typeof routes;

/** The hot routes, as `METHOD path`. */
export type HotRoute = {
  [Path in keyof Table]: {
    [M in keyof Table[Path]]: Table[Path][M] extends { readonly hot: true }
      ? `${M & string} ${Path}`
      : never;
  }[keyof Table[Path]];
}[keyof Table];

const parameters: Readonly<Record<string, string>> = {
  poll: "The poll's slug",
  code: "The receipt that the vote was answered with",
};

/** The paths of the OpenAPI document. */
export function openApiPaths(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(routes as Routes).flatMap(([path, methods]) => {
      const documented = Object.entries(methods).flatMap(([method, { operation }]) =>
        operation === undefined
          ? []
          : [[method.toLowerCase(), { operationId: operation, ...operations[operation] }] as const],
      );
      if (documented.length === 0) return [];
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
        name,
        in: "path",
        required: true,
        description: parameters[name],
        schema: { type: "string" },
      }));
      const shared = named.length > 0 ? { parameters: named } : {};
      return [[path, { ...shared, ...Object.fromEntries(documented) }]];
    }),
  );
}
