/** Creating and opening polls over HTTP: what is refused, what stays behind, and what a request that comes twice makes. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { Site } from "#test/support/site.ts";

interface Answer {
  readonly status: number;
  readonly slug?: string;
  readonly code?: string;
  readonly state?: string;
  readonly closesAt?: string | null;
}

const options = [{ label: "Yes" }, { label: "No" }];
const inFuture = (ms: number) => new Date(Date.now() + ms).toISOString();

describe("creating polls by the API", () => {
  let site: Site;
  before(async () => {
    site = await Site.start({ workers: 0 });
  });
  after(() => site?.stop());

  const ask = async (
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const answer = await fetch(`${site.url}/api/polls${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${site.seeded.editor.apiToken}`,
        "Content-Type": "application/json",
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { ...((await answer.json()) as object), status: answer.status };
  };
  const create = (more: object, headers: Record<string, string> = {}) =>
    ask("POST", "", { question: "Is it so?", options, ...more }, headers);
  const count = async () => {
    const [row] = await site.query<RowDataPacket & { polls: number }>(
      "SELECT COUNT(*) AS polls FROM polls",
    );
    return row?.polls;
  };

  it("a year that is mistyped is refused with 400, and no poll stays behind", async () => {
    const before = await count();
    const years = ["0000", "0001", "0026", "1026", "1999", "2100", "2206", "9999"];
    for (const name of ["opensAt", "closesAt", "resultsFrom"]) {
      for (const year of years) {
        const answer = await create({ [name]: `${year}-11-30T20:00:00Z` });
        assert.deepEqual([answer.status, answer.code], [400, "invalid_request"], `${name} ${year}`);
      }
    }
    assert.equal(await count(), before);
    const { slug } = await create({});
    for (const name of ["opensAt", "closesAt", "resultsFrom"]) {
      const change = { [name]: "0026-11-30T20:00:00Z" };
      assert.equal((await ask("PATCH", `/${slug}`, change)).status, 400, name);
    }
    assert.equal((await ask("GET", `/${slug}`)).state, "draft");
  });

  it("an opening time that has passed does not open a poll, by creation or by a change", async () => {
    const before = await count();
    const passed = { opensAt: inFuture(-3_600_000) };
    assert.equal((await create(passed)).status, 400);
    assert.equal((await create({ closesAt: inFuture(-1_000) })).status, 400);
    assert.equal(await count(), before);
    const { slug } = await create({});
    assert.equal((await ask("PATCH", `/${slug}`, passed)).status, 400);
    assert.equal((await ask("GET", `/${slug}`)).state, "draft");
    // A client's clock may be a little behind.
    assert.equal((await create({ opensAt: inFuture(-30_000) })).state, "open");
  });

  it("a draft whose closing time has passed is not opened, and keeps its closing time", async () => {
    const { slug, closesAt } = await create({ closesAt: inFuture(1_500) });
    await new Promise(resolve => setTimeout(resolve, 1_800));
    for (const open of [
      () => ask("POST", `/${slug}/open`),
      () => ask("PATCH", `/${slug}`, { opensAt: inFuture(-10_000) }),
    ]) {
      const refused = await open();
      assert.deepEqual([refused.status, refused.code], [409, "closing_passed"]);
    }
    const draft = await ask("GET", `/${slug}`);
    assert.deepEqual([draft.state, draft.closesAt], ["draft", closesAt]);
    assert.equal((await ask("PATCH", `/${slug}`, { closesAt: null })).status, 200);
    assert.equal((await ask("POST", `/${slug}/open`)).state, "open");
  });

  it("a creation that is sent again under its key makes one poll, one after the other or at once", async () => {
    const before = (await count()) ?? 0;
    for (const quoted of [true, false]) {
      const key = quoted ? `"${randomUUID()}"` : randomUUID();
      const header = { "Idempotency-Key": key };
      const opensAt = inFuture(-1_000);
      const first = await create({ opensAt }, header);
      assert.equal(first.status, 201);
      assert.deepEqual(await create({ opensAt }, header), first);
      const other = await create({ opensAt, question: "Is it not so?" }, header);
      assert.deepEqual([other.status, other.code], [422, "idempotency_key_reused"]);
      const stranger = await create({ opensAt }, { "Idempotency-Key": randomUUID() });
      assert.notEqual(stranger.slug, first.slug);
    }
    assert.equal(await count(), before + 4);
    const header = { "Idempotency-Key": randomUUID() };
    const racing = await Promise.all(Array.from({ length: 8 }, () => create({}, header)));
    const made = racing.filter(({ status }) => status === 201);
    assert.ok(
      racing.every(({ status, code }) => status === 201 || code === "creation_in_progress"),
    );
    assert.equal(new Set(made.map(({ slug }) => slug)).size, 1);
    assert.equal(await count(), before + 5);
  });

  it("a key that is none is refused, and a refused request does not use its key up", async () => {
    for (const key of ["", '"', '"a', "a b", "é", "x".repeat(201)]) {
      const headers = { "Idempotency-Key": Buffer.from(key).toString("latin1") };
      assert.equal((await create({}, headers)).status, 400, key);
    }
    const header = { "Idempotency-Key": randomUUID() };
    assert.equal((await create({ question: "" }, header)).status, 400);
    assert.equal((await create({}, header)).status, 201);
  });
});
