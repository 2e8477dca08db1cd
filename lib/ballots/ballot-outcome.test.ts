import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotId } from "../model/ids.ts";
import { outcomeBeside } from "./ballot-outcome.ts";

const standing = { ballotId: "a1" as BallotId, revision: 0, choices: Uint8Array.of(2) };

describe("outcomeBeside", () => {
  it("outcomeBeside is undefined for a retry of the standing ballot", () => {
    assert.equal(outcomeBeside(standing, { ...standing, choices: Uint8Array.of(2) }), undefined);
  });

  it("outcomeBeside is already_voted, with what stands, for another ballot id", () => {
    const outcome = outcomeBeside(standing, { ...standing, ballotId: "b2" as BallotId });
    assert.deepEqual(outcome, { outcome: "already_voted", mark: standing });
  });

  it("outcomeBeside is ballot_changed for a change, also of another revision under the same id", () => {
    const outcome = outcomeBeside(standing, { ...standing, revision: 1 });
    assert.deepEqual(outcome, { outcome: "ballot_changed", mark: standing });
  });

  it("outcomeBeside is ballot_id_reused for other choices under the same id and revision", () => {
    for (const choices of [[3], [2, 3], []]) {
      const outcome = outcomeBeside(standing, { ...standing, choices: Uint8Array.from(choices) });
      assert.deepEqual(outcome, { outcome: "ballot_id_reused" }, String(choices));
    }
  });
});
