/** The line about a long pass: what it says, and that it is on terminals only. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import { ProgressLine, progressLine } from "./progress.ts";

const progress = { ballots: 240_000, slots: 480, waiting: 1_520 };

/** Shows it until a second has passed; gives what was written by then. */
async function shownOn(terminal: { isTTY?: boolean; columns?: number }): Promise<string> {
  let written = "";
  const line = new ProgressLine({
    ...terminal,
    write: text => {
      written += text;
    },
  });
  line.show(progress);
  assert.equal(written, "", "not for a short pass");
  const startedMs = monotonicMs();
  while (written === "" && monotonicMs() - startedMs < 1_500) {
    line.show(progress);
    await sleep(20);
  }
  line.clear();
  return written;
}

describe("the progress line", () => {
  it("the progress line has ballots, rate, waiting slots and time left", () => {
    assert.equal(
      progressLine(progress, 6_000),
      "flush: 240,000 ballots, 40,000 a second; 1,520 slots waiting, 19 seconds left",
    );
    assert.match(progressLine({ ballots: 0, slots: 0, waiting: 1 }, 2_000), /1 slot waiting$/);
  });

  it("the progress line overwrites itself, fits the terminal, and is erased", async () => {
    const written = await shownOn({ isTTY: true, columns: 20 });
    assert.equal(written, "\r\x1b[Kflush: 240,000 ball\r\x1b[K");
  });

  it("the progress line is not written without a terminal", async () => {
    assert.equal(await shownOn({ isTTY: false }), "");
  });
});
