/** The line about a long pass: what it says, and that it is on terminals only. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProgressLine, passLine, rowsLine } from "./progress.ts";

const progress = { ballots: 240_000, slots: 480, waiting: 1_520 };

/** What is written on a terminal by a pass that tells its progress at these moments, in milliseconds. */
function writtenOn(terminal: { isTTY: boolean; columns?: number }, moments: number[]): string {
  let nowMs = 0;
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const line = new ProgressLine({ ...terminal, write }, passLine, () => nowMs);
  for (nowMs of moments) line.show(progress);
  line.clear();
  return written;
}

describe("the progress line", () => {
  it("the progress line has ballots, rate, waiting slots and time left", () => {
    assert.equal(
      passLine(progress, 6_000),
      "flush: 240,000 ballots, 40,000 a second; 1,520 slots waiting, 19 seconds left",
    );
    assert.match(passLine({ ballots: 0, slots: 0, waiting: 1 }, 2_000), /1 slot waiting$/);
  });

  it("the progress line of a backup has rows, rate and time left, as long as rows are expected", () => {
    assert.equal(
      rowsLine("backup", { rows: 240_000, rowsExpected: 320_000 }, 6_000),
      "backup: 240,000 rows, 40,000 a second; about 2 seconds left",
    );
    for (const rowsExpected of [undefined, 9]) {
      assert.equal(
        rowsLine("restore", { rows: 10, rowsExpected }, 1_000),
        "restore: 10 rows, 10 a second",
      );
    }
  });

  it("the progress line overwrites itself, fits the terminal, and is erased", () => {
    const line = "\r\x1b[Kflush: 240,000 ball";
    const written = writtenOn({ isTTY: true, columns: 20 }, [500, 1_000, 1_200, 1_250]);
    assert.equal(written, `${line}${line}\r\x1b[K`);
  });

  it("the progress line is not written for a short pass", () => {
    assert.equal(writtenOn({ isTTY: true }, [0, 500, 999]), "");
  });

  it("the progress line is not written without a terminal", () => {
    assert.equal(writtenOn({ isTTY: false }, [1_000, 2_000]), "");
  });
});
