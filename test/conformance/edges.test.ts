/**
 * Requests at the edge of what HTTP allows, on every route, by the front and by a plain `next start`: each is answered,
 * with no 5xx, and every refusal says why.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type NextStart, startNext } from "#test/support/next-start.ts";
import { plainRequest } from "#test/support/plain-http.ts";
import { type RawAnswer, rawRequest } from "#test/support/raw-http.ts";
import { Site } from "#test/support/site.ts";
import { undisturbed } from "#test/support/stalls.ts";
import {
  allRoutes,
  methods,
  oddHeaders,
  oddHosts,
  oddParameters,
  oddTargets,
  pathOf,
} from "./routes.ts";

const routes = allRoutes();
/** Requests under way at a time. */
const atATime = 8;

describe("every route, at the edge of HTTP", () => {
  let site: Site;
  let next: NextStart;
  let ports: Readonly<Record<string, number>>;
  let cookie = "";

  before(async () => {
    site = await Site.start({ env: { PUBLIC_URL: "http://polls.example" } });
    next = await startNext(site, {
      FLOODGATE_QUEUE_FIRST_HOME: "1",
      FLOODGATE_STATE_DIR: join(site.directory, "state-of-next"),
    });
    ports = { "the front": site.fronts[0]?.port ?? 0, "a plain next start": next.port };
    const { email, password } = site.seeded.editor;
    const signedIn = await plainRequest(ports["the front"] ?? 0, {
      method: "POST",
      path: "/api/auth/sign-in/email",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    cookie = (signedIn.headers["set-cookie"] ?? []).map(line => line.split(";")[0]).join("; ");
    assert.equal(signedIn.status, 200);
  });
  after(async () => {
    await next?.stop();
    await site?.stop();
  });

  const head = (target: string, { method = "GET", host = "polls.example", headers = "" } = {}) =>
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n` +
    `${target.startsWith("/studio") ? `Cookie: ${cookie}\r\n` : ""}${headers ? `${headers}\r\n` : ""}\r\n`;

  /** A path of this route that exists. */
  const existing = (path: string): string => {
    const poll = site.seeded.polls[0] ?? "";
    return path.replace("[poll]", poll).replace(/\[[^\]]+\]/, "x") || "/";
  };

  /** Sends each to both servers, and collects what is wrong with the answers. */
  async function faultsOf(
    requests: readonly string[],
    faultOf: (answer: RawAnswer, request: string) => string | undefined,
  ): Promise<string[]> {
    const faults: string[] = [];
    const waiting = Object.entries(ports).flatMap(([name, port]) =>
      requests.map(request => ({ name, port, request })),
    );
    const work = async () => {
      for (let one = waiting.pop(); one; one = waiting.pop()) {
        const { name, port, request } = one;
        const answer = await rawRequest(port, request);
        const fault = faultOf(answer, request);
        if (fault) faults.push(`${name}: ${request.slice(0, 200)} ${answer.status} ${fault}`);
      }
    };
    await Promise.all(Array.from({ length: atATime }, work));
    return faults;
  }

  /** `undefined` for an answer that a person or a program can use. */
  function faultOf({ status, headers, body }: RawAnswer, request: string): string | undefined {
    if (status === 0) return "no answer";
    if (status >= 500) return body.slice(0, 100);
    if (status === 405 && !headers.allow) return "no Allow";
    if (status < 400 || request.startsWith("HEAD ")) return undefined;
    const type = headers["content-type"] ?? "";
    if (!/^(text\/html|text\/plain|application\/(problem\+)?json)/.test(type))
      return `type ${type}`;
    return /[a-z]{3}/.test(body) ? undefined : "no words";
  }

  const none = async (requests: readonly string[], fault = faultOf) =>
    undisturbed(async () => assert.deepEqual(await faultsOf(requests, fault), []));

  it("every route of app/ is in this test", () => {
    assert.ok(routes.length > 30, String(routes.length));
    assert.ok(routes.some(({ path }) => path === "/studio/polls/[poll]"));
  });

  it("no odd address in any route is a 5xx, or refused without words", () =>
    none([
      ...routes.flatMap(route => oddParameters.map(value => head(pathOf(route, value)))),
      ...oddTargets.map(target => head(target)),
    ]));

  it("an address that is no percent-encoded UTF-8 is refused with 400, on every route", () =>
    none(
      routes.flatMap(route => ["%FF", "%E0%A4%A", "%"].map(value => head(pathOf(route, value)))),
      answer => (answer.status === 400 ? undefined : "not 400"),
    ));

  it("no method on any route is a 5xx, or refused without Allow and words", () =>
    none(routes.flatMap(({ path }) => methods.map(method => head(existing(path), { method })))));

  it("OPTIONS says what a route takes, and a method that it does not take is a 405", () => {
    const served = routes.filter(({ path }) => !path.includes("[...path]"));
    return none(
      served.flatMap(({ path }) =>
        ["OPTIONS", "PUT", "TRACE"].map(method => head(existing(path), { method })),
      ),
      ({ status, headers, body }, request) => {
        const wanted = request.startsWith("OPTIONS") ? 204 : 405;
        if (status !== wanted) return `not ${wanted}`;
        if (!headers.allow?.includes("OPTIONS")) return `Allow: ${headers.allow}`;
        return wanted === 204 || body.includes("method_not_allowed") ? undefined : "no words";
      },
    );
  });

  it("no odd header on any route is a 5xx, or refused without words", () =>
    none(
      routes.flatMap(({ path, isPage }) =>
        (isPage || /votes|auth|preview/.test(path) ? ["GET", "POST"] : ["GET"]).flatMap(method =>
          oddHeaders.map(headers => head(existing(path), { method, headers })),
        ),
      ),
    ));

  it("a Host that is none is refused with 400, and one that is missing or empty is not needed", async () => {
    const paths = ["/readyz", "/", `/p/${site.seeded.polls[0]}`, "/studio/sign-in", "/api/books"];
    await none(
      paths.flatMap(path => oddHosts.map(host => head(path, { host }))),
      ({ status }, request) =>
        request.includes("Host: \r\n") === (status === 400) ? "wrongly taken" : undefined,
    );
    const checks = ["GET /readyz", "OPTIONS /", "GET /", "GET /studio/sign-in", "HEAD /healthz"];
    await none(
      checks.map(check => `${check} HTTP/1.0\r\n\r\n`),
      ({ status }) => (status === 200 || status === 204 ? undefined : "refused"),
    );
  });

  it("an HTTP/1.0 client may keep its connection to the front", async () => {
    for (const path of ["/readyz", `/p/${site.seeded.polls[0]}`]) {
      const first = `GET ${path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`;
      const answer = await rawRequest(
        ports["the front"] ?? 0,
        `${first}GET ${path} HTTP/1.0\r\n\r\n`,
      );
      assert.match(answer.body, /HTTP\/1\.1 200/, `${path}: the second was not answered`);
    }
  });

  it("a form of the studio that another site sent is refused, and one that can't be read is a 400", () =>
    none(
      ["/studio/new", "/studio/sign-in"].flatMap(path => [
        ...["http://", "not a url", "http://[::1", "null", "https://evil.example"].map(origin =>
          head(path, { method: "POST", headers: `Origin: ${origin}\r\nContent-Length: 0` }),
        ),
        head(path, {
          method: "POST",
          headers: "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1\r\n\r\nx",
        }),
      ]),
      ({ status }, request) =>
        status === (request.includes("Origin") ? 403 : 400) ? undefined : "not refused",
    ));

  it("a file is sent whatever ranges and conditions are asked for, and takes GET and HEAD only", () => {
    const files = [
      ...readdirSync("public", { recursive: true, withFileTypes: true })
        .filter(file => file.isFile())
        .map(file => join(file.parentPath, file.name).replace(/^public/, "")),
      ...readdirSync(".next/static/chunks")
        .slice(0, 3)
        .map(name => `/_next/static/chunks/${name}`),
    ].filter(path => !path.includes("generated"));
    assert.ok(files.length > 5 && readFileSync(`public${files[0]}`).length > 0);
    return none([
      ...files.flatMap(path => methods.map(method => head(path, { method }))),
      ...files.flatMap(path => oddHeaders.map(headers => head(path, { headers }))),
    ]);
  });
});
