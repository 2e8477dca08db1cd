import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultRules } from "../model/poll-rules.ts";
import { contradictions, createPollSchema, isSlug, updatePollSchema } from "./schema.ts";

const good = { question: "Yes or no?", options: [{ label: "Yes" }, { label: "No" }] };
const imageWith = (url: string, alt = "A cod") => [
  { label: "A", image: { url, alt } },
  { label: "B" },
];
const accepts = (change: object) => createPollSchema.safeParse({ ...good, ...change }).success;

describe("a new poll", () => {
  it("a new poll is complete with a question and two options", () => {
    const poll = createPollSchema.parse(good);
    assert.equal(poll.choicesMax, 1);
    assert.equal(poll.opensAt, undefined);
  });

  it("a new poll has its question trimmed and composed (NFC)", () => {
    const poll = createPollSchema.parse({ ...good, question: "  Cafe\u0301?  " });
    assert.equal(poll.question, "Caf\u00e9?");
  });

  const refused: readonly [string, object][] = [
    ["an empty question", { question: " " }],
    ["a question of 201 characters", { question: "x".repeat(201) }],
    ["a question on two lines", { question: "a\nb" }],
    ["an invisible question", { question: "\u200b" }],
    ["an invisible label", { options: [{ label: "\u3164" }, { label: "No" }] }],
    ["an invisible explanation", { description: "\u2800" }],
    ["an invisible text after the vote", { afterVoteText: "\u2060" }],
    ["invisible words for an image", { options: imageWith("/a.jpg", "\u200b") }],
    ["a label that turns the page around", { options: [{ label: "\u202eseY" }, { label: "No" }] }],
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
    it(`a new poll is refused with ${what}`, () => assert.ok(!accepts(change)));

  it("a new poll keeps the line breaks of its explanation and of its text after the vote", () => {
    const text = "First.\r\n\r\nSecond.";
    const poll = createPollSchema.parse({ ...good, description: text, afterVoteText: text });
    assert.deepEqual([poll.description, poll.afterVoteText], Array(2).fill("First.\n\nSecond."));
  });

  it("a new poll may give its times in any zone", () => {
    const poll = createPollSchema.parse({ ...good, closesAt: "2026-11-22T20:00:00+01:00" });
    assert.equal(poll.closesAt, Date.UTC(2026, 10, 22, 19));
  });
});

describe("a moment", () => {
  it("a moment is in the years 2000 to 2099", () => {
    for (const name of ["opensAt", "closesAt", "resultsFrom"]) {
      for (const text of ["2000-01-01T00:00:00Z", "2099-12-31T23:59:59Z"]) {
        assert.ok(accepts({ [name]: text }), `${name} ${text}`);
      }
      for (const text of [
        "0000-01-01T00:00:00Z",
        "0026-11-30T20:00:00Z",
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+01:00",
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
      ]) {
        assert.ok(!accepts({ [name]: text }), `${name} ${text}`);
      }
    }
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

  it("contradictions are found between fields", () => {
    assert.deepEqual(paths({}), []);
    assert.deepEqual(paths({ options: [{ label: "Yes" }, { label: "YES" }] }), ["options"]);
    assert.deepEqual(paths({ options: [{ label: "Yes" }, { label: "Yes\u200b" }] }), ["options"]);
    assert.deepEqual(paths({ options: [{ label: "Caf\u00e9" }, { label: "Cafe\u0301" }] }), [
      "options",
    ]);
    assert.deepEqual(paths({ choicesMin: 2 }), ["choicesMin"]);
    assert.deepEqual(paths({ choicesMin: 3, choicesMax: 3 }), ["choicesMin", "choicesMax"]);
    assert.deepEqual(paths({ choicesMax: 3 }), ["choicesMax"]);
    assert.deepEqual(paths({ closesAtMs: 1_000 }), ["closesAt"]);
    assert.deepEqual(paths({ resultsTo: "from_date" }), ["resultsFrom"]);
    assert.deepEqual(paths({ afterVote: "text" }), ["afterVoteText"]);
    assert.deepEqual(paths({ afterVote: "link" }), ["afterVoteLink"]);
  });
});

describe("an option's image", () => {
  const accepted = (url: string) => accepts({ options: imageWith(url) });

  it("an option's image is at https or a path on this site", () => {
    for (const url of ["https://img.example/a.jpg", "https://img.example:8443/a?b=1", "/a.jpg"]) {
      assert.ok(accepted(url), url);
    }
  });

  it("an option's image is refused elsewhere, and where it would add to the Content-Security-Policy", () => {
    const urls = [
      "http://img.example/a.jpg",
      "//img.example/a.jpg",
      "/\\img.example/a.jpg",
      "https://img.example;script-src/a",
      "https://user@img.example/a",
      "data:image/png;base64,AA",
      "javascript:alert(1)",
      "/a b.jpg",
      "a.jpg",
    ];
    for (const url of urls) assert.ok(!accepted(url), url);
  });
});

describe("an address in other letters than ASCII", () => {
  it("an address in other letters is stored in punycode and percent-encoded", () => {
    const links = {
      "https://müller.example": "https://xn--mller-kva.example/",
      "https://news.example/straße?q=ä#ö": "https://news.example/stra%C3%9Fe?q=%C3%A4#%C3%B6",
      "https://例え.テスト/道": "https://xn--r8jz45g.xn--zckzah/%E9%81%93",
    };
    for (const [typed, stored] of Object.entries(links)) {
      const poll = { ...good, afterVoteLink: typed, options: imageWith(typed) };
      const { afterVoteLink, options } = createPollSchema.parse(poll);
      assert.deepEqual([afterVoteLink, options[0]?.image?.url], [stored, stored]);
    }
    const { options } = createPollSchema.parse({ ...good, options: imageWith("/straße.jpg") });
    assert.equal(options[0]?.image?.url, "/stra%C3%9Fe.jpg");
  });

  it("an address in other letters is refused where it leaves the site, and when it gets too long", () => {
    for (const url of ["//müller.example/a", "/\\müller.example", "https://ü;script-src/a"]) {
      assert.ok(!accepts({ options: imageWith(url) }), url);
    }
    assert.ok(!accepts({ afterVoteLink: `https://a.example/${"ä".repeat(400)}` }));
  });
});

describe("the link after a vote", () => {
  const accepted = (afterVoteLink: string) => accepts({ afterVoteLink });

  it("the link after a vote is an https address, or empty", () => {
    for (const link of ["", "https://news.example/thanks?a=1#b"]) assert.ok(accepted(link), link);
  });

  it("the link after a vote is refused with another scheme, blanks or no host", () => {
    for (const link of [
      "http://news.example",
      "javascript:alert(1)",
      "https://",
      "https://a b",
      "/x",
    ]) {
      assert.ok(!accepted(link), link);
    }
  });
});

describe("isSlug", () => {
  it("isSlug is true for 1 to 80 of a-z, 0-9 and hyphens within", () => {
    for (const slug of ["a", "7", "a-b", "a--b", "x".repeat(80)]) assert.ok(isSlug(slug), slug);
  });

  it("isSlug is false for other characters, hyphens at an end and other lengths", () => {
    for (const slug of ["", "-a", "a-", "A", "ä", "a/b", "a.b", "a\n", "x".repeat(81)]) {
      assert.ok(!isSlug(slug), JSON.stringify(slug));
    }
  });
});

describe("a changed poll", () => {
  it("a changed poll has no defaults, so that a missing field changes nothing", () => {
    assert.deepEqual(updatePollSchema.parse({}), {});
    assert.deepEqual(updatePollSchema.parse({ version: 3 }), { version: 3 });
  });

  it("a changed poll tells a closing time of null from none", () => {
    assert.deepEqual(updatePollSchema.parse({ closesAt: null }), { closesAt: null });
  });

  it("a changed poll is refused with an unknown field or a version below 1", () => {
    for (const input of [{ colour: "red" }, { version: 0 }, { version: "1" }]) {
      assert.ok(!updatePollSchema.safeParse(input).success, JSON.stringify(input));
    }
  });
});
