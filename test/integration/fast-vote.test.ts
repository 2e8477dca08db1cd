/**
 * A vote on the fast path and a vote that the route's own function handles get the same answer, whatever is wrong
 * with them. A content type with a parameter makes the front leave a vote to the route.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { createPoll, postVote } from "#test/support/ledger.ts";
import { Site } from "#test/support/site.ts";

const fastPathType = "application/json";
const routeType = "application/json; charset=utf-8";
/** These differ from request to request. */
const changing = new Set(["date", "set-cookie", "floodgate-voter"]);

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

describe("a vote on the fast path", () => {
  let site: Site;
  let slug: string;
  before(async () => {
    site = await Site.start();
    slug = await createPoll(site);
  });
  after(() => site?.stop());

  interface Sent {
    readonly body: string | Buffer;
    readonly headers?: Record<string, string>;
    readonly to?: string;
  }

  async function send(type: string, { body, headers = {}, to = slug }: Sent): Promise<Seen> {
    const response = await postVote(site.url, to, body, { "Content-Type": type, ...headers });
    const sent = (await response.json()) as Record<string, unknown>;
    const kept = [...response.headers].map(([name, value]): [string, string] =>
      changing.has(name) ? [name, value.replaceAll(/[^;=]{20,}/g, "…")] : [name, value],
    );
    const { requestId: _, ...rest } = sent;
    return { status: response.status, headers: Object.fromEntries(kept), body: rest };
  }

  const ballot = (more: object = {}) =>
    JSON.stringify({ choices: ["1"], ballotId: randomUUID(), ...more });
  const wrong: Readonly<Record<string, Sent>> = {
    nothing: { body: "" },
    "no JSON": { body: "{" },
    "no UTF-8": { body: Buffer.from([0x22, 0xff, 0x22]) },
    "no object": { body: "[]" },
    "an unknown field": { body: ballot({ more: 1 }) },
    "no choices": { body: ballot({ choices: [] }) },
    "an option that there is not": { body: ballot({ choices: ["77"] }) },
    "too many choices": { body: ballot({ choices: ["1", "2"] }) },
    "a ballot id that is none": { body: ballot({ ballotId: "x" }) },
    "a body that is too large": { body: ballot({ more: "x".repeat(70_000) }) },
    "an unknown poll": { body: ballot(), to: "no-such-poll" },
    "no slug": { body: ballot(), to: "No_Slug" },
    "another site": { body: ballot(), headers: { "Sec-Fetch-Site": "cross-site" } },
    "another origin": { body: ballot(), headers: { Origin: "https://evil.example" } },
  };
  for (const [what, sent] of Object.entries(wrong)) {
    it(`a vote on the fast path gets the refusal that the route gives: ${what}`, async () => {
      const fast = await send(fastPathType, sent);
      assert.ok(fast.status >= 400 && fast.status < 500, String(fast.status));
      assert.deepEqual(fast, await send(routeType, sent));
    });
  }

  it("a vote on the fast path is accepted as by the route, with a cookie and a token for a voter without any", async () => {
    const sent = { body: ballot(), headers: { "Floodgate-Voter": "" } };
    const fast = await send(fastPathType, sent);
    const again = await send(routeType, sent);
    assert.equal(fast.status, 202);
    assert.ok(fast.headers["set-cookie"] && fast.headers["floodgate-voter"]);
    const { results: _, ...first } = fast.body;
    const { results: __, ...second } = again.body;
    assert.deepEqual(first, second);
    const ofLength = (headers: Seen["headers"]) => ({ ...headers, "content-length": "" });
    assert.deepEqual(ofLength(fast.headers), ofLength(again.headers));
  });

  it("a vote on the fast path is refused as by the route when the cookie's voter has voted", async () => {
    const response = await postVote(site.url, slug, ballot());
    const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
    const sent = { body: ballot(), headers: { Cookie: `a=1; ${cookie}` } };
    const [fast, route] = [await send(fastPathType, sent), await send(routeType, sent)];
    for (const { status, body } of [fast, route]) {
      assert.equal(status, 409);
      assert.equal(body.code, "already_voted");
    }
  });
});
