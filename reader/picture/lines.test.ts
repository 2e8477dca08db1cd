import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitText, wrapText } from "./lines.ts";

/** Every code point is 10 wide. */
const measure = (text: string) => [...text].length * 10;

describe("text in a picture", () => {
  it("text in a picture breaks between words, into lines of about equal length", () => {
    assert.deepEqual(wrapText("aaaa bbbb cccc dd", 150, measure), ["aaaa bbbb", "cccc dd"]);
    assert.deepEqual(wrapText("one line", 150, measure), ["one line"]);
  });

  it("text in a picture without spaces breaks between graphemes, never within one", () => {
    const family = "👨‍👩‍👧";
    for (const text of [
      "Donaudampfschifffahrtsgesellschaft",
      "旧港は車両通行止めにすべきか",
      family.repeat(9),
    ]) {
      const lines = wrapText(text, 100, measure);
      assert.equal(lines.join(""), text);
      assert.ok(lines.length > 1);
    }
    assert.ok(wrapText(family.repeat(9), 100, measure).every(line => line.startsWith(family)));
  });

  it("text in a picture is cut with an ellipsis where it does not fit", () => {
    assert.equal(fitText("short", 100, measure), "short");
    assert.equal(fitText("rather long", 80, measure), "rather…");
  });
});
