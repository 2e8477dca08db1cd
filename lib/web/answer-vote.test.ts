import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BallotOutcome } from "../ballots/ballot-outcome.ts";
import { errorSpec } from "../base/errors.ts";
import type { BallotId } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { castError } from "./answer-vote.ts";

const errorOf = (outcome: BallotOutcome) => castError({ outcome, poll: null, results: null });

describe("castError", () => {
  const cases: readonly [BallotOutcome, number, string][] = [
    [{ outcome: "not_found" }, 404, "poll_not_found"],
    [{ outcome: "not_open" }, 403, "poll_not_open"],
    [{ outcome: "closed" }, 403, "poll_closed"],
    [{ outcome: "replaced" }, 409, "poll_replaced"],
    [{ outcome: "change_refused" }, 403, "change_refused"],
    [{ outcome: "voter_unknown" }, 403, "voter_unknown"],
    [{ outcome: "ballot_id_reused" }, 409, "ballot_id_reused"],
    [{ outcome: "invalid_choices", problem: "too_many" }, 400, "invalid_ballot"],
    [{ outcome: "overloaded" }, 503, "overloaded"],
    [{ outcome: "unavailable" }, 503, "memcached_unavailable"],
    [{ outcome: "full" }, 503, "queue_full"],
    [{ outcome: "secret_unknown" }, 503, "secret_unknown"],
  ];
  for (const [outcome, status, code] of cases) {
    it(`castError answers ${outcome.outcome} as ${status} ${code}`, () => {
      const error = errorOf(outcome);
      assert.equal(error.code, code);
      assert.equal(errorSpec(error.code).status, status);
    });
  }

  it("castError says what is wrong with the choices", () => {
    const problems = [
      "unknown_option",
      "repeated_option",
      "not_a_grade",
      "too_few",
      "too_many",
    ] as const;
    const details = problems.map(
      problem => errorOf({ outcome: "invalid_choices", problem }).detail,
    );
    assert.ok(details.every(detail => detail));
    assert.equal(new Set(details).size, problems.length);
  });

  it("castError gives choices and revision of the standing ballot with already_voted and ballot_changed", () => {
    for (const outcome of ["already_voted", "ballot_changed"] as const) {
      const mark = { ballotId: "a1" as BallotId, revision: 3, choices: Uint8Array.of(2) };
      const poll = { kind: "choice" } as Poll;
      const error = castError({ outcome: { outcome, mark }, poll, results: null });
      assert.equal(error.code, outcome);
      assert.deepEqual(error.extra, { choices: ["2"], revision: 3, results: null });
    }
  });

  it("castError asks to retry later when the queue is full than when it is overloaded", () => {
    const full = errorOf({ outcome: "full" }).retryAfterMs ?? 0;
    assert.ok(full > (errorOf({ outcome: "overloaded" }).retryAfterMs ?? 0));
  });
});
