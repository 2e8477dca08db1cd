import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { errorCodes, errorSpec, FloodgateError, isFloodgateError } from "./errors.ts";

describe("FloodgateError", () => {
  it("FloodgateError has its code's title as message, with the detail behind it", () => {
    assert.equal(new FloodgateError("poll_closed").message, "The poll is closed");
    const detailed = new FloodgateError("invalid_request", { detail: "slug is missing" });
    assert.equal(detailed.message, "The request is not valid: slug is missing");
  });

  it("FloodgateError asks to retry after a second when it is an outage, and not when it is a refusal", () => {
    assert.equal(new FloodgateError("overloaded").retryAfterMs, 1_000);
    assert.equal(new FloodgateError("already_voted").retryAfterMs, undefined);
    assert.equal(new FloodgateError("queue_full", { retryAfterMs: 5_000 }).retryAfterMs, 5_000);
  });

  it("FloodgateError keeps its cause", () => {
    const cause = new Error("ECONNREFUSED");
    assert.equal(new FloodgateError("mysql_unavailable", { cause }).cause, cause);
  });
});

describe("isFloodgateError", () => {
  it("isFloodgateError recognises an error by its brand, also one of another copy of the module", () => {
    const foreign = { [Symbol.for("floodgate.error")]: true, code: "poll_closed" };
    assert.ok(isFloodgateError(foreign) && isFloodgateError(foreign, "poll_closed"));
  });

  it("isFloodgateError compares the code when one is given", () => {
    const error = new FloodgateError("poll_closed");
    assert.ok(isFloodgateError(error, "poll_closed"));
    assert.ok(!isFloodgateError(error, "forbidden"));
  });

  it("isFloodgateError is false for other errors, null and text", () => {
    for (const other of [new Error("x"), null, undefined, "poll_closed", { code: "poll_closed" }]) {
      assert.equal(isFloodgateError(other), false);
    }
  });
});

describe("the error table", () => {
  it("the error table gives refusals a status of 4xx or 501, outages 503 and internal errors 500", () => {
    for (const code of errorCodes) {
      const { kind, status } = errorSpec(code);
      if (kind === "refusal") assert.ok((status >= 400 && status < 500) || status === 501, code);
      else assert.equal(status, kind === "outage" ? 503 : 500, code);
    }
  });

  it("the error table gives every code a title of its own", () => {
    const titles = errorCodes.map(code => errorSpec(code).title);
    assert.equal(new Set(titles).size, titles.length);
  });

  it("the error table has no code that nothing sends", () => {
    // These two name codes without sending any.
    const tables = ["lib/base/errors.ts", "lib/web/openapi-operations.ts"];
    const sources = ["app", "lib", "reader"].flatMap(folder =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map(path => join(folder, path))
        .filter(path => /(?<!\.test)\.tsx?$/.test(path) && !tables.includes(path))
        .map(path => readFileSync(path, "utf8")),
    );
    const unused = errorCodes.filter(code => !sources.some(text => text.includes(`"${code}"`)));
    assert.deepEqual(unused, []);
  });
});
