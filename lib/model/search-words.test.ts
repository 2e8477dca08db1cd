import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { searchLengthMax, searchText, searchWords } from "./search-words.ts";

describe("a search for polls", () => {
  it("a search is the same text however it is spaced, and in upper or lower case", () => {
    assert.equal(searchText("  Harbour\t\n CARS "), "harbour cars");
    assert.equal(searchText("Cafe\u0301"), "caf\u00e9");
  });

  it("a search keeps nothing that a database refuses: lone surrogates, controls, endless text", () => {
    assert.equal(searchText("a\ud800b\u0000c"), "a b c");
    assert.equal([...searchText("\u{1F6A2}".repeat(500))].length, searchLengthMax);
    assert.equal(searchText(" \u0000 "), "");
  });

  it("a search has each word once, and few of them", () => {
    assert.deepEqual(searchWords("cars and cars"), ["cars", "and"]);
    assert.deepEqual(searchWords(""), []);
    assert.equal(searchWords("a b c d e f g h").length, 6);
  });
});
