import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotId } from "../model/ids.ts";
import { outcomeBeside, split } from "./pending-ballot.ts";

const standing = { ballotId: "a1" as BallotId, revision: 0, choices: Uint8Array.of(2) };

describe("outcomeBeside", () => {
  it("outcomeBeside is undefined for a retry of the standing ballot", () => {
    assert.equal(outcomeBeside(standing, { ...standing, choices: Uint8Array.of(2) }), undefined);
  });

  it("outcomeBeside is already_voted, with what stands, for another ballot id", () => {
    const outcome = outcomeBeside(standing, { ...standing, ballotId: "b2" as BallotId });
    assert.deepEqual(outcome, { outcome: "already_voted", mark: standing });
  });

  it("outcomeBeside is already_voted for another revision under the same id", () => {
    const outcome = outcomeBeside(standing, { ...standing, revision: 1 });
    assert.equal(outcome?.outcome, "already_voted");
  });

  it("outcomeBeside is ballot_id_reused for other choices under the same id and revision", () => {
    for (const choices of [[3], [2, 3], []]) {
      const outcome = outcomeBeside(standing, { ...standing, choices: Uint8Array.from(choices) });
      assert.deepEqual(outcome, { outcome: "ballot_id_reused" }, String(choices));
    }
  });
});

describe("split", () => {
  it("split divides items by a condition and keeps their order", () => {
    assert.deepEqual(
      split([1, 2, 3, 4, 5], n => n % 2 === 0),
      [
        [2, 4],
        [1, 3, 5],
      ],
    );
  });
});
