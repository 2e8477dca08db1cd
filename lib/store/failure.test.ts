import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  dataErrors,
  isContended,
  isReported,
  isSilence,
  isStoreFailure,
  orWhenMysqlFails,
  StoreFailure,
  translate,
  translateConnecting,
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
    ["unavailable", 1047, "a cluster node that is not ready"],
    ["unavailable", 1105, "an unknown error"],
    ["unavailable", 9_999, "a number that nobody has seen yet"],
    ["mismatch", 1146, "a missing table"],
    ["mismatch", 1054, "an unknown column"],
    ["mismatch", 1064, "a syntax error"],
    ["mismatch", 1364, "a column that only a newer program fills"],
    ["invalid", 1264, "a number out of range"],
    ["invalid", 1406, "data that is too long"],
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

  it("translate gives invalid for the data errors and for no other number", () => {
    const numbers = Array.from({ length: 5_000 }, (_, errno) => errno);
    const invalid = numbers.filter(errno => translate(errorOf(errno), "x").kind === "invalid");
    assert.deepEqual(invalid, dataErrors);
  });

  it("translateConnecting never says that data was refused", () => {
    const kinds = new Set(
      [...dataErrors, 1062, 1153, 1213].map(errno => translateConnecting(errorOf(errno), "x").kind),
    );
    assert.deepEqual([...kinds], ["unavailable"]);
    assert.equal(translateConnecting(errorOf(1049), "x").kind, "mismatch");
  });

  it("translate names the statement and the code in the message, and keeps the cause", () => {
    const cause = errorOf(-111, "ECONNREFUSED");
    const failure = translate(cause, "polls.find");
    assert.equal(failure.message, "mysql: polls.find: ECONNREFUSED");
    assert.equal(failure.cause, cause);
    const reported = translate(errorOf(1047, "ER_X"), "polls.find");
    assert.equal(reported.message, "mysql: polls.find: ER_X (1047)");
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

describe("isReported", () => {
  it("isReported is true for numbers of the server after which only a wait or an operator helps", () => {
    const reported = [1105, 1146].map(errno => isReported(translate(errorOf(errno), "x")));
    assert.deepEqual(reported, [true, true]);
    const others = [1213, 1264, -111].map(errno => isReported(translate(errorOf(errno), "x")));
    assert.deepEqual(others, [false, false, false]);
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
