import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { now } from "#test/support/worker-status.ts";
import { History, stepMs } from "./history.ts";

describe("the flush history", () => {
  it("the flush history sums up steps of 10 s and forgets after 15 minutes", () => {
    const history = new History();
    history.add(now - 15 * 60_000, { ballots: 9, commits: 1, slots: 1 });
    history.add(now, { ballots: 5, commits: 1, slots: 30 });
    history.add(now + 10, { ballots: 6, commits: 1, slots: 30 });
    const series = history.series(now);
    assert.equal(series.length, 90);
    assert.deepEqual(series.at(-1), { ballots: 11, commits: 2, slots: 60 });
    assert.equal(
      series.reduce((sum, { ballots }) => sum + ballots, 0),
      11,
    );
    assert.equal(history.slotsPerSecond(now), 1);
    assert.equal(history.slotsPerSecond(now + 6 * stepMs), 0);
  });
});
