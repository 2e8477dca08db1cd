import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineOfText, linesOfText, lookOf, optionalLinesOfText } from "./written-text.ts";

const problem = (text: string, schema = lineOfText(200)) =>
  schema.safeParse(text).error?.issues[0]?.message;

describe("a text that people write", () => {
  it("a text of invisible characters alone is refused", () => {
    const invisible = [
      "\u200b\u200c\u200d",
      "\u00ad",
      "\u2060",
      "\u180e",
      "\ufeff\u200b",
      "\u034f",
      "\u3164",
      "\u115f\u1160",
      "\uffa0",
      "\u2800",
      "\ufe0f",
      "\u{e0100}",
      "\u{e0041}\u{e0042}",
      "\u200e\u200f\u061c",
      "\u2061\u2062",
      "\u0301",
      "\u20dd",
      "\u202e\u202c",
      "\u2066\u2069",
      "\u17b4",
      "\u{1d159}",
      "\ufffc",
      " \u00a0\u2003\u200b\u3000 ",
    ];
    for (const text of invisible) {
      const points = [...text].map(each => each.codePointAt(0)?.toString(16)).join(" ");
      assert.equal(problem(text), "must have at least one visible character", points);
    }
    for (const text of ["", "  ", "\u00a0", "\ufeff", "\t\n"]) {
      assert.equal(problem(text), "must not be empty", JSON.stringify(text));
    }
  });

  it("a text with one visible character passes in every script, with joiners and marks within", () => {
    const texts = [
      "1",
      "?",
      "–",
      "€",
      "👨‍👩‍👧",
      "❤️",
      "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
      "1️⃣",
      "می‌خواهم",
      "क्‍ष",
      "שלום (1)!\u200f",
      "\u2067שלום\u2069",
      "\u202bשלום\u202c (1)",
      "e\u0301",
      "สวัสดี",
      "ကြိုဆို",
      "🫩",
      "Donau\u00addampf",
    ];
    for (const text of texts) assert.equal(problem(text), undefined, text);
  });

  it("a text is refused with a control character, and with half a character under its own name", () => {
    assert.match(problem("a\u0000b") ?? "", /control characters/);
    assert.match(problem("a\u009fb") ?? "", /control characters/);
    assert.match(problem("a\ufffeb") ?? "", /control characters/);
    assert.match(problem("a\ud800b") ?? "", /half a character/);
    assert.match(problem("\udc00") ?? "", /half a character/);
  });

  it("a text is refused when it turns the text behind it around", () => {
    const texts = [
      "\u202eevil",
      "a\u202c",
      "a\u2067b",
      "\u2066\u202ea\u2069\u202c",
      "\u2069a\u2066",
    ];
    for (const text of texts) assert.match(problem(text) ?? "", /text direction/);
    assert.match(problem("\u2067a\nb\u2069", linesOfText(200)) ?? "", /text direction/);
  });

  it("a text is refused with marks piled up on one letter", () => {
    assert.match(problem(`Z${"\u0310\u0335".repeat(10)}algo`) ?? "", /marks/);
  });

  it("a line of text has no line break, and a tab is a space", () => {
    for (const text of ["a\nb", "a\r\nb", "a\u2028b", "a\u0085b"]) {
      assert.equal(problem(text), "must be on one line", JSON.stringify(text));
    }
    assert.equal(lineOfText(9).parse("\ta\tb\n"), "a b");
  });

  it("lines of text keep their breaks and paragraphs, each as one character", () => {
    assert.equal(linesOfText(99).parse("a \r\nb\r\n\r\n\r\nc\u2029d\n"), "a\nb\n\nc\nd");
  });

  it("lines of text that may be left empty are empty when they hold blanks alone", () => {
    assert.equal(optionalLinesOfText(9).parse(" \r\n\t"), "");
    assert.match(problem("\u200b", optionalLinesOfText(9)) ?? "", /visible/);
  });

  it("a text of more characters than allowed is refused, counted after tidying", () => {
    assert.equal(problem(`${"x".repeat(200)}  `), undefined);
    assert.equal(problem("x".repeat(201)), "must have at most 200 characters");
  });
});

describe("lookOf", () => {
  const alike = (a: string, b: string) => lookOf(a) === lookOf(b);

  it("lookOf is the same for texts that readers can't tell apart", () => {
    for (const other of ["YES", "Yes\u200b", "Y\u00ades", " Yes\u200f", "\ufeffYes", "Ye\u200ds"]) {
      assert.ok(alike("Yes", other), JSON.stringify(other));
    }
    assert.ok(alike("Caf\u00e9 au lait", "cafe\u0301 au\u00a0 lait"));
    assert.ok(alike("❤", "❤️"));
    assert.ok(alike("Cafe\u200b\u0301", "Café"));
  });

  it("lookOf differs for texts that look different by joiners and tags", () => {
    assert.ok(!alike("👨‍👩‍👧", "👨👩👧"));
    assert.ok(!alike("می‌خواهم", "میخواهم"));
    assert.ok(!alike("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"));
    assert.ok(!alike("x²", "x2"));
  });
});
