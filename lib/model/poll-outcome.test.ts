import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type CountedRunoff, type OutcomeInput, outcomeOf } from "./poll-outcome.ts";

const asOfMs = Date.UTC(2026, 10, 26, 14, 5);
const finalAtMs = Date.UTC(2026, 10, 26, 10, 30);
const measured = (...votes: readonly number[]) =>
  votes.map((count, index) => ({ id: String(index + 1), votes: count }));
const rated = (...means: readonly (readonly [votes: number, gradeSum: number])[]) =>
  means.map(([votes, gradeSum], index) => ({ id: String(index + 1), votes, gradeSum }));

const of = (input: Partial<OutcomeInput>) => {
  const { status, options, by, final } = outcomeOf({
    kind: "choice",
    options: [],
    asOfMs,
    finalAtMs: null,
    ...input,
  });
  return [status, options.join(" "), by, final];
};

const runoff = (change: Partial<CountedRunoff> = {}): CountedRunoff => ({
  rounds: [
    { votes: { 1: 4, 2: 3, 3: 2 }, exhausted: 0, out: "3" },
    { votes: { 1: 4, 2: 5 }, exhausted: 0, out: null },
  ],
  winner: "2",
  computedAtMs: asOfMs - 2_000,
  ...change,
});

describe("the outcome of a poll", () => {
  it("an option with the most votes leads, and has won once the result is final", () => {
    assert.deepEqual(of({ options: measured(1, 3, 0) }), ["leads", "2", "votes", false]);
    assert.deepEqual(of({ options: measured(1, 3, 0), finalAtMs }), ["won", "2", "votes", true]);
  });

  it("options with equally many votes are tied, live and final", () => {
    assert.deepEqual(of({ options: measured(1, 1) }), ["tied", "1 2", "votes", false]);
    assert.deepEqual(of({ options: measured(2, 0, 2), finalAtMs }), ["tied", "1 3", "votes", true]);
    assert.deepEqual(of({ options: measured(3, 3, 3) }), ["tied", "1 2 3", "votes", false]);
  });

  it("a tie for the second place is no tie", () => {
    assert.deepEqual(of({ options: measured(3, 2, 2) }), ["leads", "1", "votes", false]);
  });

  it("nobody leads and nobody is tied without votes", () => {
    const ranked = { kind: "ranked", runoff: null } as const;
    assert.deepEqual(of({ options: measured(0, 0) }), ["none", "", "votes", false]);
    assert.deepEqual(of({ options: measured(0, 0), finalAtMs }), ["none", "", "votes", true]);
    assert.deepEqual(of({ kind: "rating", options: rated([0, 0]) }), ["none", "", "mean", false]);
    assert.deepEqual(of({ ...ranked, options: measured(0) }), ["none", "", "first_choices", false]);
  });

  it("the highest mean grade leads a rating, and equal means are tied whatever their number", () => {
    const kind = "rating";
    const lead = rated([1, 4], [3, 13], [0, 0]);
    assert.deepEqual(of({ kind, options: lead }), ["leads", "2", "mean", false]);
    assert.deepEqual(of({ kind, options: rated([1, 4], [3, 12]) }), ["tied", "1 2", "mean", false]);
  });

  it("means that only rounding makes equal are no tie", () => {
    const options = rated([1_000, 4_330], [1_000, 4_331]);
    assert.deepEqual(of({ kind: "rating", options }), ["leads", "2", "mean", false]);
  });

  it("the runoff decides a ranked poll, first choices only until it has been computed", () => {
    const ranked = { kind: "ranked", options: measured(4, 3, 2) } as const;
    assert.deepEqual(of({ ...ranked, runoff: null }), ["leads", "1", "first_choices", false]);
    assert.deepEqual(of({ ...ranked, runoff: runoff() }), ["leads", "2", "runoff", false]);
    const result = outcomeOf({ ...ranked, asOfMs, finalAtMs, runoff: runoff() });
    assert.deepEqual(result, {
      status: "won",
      final: true,
      options: ["2"],
      by: "runoff",
      round: 2,
      at: new Date(finalAtMs).toISOString(),
    });
  });

  it("a ranked poll has no winner before a runoff of its final ballots", () => {
    const ranked = { kind: "ranked", options: measured(4, 3, 2), finalAtMs } as const;
    assert.deepEqual(of({ ...ranked, runoff: null }), ["leads", "1", "first_choices", false]);
  });

  it("a tie of the runoff is a tie of the poll", () => {
    const tie = runoff({ winner: null, tied: ["1", "3"] });
    const ranked = { kind: "ranked", options: measured(4, 3, 2), runoff: tie } as const;
    assert.deepEqual(of({ ...ranked, finalAtMs }), ["tied", "1 3", "runoff", true]);
  });

  it("the outcome names all options with the most votes and no other, and nobody wins before the end", () => {
    const counts = fc.array(fc.nat(3), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(counts, fc.boolean(), (votes, isFinal) => {
        const options = measured(...votes);
        const result = outcomeOf({
          kind: "choice",
          options,
          asOfMs,
          finalAtMs: isFinal ? finalAtMs : null,
        });
        const most = Math.max(...votes);
        const first = options.filter(option => most > 0 && option.votes === most);
        assert.deepEqual(
          result.options,
          first.map(({ id }) => id),
        );
        assert.equal(result.status === "none", most === 0);
        assert.equal(result.status === "tied", first.length > 1);
        assert.equal(result.status === "won", first.length === 1 && isFinal);
        assert.equal(result.at, new Date(isFinal ? finalAtMs : asOfMs).toISOString());
      }),
    );
  });
});
