import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  choicesFromFields,
  chosenFields,
  fieldsFromChoices,
  isWithdrawal,
  replacedRevision,
} from "./form-choices.ts";

const form = (query: string) => new URLSearchParams(query);
const ranked = { kind: "ranked" } as const;

describe("chosenFields", () => {
  it("chosenFields takes choices and fields for an option, without empty ones and others", () => {
    const fields = chosenFields(form("choice=2&choice.1=1:3&choice.3=&poll=x&choices=9"));
    assert.deepEqual(fields, ["2", "1:3"]);
  });
});

describe("choicesFromFields", () => {
  it("choicesFromFields gives the fields of a choice or rating poll as they are", () => {
    assert.deepEqual(choicesFromFields({ kind: "rating" }, ["1:5", "2:1"]), ["1:5", "2:1"]);
  });

  it("choicesFromFields sorts a ranked ballot by rank, also above nine", () => {
    assert.deepEqual(choicesFromFields(ranked, ["5:10", "7:2", "3:1"]), ["3", "7", "5"]);
  });

  it("choicesFromFields gives undefined when two options have the same rank", () => {
    assert.equal(choicesFromFields(ranked, ["1:1", "2:1"]), undefined);
  });

  it("choicesFromFields reads back the fields of a ranked ballot", () => {
    const choices = ["3", "1", "12"];
    assert.deepEqual(choicesFromFields(ranked, fieldsFromChoices(ranked, choices)), choices);
  });
});

describe("replacedRevision", () => {
  it("replacedRevision reads a whole number below the last revision", () => {
    assert.equal(replacedRevision(form("replaces=0")), 0);
    assert.equal(replacedRevision(form("replaces=65534")), 65534);
  });

  it("replacedRevision is undefined without the field, for other text and for the last revision", () => {
    for (const query of ["", "replaces=", "replaces=-1", "replaces=x", "replaces=65535"]) {
      assert.equal(replacedRevision(form(query)), undefined, query);
    }
  });
});

describe("isWithdrawal", () => {
  it("isWithdrawal needs the withdraw button and the revision that it withdraws", () => {
    assert.ok(isWithdrawal(form("withdraw=1&replaces=0")));
    assert.ok(!isWithdrawal(form("withdraw=1")));
    assert.ok(!isWithdrawal(form("replaces=0")));
  });
});
