/** Requests that both ways of serving must answer in the same way. */
import { randomUUID } from "node:crypto";
import type { PlainAnswer, PlainRequest } from "#test/support/plain-http.ts";

/** One of the two servers, with a poll of its own to vote in; the two polls differ in their slugs only. */
export interface Target {
  readonly ask: (request: PlainRequest) => Promise<PlainAnswer>;
  /** Open, and voted in through this target only. */
  readonly own: string;
  /** Open, only ever read. */
  readonly open: string;
  readonly closed: string;
  readonly draft: string;
}

export type Send = (target: Target) => Promise<PlainAnswer>;

export const json = { "Content-Type": "application/json" };
export const form = { "Content-Type": "application/x-www-form-urlencoded" };
export const ballot = (more: object = {}) =>
  JSON.stringify({ choices: ["1"], ballotId: randomUUID(), ...more });

export const get =
  (path: (target: Target) => string, headers: Record<string, string> = {}): Send =>
  target =>
    target.ask({ path: path(target), headers });

export const as =
  (method: string, path: (target: Target) => string, headers: Record<string, string> = {}): Send =>
  target =>
    target.ask({ method, path: path(target), headers });

const votes = ({ own }: Target) => `/api/polls/${own}/votes`;
const results = ({ open }: Target) => `/api/polls/${open}/results`;

export const cast =
  (body: () => string | Uint8Array, headers: Record<string, string> = json, to = votes): Send =>
  target =>
    target.ask({ method: "POST", path: to(target), headers, body: body() });

/** By a voter who has voted already. */
const castAgain =
  (body: (ballotId: string) => string, headers: Record<string, string> = json): Send =>
  async target => {
    const ballotId = randomUUID();
    const first = await cast(() => ballot({ ballotId }))(target);
    const cookie = first.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    return cast(() => body(ballotId), { ...headers, Cookie: `other=1; ${cookie}` })(target);
  };

/** By a browser that accepts cookies. */
const castByForm =
  (fields: string): Send =>
  async target => {
    const first = await cast(() => fields, form)(target);
    const cookie = first.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    return target.ask({
      method: "POST",
      path: first.headers.location ?? "",
      headers: { ...form, Cookie: cookie },
      body: fields,
    });
  };

/** A request for `path` with the `ETag` of its current answer. */
const getAgain =
  (path: (target: Target) => string): Send =>
  async target => {
    // The answer may change in between: then once more.
    for (let tries = 0; ; tries++) {
      const first = await target.ask({ path: path(target) });
      const headers = { "If-None-Match": first.headers.etag ?? "" };
      const again = await target.ask({ path: path(target), headers });
      if (again.status === 304 || tries === 20) return again;
    }
  };

const otherEdition = "0123456789abcdef.AAAAAAAAAAA";

/** With the edition that the poll has now. */
const castWithEdition =
  (requestOf: (edition: string) => Pick<PlainRequest, "headers" | "body">): Send =>
  async target => {
    const { body } = await target.ask({ path: `/api/polls/${target.own}` });
    const { edition } = JSON.parse(body) as { edition: string };
    return target.ask({ method: "POST", path: votes(target), ...requestOf(edition) });
  };

const voting: Readonly<Record<string, Send>> = {
  "a vote": cast(() => ballot()),
  "a vote that begins with a byte-order mark": cast(() => `\ufeff${ballot()}`),
  "a vote that begins with a byte-order mark, with a charset": cast(() => `\ufeff${ballot()}`, {
    "Content-Type": "application/json; charset=utf-8",
  }),
  "a vote without a ballot id": cast(() => JSON.stringify({ choices: ["1"] })),
  "a vote of an embed": cast(() => ballot(), { ...json, "Floodgate-Voter": "" }),
  "a vote from our own page": cast(() => ballot(), { ...json, "Sec-Fetch-Site": "same-origin" }),
  "a vote whose content type has a parameter": cast(() => ballot(), {
    "Content-Type": "application/json; x=y",
  }),
  "the same vote again": castAgain(ballotId => ballot({ ballotId })),
  "another vote by the same voter": castAgain(() => ballot({ choices: ["2"] })),
  "other choices under the same ballot id": castAgain(ballotId =>
    ballot({ ballotId, choices: ["2"] }),
  ),
  "a vote without a body": cast(() => ""),
  "a vote whose body is not JSON": cast(() => "{"),
  "a vote whose body is not UTF-8": cast(() => Buffer.from([0x22, 0xff, 0x22])),
  "a vote whose body is no object": cast(() => "[]"),
  "a vote with an unknown field": cast(() => ballot({ more: 1 })),
  "a vote without choices": cast(() => ballot({ choices: [] })),
  "a vote for an unknown option": cast(() => ballot({ choices: ["77"] })),
  "a vote with too many choices": cast(() => ballot({ choices: ["1", "2"] })),
  "a vote with an invalid ballot id": cast(() => ballot({ ballotId: "x" })),
  "a vote with too large a body": cast(() => ballot({ more: "x".repeat(70_000) })),
  "a vote with too large a body of unknown length": target =>
    target.ask({
      method: "POST",
      path: votes(target),
      headers: json,
      body: ballot({ more: "x".repeat(70_000) }),
      chunked: true,
    }),
  "a vote with another content type": cast(() => ballot(), { "Content-Type": "text/plain" }),
  "a vote without a content type": cast(() => ballot(), {}),
  "a vote from another site": cast(() => ballot(), { ...json, "Sec-Fetch-Site": "cross-site" }),
  "a vote from another origin": cast(() => ballot(), { ...json, Origin: "https://evil.example" }),
  "a vote in an unknown poll": cast(
    () => ballot(),
    json,
    () => "/api/polls/no-such-poll/votes",
  ),
  "a vote under an invalid slug": cast(
    () => ballot(),
    json,
    () => "/api/polls/No_Slug/votes",
  ),
  "a vote in a closed poll": cast(
    () => ballot(),
    json,
    ({ closed }) => `/api/polls/${closed}/votes`,
  ),
  "a vote in a draft": cast(
    () => ballot(),
    json,
    ({ draft }) => `/api/polls/${draft}/votes`,
  ),
  "a vote from a page of the poll as it is": castWithEdition(edition => ({
    headers: { ...json, "Floodgate-Edition": edition },
    body: ballot(),
  })),
  "a vote whose body names the edition": castWithEdition(edition => ({
    headers: json,
    body: ballot({ edition }),
  })),
  "a form of the poll as it is": castWithEdition(edition => ({
    headers: form,
    body: `choice=1&edition=${edition}`,
  })),
  "a vote from a page of another poll": cast(() => ballot(), {
    ...json,
    "Floodgate-Edition": otherEdition,
  }),
  "a vote whose body names another edition": cast(() => ballot({ edition: otherEdition })),
  "a vote with too long an edition": cast(() => ballot({ edition: "x".repeat(50) })),
  "a change from a page of another poll": cast(() =>
    ballot({ choices: [], replaces: 0, edition: otherEdition }),
  ),
  "a form of another poll": cast(() => `choice=1&edition=${otherEdition}`, form),
  "a form of another poll in an embed": cast(
    () => `choice=1&edition=${otherEdition}`,
    form,
    target => `${votes(target)}?from=embed`,
  ),
  "a form without a cookie": cast(() => "choice=1", form),
  "a form": castByForm("choice=1"),
  "a form in an embed": async target => {
    const path = `${votes(target)}?from=embed`;
    return target.ask({ method: "POST", path, headers: form, body: "choice=1" });
  },
  "a form from a browser without cookies": target =>
    target.ask({
      method: "POST",
      path: `${votes(target)}?cookie`,
      headers: form,
      body: "choice=1",
    }),
  "a form without a choice": castByForm(""),
  "a form with too many choices": castByForm("choice=1&choice=2"),
  "a form of a voter who has voted": castAgain(() => "choice=2", form),
};

const reading: Readonly<Record<string, Send>> = {
  results: get(results),
  "results that the client has": getAgain(results),
  "results that have changed": get(results, { "If-None-Match": 'W/"1-1-"' }),
  "newer results": get(target => `${results(target)}?after=1`),
  "results held until something is newer": get(
    target => `${results(target)}?after=9007199254740991&wait=1`,
  ),
  "results held by a page of another poll": get(
    target => `${results(target)}?after=9007199254740991&wait=1`,
    { "Floodgate-Edition": otherEdition },
  ),
  "results with a bad query": get(target => `${results(target)}?after=x`),
  "results of an unknown poll": get(() => "/api/polls/no-such-poll/results"),
  "results of a draft": get(({ draft }) => `/api/polls/${draft}/results`),
  "final results": get(({ closed }) => `/api/polls/${closed}/results`),
  "a stream": target => target.ask({ path: `${results(target)}/stream`, until: /^data: .*\n\n/m }),
  "a stream for a viewer with a higher version": target =>
    target.ask({
      path: `${results(target)}/stream`,
      headers: { "Last-Event-ID": "9007199254740991" },
      until: /^data: .*\n\n/m,
    }),
  "a stream of an unknown poll": get(() => "/api/polls/no-such-poll/results/stream"),
  "a poll": get(({ open }) => `/api/polls/${open}`),
  "a draft": get(({ draft }) => `/api/polls/${draft}`),
  "an unknown poll": get(() => "/api/polls/no-such-poll"),
  health: get(() => "/healthz"),
  readiness: get(() => "/readyz"),
  "the script for articles": get(() => "/embed.js"),
  "the script for articles that the client has": getAgain(() => "/embed.js"),
  "the readers' script": async target => {
    const { body } = await target.ask({ path: `/p/${target.open}` });
    return target.ask({ path: /\/assets\/[^"]+/.exec(body)?.[0] ?? "" });
  },
  "an unknown script": get(() => "/assets/another.js"),
};

const pages: Readonly<Record<string, Send>> = Object.fromEntries(
  ["/p/", "/embed/"].flatMap(before =>
    ["", "/results"].flatMap(rest => {
      const path = ({ open }: Target) => before + open + rest;
      const page = `${before}{poll}${rest}`;
      return [
        [page, get(path)],
        [`${page} in another language`, get(path, { "Accept-Language": "sv, en;q=0.5" })],
        [`${page} in the address's language`, get(target => `${path(target)}?lang=ar`)],
        [`${page} after a page of another poll`, get(target => `${path(target)}?replaced`)],
        [`${page} that the client has`, getAgain(path)],
        [`${page} of a closed poll`, get(({ closed }) => before + closed + rest)],
        [`${page} of a draft`, get(({ draft }) => before + draft + rest)],
        [`${page} of an unknown poll`, get(() => `${before}no-such-poll${rest}`)],
        [`${page} of an invalid slug`, get(() => `${before}No_Slug${rest}`)],
        [`HEAD ${page}`, as("HEAD", path)],
      ];
    }),
  ),
);

const unusual: Readonly<Record<string, Send>> = {
  "HEAD results": as("HEAD", results),
  "HEAD embed.js": as("HEAD", () => "/embed.js"),
  "GET votes": get(votes),
  "PUT votes": as("PUT", votes),
  "DELETE results": as("DELETE", results),
  "POST results": as("POST", results),
  "POST a page": as("POST", ({ open }) => `/p/${open}`),
  "a preflight for results": as("OPTIONS", results, {
    Origin: "https://news.example",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "if-none-match",
  }),
  "a preflight for votes": as("OPTIONS", votes, {
    Origin: "https://news.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
  }),
  "a slash at the end": get(({ open }) => `/p/${open}/`),
  "an encoded slash": get(() => "/p/a%2Fb"),
  "an address that is not UTF-8": get(() => "/p/%FF"),
  "an embed's address that is not UTF-8": get(() => "/embed/%FF"),
  "an API address that is not UTF-8": get(() => "/api/polls/%FF"),
  "TRACE a page": as("TRACE", ({ open }) => `/p/${open}`),
  "POST a page by a browser": as("POST", ({ open }) => `/p/${open}`, { Accept: "text/html" }),
  "a Host that is none": get(results, { Host: "a b" }),
  "an unknown address of the sign-in library": get(() => "/api/auth/nothing"),
  "a chosen option": get(({ open }) => `/p/${open}?choice=2`),
};

export const requests: Readonly<Record<string, Readonly<Record<string, Send>>>> = {
  voting,
  reading,
  pages,
  unusual,
};
