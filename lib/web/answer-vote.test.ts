import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { BallotOutcome } from "../ballots/ballot-outcome.ts";
import { errorSpec } from "../base/errors.ts";
import type { BallotId } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { castError, usualVote } from "./answer-vote.ts";
import { castRequestSchema } from "./contract.ts";

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

describe("usualVote", () => {
  const body = fc
    .tuple(fc.integer({ min: 0, max: 110 }), fc.uuid())
    .map(([choice, ballotId]) => JSON.stringify({ choices: [String(choice)], ballotId }));
  /** The usual body, or nearly: with a character changed, added or left out. */
  const nearly = fc
    .tuple(body, fc.nat(90), fc.constantFrom("", "1", "9", "f", "F", "-", '"', " ", ","), fc.nat(1))
    .map(([text, at, added, left]) => text.slice(0, at) + added + text.slice(at + left));

  it("usualVote reads what it knows as the contract does", () => {
    let known = 0;
    fc.assert(
      fc.property(fc.oneof(body, nearly), text => {
        const given = usualVote(text);
        if (given === undefined) return;
        known += 1;
        assert.deepEqual(given, castRequestSchema.parse(JSON.parse(text)));
      }),
      { numRuns: 2_000 },
    );
    assert.ok(known > 500, `${known} of 2000 were usual`);
  });

  it("usualVote leaves everything else to JSON and the contract", () => {
    const ballotId = "3f0b6a52-9c1e-4c55-8a8e-0d6f3c1f2b7a";
    const usual = { choices: ["7"], ballotId };
    assert.ok(usualVote(JSON.stringify(usual)));
    const others = [
      {},
      { ...usual, choices: ["7", "8"] },
      { ...usual, choices: [] },
      { ...usual, choices: ["07"] },
      { ...usual, choices: ["7:1"] },
      { ...usual, replaces: 0 },
      { ...usual, ballotId: ballotId.toUpperCase() },
      { ballotId, choices: ["7"] },
    ];
    for (const other of others) assert.equal(usualVote(JSON.stringify(other)), undefined);
  });
});
