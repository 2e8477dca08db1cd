import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { familyMicros, familyOf, type ProcessTime, parseProcess } from "./processes.ts";

/** A line of /proc with a name that looks like its end. */
const line =
  "4711 (node) (x) S 12 4711 4711 0 -1 4194560 100 200 0 0 150 50 7 3 20 0 11 0 99 1 2 3";

const member = (pid: number, parent: number, cpuUs: number, endedChildrenUs = 0): ProcessTime => ({
  pid,
  parent,
  cpuUs,
  endedChildrenUs,
});

describe("processes", () => {
  it("a line of /proc gives parent, own time and the time of ended children", () => {
    assert.deepEqual(parseProcess(line), member(4711, 12, 2_000_000, 100_000));
  });

  it("a family is a process with everything below it, and nothing beside it", () => {
    const all = [member(1, 0, 5), member(2, 1, 10), member(3, 2, 20), member(4, 1, 40)];
    assert.deepEqual(
      familyOf(2, all).map(({ pid }) => pid),
      [2, 3],
    );
  });

  it("a family's time includes members that have ended", () => {
    const all = [member(2, 1, 10, 7), member(3, 2, 20), member(4, 1, 40)];
    assert.equal(familyMicros([2, 4], all), 77);
  });

  it("a family whose root has ended has no time", () => {
    assert.equal(familyMicros([9], [member(2, 1, 10)]), 0);
  });
});
