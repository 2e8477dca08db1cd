import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { choiceTexts, parseChoices } from "./choices.ts";
import type { OptionNumber } from "./ids.ts";
import type { Poll } from "./poll.ts";
import type { PollKind } from "./poll-rules.ts";

/** A poll with options 1, 2, 3 and 12. */
function pollOf(kind: PollKind, choicesMin = 1, choicesMax = 4): Poll {
  const options = [1, 2, 3, 12].map(number => ({ number: number as OptionNumber, label: "" }));
  return { kind, choicesMin, choicesMax, options } as unknown as Poll;
}

const bytesOf = (poll: Poll, ...texts: string[]) => {
  const parsed = parseChoices(poll, texts);
  return typeof parsed === "string" ? parsed : [...parsed];
};

describe("parseChoices", () => {
  it("parseChoices sorts a choice ballot by option number, so that a retry has the same bytes", () => {
    assert.deepEqual(bytesOf(pollOf("choice"), "12", "3", "1"), [1, 3, 12]);
  });

  it("parseChoices keeps the voter's order of a ranked ballot", () => {
    assert.deepEqual(bytesOf(pollOf("ranked"), "12", "3", "1"), [12, 3, 1]);
  });

  it("parseChoices writes a rating as pairs of option and grade, sorted by option", () => {
    assert.deepEqual(bytesOf(pollOf("rating"), "12:1", "2:5"), [2, 5, 12, 1]);
  });

  it("parseChoices refuses a number that is no option of the poll", () => {
    for (const text of ["4", "0", "-1", "1.0", "01", "", " 1", "constructor"]) {
      assert.equal(bytesOf(pollOf("choice"), text), "unknown_option", JSON.stringify(text));
    }
  });

  it("parseChoices refuses the same option twice", () => {
    assert.equal(bytesOf(pollOf("choice"), "1", "2", "1"), "repeated_option");
    assert.equal(bytesOf(pollOf("rating"), "1:2", "1:3"), "repeated_option");
  });

  it("parseChoices refuses a grade in a poll that is not a rating", () => {
    assert.equal(bytesOf(pollOf("choice"), "1:3"), "not_a_grade");
    assert.equal(bytesOf(pollOf("ranked"), "1:3"), "not_a_grade");
  });

  it("parseChoices refuses a rating without a grade from 1 to 5", () => {
    for (const text of ["1", "1:", "1:0", "1:6", "1:10", "1:x", "1:2:3", "1: 2"]) {
      assert.equal(bytesOf(pollOf("rating"), text), "not_a_grade", text);
    }
  });

  it("parseChoices refuses fewer options than the poll's minimum and more than its maximum", () => {
    const poll = pollOf("choice", 2, 3);
    assert.equal(bytesOf(poll, "1"), "too_few");
    assert.deepEqual(bytesOf(poll, "1", "2"), [1, 2]);
    assert.deepEqual(bytesOf(poll, "1", "2", "3"), [1, 2, 3]);
    assert.equal(bytesOf(poll, "1", "2", "3", "12"), "too_many");
  });

  it("parseChoices refuses a ballot without choices", () => {
    assert.equal(bytesOf(pollOf("choice")), "too_few");
  });
});

describe("choiceTexts", () => {
  const kinds = ["choice", "ranked", "rating"] as const;
  for (const kind of kinds) {
    it(`choiceTexts gives the texts of a ${kind} ballot that parseChoices reads as the same bytes`, () => {
      const poll = pollOf(kind);
      const ballot = fc
        .shuffledSubarray([1, 2, 3, 12], { minLength: 1 })
        .chain(options =>
          fc.tuple(...options.map(o => fc.tuple(fc.constant(o), fc.integer({ min: 1, max: 5 })))),
        );
      fc.assert(
        fc.property(ballot, pairs => {
          const texts = pairs.map(([option, grade]) =>
            kind === "rating" ? `${option}:${grade}` : String(option),
          );
          const bytes = parseChoices(poll, texts);
          assert.ok(typeof bytes !== "string");
          const again = choiceTexts(poll, bytes);
          assert.deepEqual([...again].sort(), [...texts].sort());
          assert.deepEqual(parseChoices(poll, again), bytes);
        }),
      );
    });
  }

  it("choiceTexts gives no texts for a withdrawn ballot", () => {
    assert.deepEqual(choiceTexts({ kind: "rating" }, new Uint8Array()), []);
  });
});
