import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isContended,
  isSilence,
  isStoreFailure,
  orWhenMysqlFails,
  StoreFailure,
  translate,
} from "./failure.ts";

const errorOf = (errno?: number, code?: string) => Object.assign(new Error("x"), { errno, code });

describe("translate", () => {
  for (const [kind, errno, name] of [
    ["contention", 1213, "a deadlock"],
    ["contention", 1205, "a lock wait time-out"],
    ["duplicate", 1062, "a duplicate key"],
    ["too_large", 1153, "a packet that is too large"],
    ["unavailable", 1040, "too many connections"],
    ["unavailable", 1290, "a read-only server"],
    ["unavailable", 1114, "a full disk"],
    ["invalid", 1146, "a missing table"],
    ["invalid", 1064, "a syntax error"],
  ] as const) {
    it(`translate gives ${kind} for ${name} (${errno})`, () => {
      assert.equal(translate(errorOf(errno), "test.statement").kind, kind);
    });
  }

  it("translate gives unavailable for a connection that failed", () => {
    for (const error of [
      errorOf(-111, "ECONNREFUSED"),
      errorOf(undefined, "PROTOCOL_CONNECTION_LOST"),
    ]) {
      assert.equal(translate(error, "test.statement").kind, "unavailable");
    }
  });

  it("translate names the statement and the code in the message, and keeps the cause", () => {
    const cause = errorOf(-111, "ECONNREFUSED");
    const failure = translate(cause, "polls.find");
    assert.equal(failure.message, "mysql: polls.find: ECONNREFUSED");
    assert.equal(failure.cause, cause);
  });

  it("translate returns a failure unchanged", () => {
    const failure = new StoreFailure("commit_unknown", "x", undefined, undefined);
    assert.equal(translate(failure, "test.statement"), failure);
  });
});

describe("isStoreFailure", () => {
  it("isStoreFailure recognises failures by brand and kind", () => {
    const failure = translate(errorOf(1213), "x");
    assert.ok(isStoreFailure(failure) && isStoreFailure(failure, "contention"));
    assert.ok(!isStoreFailure(failure, "duplicate"));
    assert.ok(!isStoreFailure(new Error("x")) && !isStoreFailure(null));
  });
});

describe("isContended", () => {
  it("isContended is true for failures after which the same transaction may succeed", () => {
    const contended = [1213, 1062, 1040, 1064].map(errno =>
      isContended(translate(errorOf(errno), "x")),
    );
    assert.deepEqual(contended, [true, true, false, false]);
  });
});

describe("isSilence", () => {
  it("isSilence is true when no server answered, and false when one reported an error", () => {
    assert.ok(isSilence(translate(errorOf(-111, "ECONNREFUSED"), "x")));
    assert.ok(!isSilence(translate(errorOf(1040), "x")));
    assert.ok(!isSilence(translate(errorOf(1213), "x")));
  });
});

describe("orWhenMysqlFails", () => {
  it("orWhenMysqlFails gives the result, or the fallback when MySQL failed", async () => {
    assert.equal(await orWhenMysqlFails(Promise.resolve(1), () => 2), 1);
    const failed = Promise.reject(translate(errorOf(1040), "x"));
    assert.equal(await orWhenMysqlFails(failed, ({ kind }) => kind), "unavailable");
  });

  it("orWhenMysqlFails throws every other error", async () => {
    const bug = Promise.reject(new TypeError("a bug"));
    await assert.rejects(
      orWhenMysqlFails(bug, () => 2),
      TypeError,
    );
  });
});
