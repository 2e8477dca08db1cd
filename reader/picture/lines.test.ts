import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitText, wrapText } from "./lines.ts";

/** Every character is 10 wide. */
const measure = (text: string) => [...text].length * 10;

describe("lines of a picture", () => {
  it("end between words, and are about equally long", () => {
    assert.deepEqual(wrapText("aaaa bbbb cccc dd", 150, measure), ["aaaa bbbb", "cccc dd"]);
    assert.deepEqual(wrapText("one line", 150, measure), ["one line"]);
  });

  it("break what has no spaces between letters, and never within one", () => {
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

  it("lose their end where there is no room, and say so", () => {
    assert.equal(fitText("short", 100, measure), "short");
    assert.equal(fitText("rather long", 80, measure), "rather…");
  });
});
