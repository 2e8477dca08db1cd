import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FloodgateError } from "./errors.ts";
import { createLog, describeError } from "./log.ts";

describe("describeError", () => {
  it("describeError gives message, code and causes, and no stack", () => {
    const cause = new Error("ECONNREFUSED", { cause: new Error("socket") });
    const error = new FloodgateError("mysql_unavailable", { cause });
    assert.deepEqual(describeError(error), {
      error: "The database can't be reached",
      code: "mysql_unavailable",
      causes: ["ECONNREFUSED", "socket"],
    });
  });

  it("describeError stops after five causes, also when they form a circle", () => {
    const error = new Error("loop");
    error.cause = error;
    assert.deepEqual(describeError(error).causes, Array(5).fill("loop"));
  });

  it("describeError gives the text of a thrown value that is no error", () => {
    assert.deepEqual(describeError("broken"), { error: "broken" });
    assert.deepEqual(describeError(undefined), { error: "undefined" });
  });

  it("describeError keeps kind, outcome and errno of an error that has them", () => {
    const error = Object.assign(new Error("x"), {
      kind: "unavailable",
      outcome: "no",
      errno: 1205,
    });
    assert.deepEqual(describeError(error), {
      error: "x",
      kind: "unavailable",
      outcome: "no",
      errno: 1205,
    });
  });
});

describe("createLog", () => {
  /** What a log line has of `fields`, by its copy. */
  function logged(fields: object): Record<string, unknown> {
    const lines: string[] = [];
    createLog("test", "info", { write: line => void lines.push(line) }).info(fields);
    return JSON.parse(lines[0] ?? "{}");
  }

  it("createLog removes cookies, tokens and addresses from a line, also one level down", () => {
    const line = logged({ cookie: "c", poll: "a", client: { address: "192.0.2.1", port: 1 } });
    assert.deepEqual([line.cookie, line.poll, line.client], [undefined, "a", { port: 1 }]);
  });

  it("createLog writes role, process id, level by name and time in ISO 8601", () => {
    const { role, pid, level, time } = logged({ event: "x" });
    assert.deepEqual([role, pid, level], ["test", process.pid, "info"]);
    assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
  });
});
