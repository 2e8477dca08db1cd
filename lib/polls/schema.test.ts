import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultRules } from "../model/poll-rules.ts";
import { contradictions, createPollSchema } from "./schema.ts";

const good = { question: "Yes or no?", options: [{ label: "Yes" }, { label: "No" }] };
const accepts = (change: object) => createPollSchema.safeParse({ ...good, ...change }).success;

describe("a new poll", () => {
  it("is complete with a question and two options", () => {
    const poll = createPollSchema.parse(good);
    assert.equal(poll.choicesMax, 1);
    assert.equal(poll.opensAt, undefined);
  });

  it("has its question trimmed and composed (NFC)", () => {
    const poll = createPollSchema.parse({ ...good, question: "  Cafe\u0301?  " });
    assert.equal(poll.question, "Caf\u00e9?");
  });

  const refused: readonly [string, object][] = [
    ["an empty question", { question: " " }],
    ["a question of 201 characters", { question: "x".repeat(201) }],
    ["a control character", { question: "a\u0000b" }],
    ["a lone surrogate", { question: "a\ud800b" }],
    ["one option", { options: [{ label: "Yes" }] }],
    ["51 options", { options: Array.from({ length: 51 }, (_, i) => ({ label: String(i) })) }],
    ["a field that does not exist", { color: "red" }],
    ["a prototype for a field", JSON.parse('{"__proto__": {"x": 1}, "constructor": 1}')],
    ["a slug with a slash", { slug: "a/b" }],
    ["a time without a zone", { closesAt: "2026-11-22T20:00:00" }],
    ["a number for a text", { question: 5 }],
    ["an image without words", { options: [{ label: "A", image: { url: "/a" } }, { label: "B" }] }],
    ["half a choice", { choicesMax: 1.5 }],
  ];
  for (const [what, change] of refused)
    it(`is refused with ${what}`, () => assert.ok(!accepts(change)));

  it("may give its times in any zone", () => {
    const poll = createPollSchema.parse({ ...good, closesAt: "2026-11-22T20:00:00+01:00" });
    assert.equal(poll.closesAt, Date.UTC(2026, 10, 22, 19));
  });
});

describe("contradictions", () => {
  const poll = {
    options: [{ label: "Yes" }, { label: "No" }],
    choicesMin: 1,
    choicesMax: 1,
    opensAtMs: 1_000,
    closesAtMs: 2_000,
    ...defaultRules,
  };
  const paths = (change: object) => contradictions({ ...poll, ...change }).map(({ path }) => path);

  it("are found between fields", () => {
    assert.deepEqual(paths({}), []);
    assert.deepEqual(paths({ options: [{ label: "Yes" }, { label: "YES" }] }), ["options"]);
    assert.deepEqual(paths({ choicesMin: 2 }), ["choicesMin"]);
    assert.deepEqual(paths({ choicesMax: 3 }), ["choicesMax"]);
    assert.deepEqual(paths({ closesAtMs: 1_000 }), ["closesAt"]);
    assert.deepEqual(paths({ resultsTo: "from_date" }), ["resultsFrom"]);
    assert.deepEqual(paths({ afterVote: "text" }), ["afterVoteText"]);
    assert.deepEqual(paths({ afterVote: "link" }), ["afterVoteLink"]);
  });
});
