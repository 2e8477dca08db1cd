import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { languages } from "#lib/base/languages.ts";
import type { Poll } from "#lib/model/poll.ts";
import { type PollKind, pollKinds } from "#lib/model/poll-rules.ts";
import { Words } from "../words/words.ts";
import { instruction } from "./instruction.ts";

const options = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ number: index + 1, label: `${index}` }));

function sentence(kind: PollKind, choicesMin: number, choicesMax: number, of = 5, language = "en") {
  const poll = { kind, choicesMin, choicesMax, options: options(of) } as unknown as Poll;
  return instruction(new Words(language as "en", "UTC"), poll);
}

describe("the form's instruction", () => {
  it("the form's instruction says how many options a choice needs and allows", () => {
    assert.equal(sentence("choice", 1, 1), "Choose one.");
    assert.equal(sentence("choice", 1, 3), "Choose at most 3 options.");
    assert.equal(sentence("choice", 1, 5), "Choose one or more options.");
    assert.equal(sentence("choice", 2, 2), "Choose exactly 2 options.");
    assert.equal(sentence("choice", 2, 3), "Choose 2 to 3 options.");
    assert.equal(sentence("choice", 3, 5), "Choose at least 3 options.");
    assert.equal(sentence("choice", 5, 5), "Choose exactly 5 options.");
  });

  it("the form's instruction says how many options have to be ranked or graded", () => {
    assert.match(sentence("ranked", 1, 5), /^Rank one or more options\./);
    assert.match(sentence("ranked", 3, 5), /^Rank at least 3 options\./);
    assert.match(sentence("ranked", 5, 5), /^Rank all options\./);
    assert.match(sentence("rating", 1, 5), /^Grade one or more options,/);
    assert.match(sentence("rating", 2, 5), /^Grade at least 2 options,/);
    assert.match(sentence("rating", 5, 5), /^Grade all options,/);
  });

  it("the form's instruction has its number in the right plural form", () => {
    assert.match(sentence("ranked", 3, 5, 5, "pl"), /co najmniej 3 opcje:/);
    assert.match(sentence("ranked", 5, 6, 6, "pl"), /co najmniej 5 opcji:/);
    assert.match(sentence("choice", 2, 5, 5, "ar"), /خيارين/);
  });

  for (const language of languages) {
    it(`the form's instruction names the minimum in every kind of poll: ${language}`, () => {
      for (const kind of pollKinds) {
        const [any, three] = [1, 3].map(min => sentence(kind, min, 5, 5, language));
        assert.notEqual(any, three);
        assert.match(three ?? "", /3|٣/);
      }
    });
  }
});
