import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LogLines } from "./log-lines.ts";

describe("LogLines", () => {
  const linesOf = (max: number, count: number) => {
    const lines = new LogLines(max);
    for (let number = 1; number <= count; number++) lines.write(`line ${number}\n`);
    return lines;
  };

  it("LogLines finds nothing before the first line", () => {
    assert.deepEqual(linesOf(3, 0).find(""), []);
  });

  it("LogLines keeps the last lines only, oldest first, at any count", () => {
    for (const count of [3, 5, 6, 7, 100]) {
      const expected = [count - 2, count - 1, count].map(number => `line ${number}`);
      assert.deepEqual(linesOf(3, count).find("line"), expected, `${count} lines`);
    }
  });

  it("LogLines finds a text case-insensitively", () => {
    assert.deepEqual(linesOf(9, 5).find("LINE 4"), ["line 4"]);
  });
});
