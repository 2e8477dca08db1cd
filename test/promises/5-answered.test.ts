/**
 * Promise 5: every request is answered, with a 2xx or a 4xx that says why; bad input leaves no trace and crashes
 * nothing. `5-outages.test.ts` is about what is answered while a server is away.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { resultsSchema } from "#lib/model/results.ts";
import { castResponseSchema, pollResponseSchema } from "#lib/web/contract.ts";
import { api, createPoll, postVote, results, vote } from "#test/support/ledger.ts";
import { plainRequest } from "#test/support/plain-http.ts";
import { problemOf } from "#test/support/problem.ts";
import { Site } from "#test/support/site.ts";

describe("every request is answered", () => {
  let site: Site;
  let slug: string;
  before(async () => {
    site = await Site.start();
    slug = await createPoll(site);
  });
  after(() => site?.stop());

  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    postVote(site.url, slug, body, headers);

  it("a bad body is answered 400 and leaves nothing behind", async () => {
    const bodies: (string | Buffer)[] = [
      "",
      "{",
      "null",
      "[]",
      '"1"',
      "{}",
      '{"choices":[]}',
      '{"choices":"1"}',
      '{"choices":[1]}',
      '{"choices":["0"]}',
      '{"choices":["-1"]}',
      '{"choices":["1e309"]}',
      '{"choices":["99"]}',
      '{"choices":["1","1"]}',
      '{"choices":["1"],"ballotId":"x"}',
      '{"choices":["1"],"extra":1}',
      '{"choices":["1"],"__proto__":{"polluted":true}}',
      '{"choices":{"length":1,"0":"1"}}',
      '{"choices":["__proto__"]}',
      `{"choices":[${'"1",'.repeat(60)}"1"]}`,
      `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
      '{"choices":["1"]} trailing',
      Buffer.from('\ufeff{"choices":["1"]}', "utf16le"),
      Buffer.from([0xff, 0xfe, 0x7b]),
    ];
    for (const body of bodies) {
      const problem = await problemOf(await post(body), 400);
      assert.match(problem.code, /^invalid_(request|ballot)$/);
    }
    await site.drained();
    assert.equal((await results(site, slug)).ballots, 0);
  });

  it("a large body is answered 413, announced or not", async () => {
    await problemOf(await post("x".repeat(100_000)), 413);
    const endless = new ReadableStream({
      pull: controller => controller.enqueue(new TextEncoder().encode("x".repeat(16_384))),
    });
    const response = await fetch(`${site.url}/api/polls/${slug}/votes`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: endless,
      duplex: "half",
    } as RequestInit).catch(() => undefined);
    if (response) assert.equal(response.status, 413);
    assert.equal((await fetch(`${site.url}/healthz`)).status, 200);
  });

  it("another media type is answered 415, another method 405 or 404", async () => {
    await problemOf(await post("choice=1", { "Content-Type": "text/plain" }), 415);
    await problemOf(await post("x", { "Content-Type": "multipart/form-data; boundary=x" }), 415);
    const get = await fetch(`${site.url}/api/polls/${slug}/votes`);
    assert.ok(get.status === 405 || get.status === 404, String(get.status));
  });

  it("a poll that does not exist or has an impossible slug is answered 404", async () => {
    for (const path of [
      "nowhere",
      "NoWhere",
      "a%2Fb",
      "..%2f..%2fetc",
      "constructor",
      "x".repeat(300),
    ]) {
      const response = await fetch(`${site.url}/api/polls/${path}/results`);
      assert.equal(response.status, 404, path);
    }
    await problemOf(await vote(site.url, "nowhere", { choices: ["1"] }), 404);
  });

  it("a vote in a poll that is not open is answered 403 with its state", async () => {
    const opensAt = new Date(Date.now() + 3_600_000).toISOString();
    const scheduled = await createPoll(site, { opensAt });
    assert.equal(
      (await problemOf(await vote(site.url, scheduled, { choices: ["1"] }), 403)).code,
      "poll_not_open",
    );
    const draft = await createPoll(site, { opensAt: null });
    assert.equal(
      (await problemOf(await vote(site.url, draft, { choices: ["1"] }), 403)).code,
      "poll_not_open",
    );
    assert.equal(
      (await fetch(`${site.url}/api/polls/${draft}`)).status,
      404,
      "a draft is not visible",
    );
    assert.equal((await api(site, "GET", `/api/polls/${draft}`)).status, 200);
  });

  it("a vote from another site is answered 403 whatever it carries", async () => {
    const foreign = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
    await problemOf(await post('{"choices":["1"]}', foreign), 403);
    const form = await fetch(`${site.url}/api/polls/${slug}/votes`, {
      method: "POST",
      headers: { ...foreign, "Content-Type": "application/x-www-form-urlencoded" },
      body: "choice=1",
    });
    await problemOf(form, 403);
  });

  it("an edit without a token or with a wrong one is answered 401", async () => {
    const body = JSON.stringify({ question: "?", options: [{ label: "a" }, { label: "b" }] });
    for (const token of [undefined, "Bearer x", "Bearer fg_AAAA", "Basic eDp5"]) {
      const response = await fetch(`${site.url}/api/polls`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(token && { Authorization: token }) },
        body,
      });
      await problemOf(response, 401);
    }
    await problemOf(await fetch(`${site.url}/api/polls/${slug}`, { method: "DELETE" }), 401);
  });

  it("the same question asked again creates a new poll each time", async () => {
    const slugs = new Set<string>();
    for (let week = 0; week < 60; week++) {
      const response = await api(site, "POST", "/api/polls", {
        question: "Who was player of the match?",
        options: [{ label: "The keeper" }, { label: "The striker" }],
      });
      assert.equal(response.status, 201);
      slugs.add(((await response.json()) as { slug: string }).slug);
    }
    assert.equal(slugs.size, 60);
  });

  it("conflicting and late edits are answered 409", async () => {
    const draft = await createPoll(site, { opensAt: null });
    const changed = await api(site, "PATCH", `/api/polls/${draft}`, {
      question: "New?",
      version: 1,
    });
    assert.equal(changed.status, 200);
    const stale = await api(site, "PATCH", `/api/polls/${draft}`, { question: "Old?", version: 1 });
    assert.equal((await problemOf(stale, 409)).code, "edit_conflict");
    const late = await api(site, "PATCH", `/api/polls/${slug}`, { question: "Other words?" });
    assert.equal((await problemOf(late, 409)).code, "poll_in_use");
    const taken = await api(site, "PATCH", `/api/polls/${draft}`, { slug });
    assert.equal((await problemOf(taken, 409)).code, "slug_taken");
    const open = await api(site, "DELETE", `/api/polls/${slug}`);
    assert.equal((await problemOf(open, 409)).code, "poll_in_use");
    assert.equal((await api(site, "DELETE", `/api/polls/${draft}`)).status, 204);
    assert.equal((await api(site, "GET", `/api/polls/${draft}`)).status, 404);
  });

  it("answers have the contract's shapes, and its document is valid OpenAPI", async () => {
    const cast = await vote(site.url, slug, { choices: ["1"], ballotId: randomUUID() });
    castResponseSchema.parse(await cast.json());
    pollResponseSchema.parse(await (await fetch(`${site.url}/api/polls/${slug}`)).json());
    resultsSchema.parse(await (await fetch(`${site.url}/api/polls/${slug}/results`)).json());
    const document = await (await fetch(`${site.url}/api/openapi.json`)).json();
    const { valid, errors } = await new Validator().validate(document as Record<string, unknown>);
    assert.ok(valid, JSON.stringify(errors));
  });

  it("invalid, slow and broken requests are answered in time", async () => {
    for (const junk of [
      "\0\0\0\0",
      "GET / HTTP/1.1\r\n\r\n",
      "POST /api/polls/x/votes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
    ]) {
      const socket = connect(site.fronts[0]?.port ?? 0, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(junk);
      await new Promise(resolve => setTimeout(resolve, 50));
      socket.destroy();
    }
    assert.equal((await fetch(`${site.url}/healthz`)).status, 200);
  });

  it("a request with an impossible Host header is answered", async () => {
    const port = site.fronts[0]?.port ?? 0;
    assert.equal((await fetch(`${site.url}/p/${slug}`)).status, 200);
    const body = JSON.stringify({ choices: ["1"], ballotId: randomUUID() });
    for (const Host of ["a:99999", "1.2.3.999", "a:1:2", "[::"]) {
      for (const path of [
        `/p/${slug}?choice=1`,
        `/embed/${slug}?change`,
        "/",
        "/receipt/x",
        "/studio",
      ]) {
        const { status } = await plainRequest(port, { path, headers: { Host } });
        assert.ok(status < 500, `${status} ${Host} ${path}`);
      }
      const path = `/api/polls/${slug}/votes`;
      const headers = { Host, "Content-Type": "application/json" };
      const { status } = await plainRequest(port, { method: "POST", path, headers, body });
      assert.ok([202, 400, 409].includes(status), `${status} ${Host}`);
    }
  });

  it("no process crashed or restarted while it answered these requests", () =>
    site.assertUnharmed());
});
