/** The doctor's lines and its verdict. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineOf, ok, verdictOf, warn, wrong } from "./finding.ts";

describe("the doctor's output", () => {
  it("the doctor prints one line for ok, two for others, and a verdict", () => {
    const found = [
      ok("schema", "every migration is applied"),
      warn("front", "votes-are-refused", "none answers", "Start it."),
      wrong("MySQL", "mysql-is-away", "can't be used", "Start it."),
    ];
    assert.deepEqual(found.map(lineOf), [
      "ok     schema: every migration is applied",
      "warn   front: none answers\n       Start it. (docs/runbook.md#votes-are-refused)",
      "wrong  MySQL: can't be used\n       Start it. (docs/runbook.md#mysql-is-away)",
    ]);
    assert.equal(verdictOf(found), "doctor: 1 problem, 1 note, 1 check passed");
    assert.equal(verdictOf(found.slice(0, 1)), "doctor: no problems, 1 check passed");
  });
});
