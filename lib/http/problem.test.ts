import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pino } from "pino";
import { z } from "zod";
import { errorCodes, errorSpec, FloodgateError, isFloodgateError } from "../base/errors.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import { StoreFailure } from "../store/failure.ts";
import { parse, problemAnswer, problemSchema, problemType } from "./problem.ts";

const bodyOf = (error: unknown) => JSON.parse(problemAnswer(error).body);

describe("problemAnswer", () => {
  it("problemAnswer gives every error code its status and a body that the OpenAPI schema allows", () => {
    for (const code of errorCodes) {
      const { status, body, headers } = problemAnswer(new FloodgateError(code));
      assert.equal(status, errorSpec(code).status, code);
      assert.equal(headers["Content-Type"], "application/problem+json");
      assert.equal(headers["Cache-Control"], "no-store, no-transform");
      assert.equal(problemSchema.parse(JSON.parse(body)).code, code);
    }
  });

  it("problemAnswer rounds Retry-After up to whole seconds, one at least", () => {
    const retryAfter = (retryAfterMs: number) =>
      problemAnswer(new FloodgateError("overloaded", { retryAfterMs })).headers["Retry-After"];
    assert.deepEqual([0, 1, 1_000, 1_001].map(retryAfter), ["1", "1", "1", "2"]);
  });

  it("problemAnswer sends no Retry-After with a refusal", () => {
    assert.ok(!("Retry-After" in problemAnswer(new FloodgateError("poll_closed")).headers));
  });

  it("problemAnswer includes detail and extra members of the error", () => {
    const error = new FloodgateError("edit_conflict", { detail: "Reload.", extra: { version: 4 } });
    const { detail, version } = bodyOf(error);
    assert.deepEqual([detail, version], ["Reload.", 4]);
  });

  it("problemAnswer answers a memcached failure as memcached_unavailable", () => {
    assert.equal(bodyOf(new MemcachedFailure("not_sent", "x")).code, "memcached_unavailable");
  });

  it("problemAnswer answers a MySQL outage as mysql_unavailable", () => {
    const error = new StoreFailure("unavailable", "x", undefined, undefined);
    assert.equal(bodyOf(error).code, "mysql_unavailable");
  });

  it("problemAnswer hides a bug behind 503, without its text, and logs it under the answer's request id", () => {
    const lines: Record<string, unknown>[] = [];
    const log = pino(
      { base: null },
      { write: (line: string) => void lines.push(JSON.parse(line)) },
    );
    const { status, body } = problemAnswer(new TypeError("secret table"), log);
    assert.equal(status, 503);
    assert.ok(!body.includes("secret table"));
    assert.equal(lines[0]?.error, "secret table");
    assert.equal(lines[0]?.requestId, JSON.parse(body).requestId);
  });

  it("problemAnswer logs neither refusals nor outages", () => {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
    problemAnswer(new FloodgateError("poll_closed"), log);
    problemAnswer(new MemcachedFailure("unknown", "x"), log);
    assert.deepEqual(lines, []);
  });

  it("problemAnswer logs what MySQL reports, and answers it as mysql_unavailable", () => {
    const lines: Record<string, unknown>[] = [];
    const log = pino(
      { base: null },
      { write: (line: string) => void lines.push(JSON.parse(line)) },
    );
    for (const kind of ["unavailable", "mismatch"] as const) {
      const { body } = problemAnswer(new StoreFailure(kind, "polls.insert", 1146, undefined), log);
      assert.equal(JSON.parse(body).code, "mysql_unavailable");
    }
    problemAnswer(new StoreFailure("unavailable", "no answer", undefined, undefined), log);
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ["unavailable", "mismatch"],
    );
  });

  it("problemAnswer takes data that MySQL refuses for bad input, never for overload, and logs it", () => {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
    for (const kind of ["invalid", "too_large"] as const) {
      const error = new StoreFailure(kind, "polls.insert", 1292, undefined);
      const { status, headers, body } = problemAnswer(error, log);
      assert.deepEqual([status, JSON.parse(body).code], [400, "invalid_request"]);
      assert.equal(headers["Retry-After"], undefined);
    }
    assert.equal(lines.length, 2);
    const unknown = new StoreFailure("commit_unknown", "no answer to COMMIT", undefined, undefined);
    assert.match(problemAnswer(unknown).body, /may or may not be saved/);
  });

  it("problemAnswer gives each answer another request id", () => {
    const error = new FloodgateError("poll_closed");
    assert.notEqual(bodyOf(error).requestId, bodyOf(error).requestId);
  });
});

describe("problemType", () => {
  it("problemType is a URN of the code with hyphens", () => {
    assert.equal(problemType("poll_not_found"), "urn:floodgate:problem:poll-not-found");
  });
});

describe("parse", () => {
  const schema = z.object({ a: z.object({ b: z.string() }), c: z.number().default(3) });

  it("parse returns what the schema makes of the input", () => {
    assert.deepEqual(parse(schema, { a: { b: "x" } }), { a: { b: "x" }, c: 3 });
  });

  it("parse throws invalid_request that names every wrong field", () => {
    assert.throws(
      () => parse(schema, { a: { b: 1 }, c: "x" }),
      error => {
        assert.ok(isFloodgateError(error, "invalid_request"));
        const { problems } = error.extra as { problems: { path: string }[] };
        assert.deepEqual(
          problems.map(({ path }) => path),
          ["a.b", "c"],
        );
        return /a\.b: .*; c: /.test(error.detail ?? "");
      },
    );
  });

  it("parse names at most twenty fields", () => {
    const numbers = z.array(z.number());
    assert.throws(
      () => parse(numbers, Array(100).fill("x")),
      error => isFloodgateError(error) && (error.extra.problems as unknown[]).length === 20,
    );
  });
});
