import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { directionOf, languageOfTag, languages } from "./languages.ts";

describe("languageOfTag", () => {
  it("languageOfTag ignores region, script and case of a tag", () => {
    for (const tag of ["pt-BR", "PT", "pt-Latn-BR"]) assert.equal(languageOfTag(tag), "pt", tag);
  });

  it("languageOfTag maps the other names of Norwegian to Bokmål", () => {
    for (const tag of ["no", "nn", "nn-NO", "nb"]) assert.equal(languageOfTag(tag), "nb", tag);
  });

  it("languageOfTag is undefined for languages without words, and for no language", () => {
    for (const tag of ["ja", "", "*", "e", "eng", "constructor"]) {
      assert.equal(languageOfTag(tag), undefined, tag);
    }
  });
});

describe("directionOf", () => {
  it("directionOf is right to left for Arabic only", () => {
    assert.deepEqual(
      languages.filter(language => directionOf(language) === "rtl"),
      ["ar"],
    );
  });
});
