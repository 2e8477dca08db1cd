import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it, mock } from "node:test";
import { IntlMessageFormat } from "intl-messageformat";
import { type Language, languages } from "#lib/base/languages.ts";
import { catalogues, type WordKey, Words, wordsIn } from "./words.ts";

const keys = Object.keys(catalogues.en) as WordKey[];

type Elements = ReturnType<IntlMessageFormat["getAst"]>;

/** The values that a message takes, and its plural forms for them. */
function needs(elements: Elements): Map<string, string[] | null> {
  const found = new Map<string, string[] | null>();
  for (const element of elements) {
    if ("options" in element) {
      found.set(element.value, Object.keys(element.options));
      for (const option of Object.values(element.options)) {
        for (const [name, forms] of needs(option.value)) found.set(name, forms);
      }
    } else if ("value" in element && !isText(element)) found.set(element.value, null);
  }
  return found;
}

const isText = ({ type }: Elements[number]): boolean => type === 0;
const parse = (text: string): Elements => new IntlMessageFormat(text, "en").getAst();

describe("translations", () => {
  it("translations exist for every language, and for no other", () => {
    const files = readdirSync("reader/words").filter(file => file.endsWith(".json"));
    assert.deepEqual(files.sort(), languages.map(language => `${language}.json`).sort());
  });

  for (const language of languages) {
    const catalogue: Readonly<Record<string, string>> = catalogues[language];

    it(`translations have every key of the English one, sorted: ${language}`, () => {
      assert.deepEqual(Object.keys(catalogue), [...keys].sort());
      for (const key of keys) assert.notEqual(catalogue[key]?.trim(), "", key);
      const source = readFileSync(`reader/words/${language}.json`, "utf8");
      assert.equal(source, `${JSON.stringify(catalogue, null, 2)}\n`);
    });

    it(`translations take the same values as the English one, in all plural forms: ${language}`, () => {
      const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      for (const key of keys) {
        const original = needs(parse(catalogues.en[key]));
        const own = needs(parse(catalogue[key] ?? ""));
        assert.deepEqual([...own.keys()].sort(), [...original.keys()].sort(), key);
        for (const [name, has] of own) {
          for (const form of has ? forms : []) {
            assert.ok(has?.includes(form), `${language}.${key}: {${name}} has no form "${form}"`);
          }
        }
      }
    });
  }
});

describe("Words", () => {
  const say = (language: Language) => new Words(language, "Europe/Stockholm");

  it("Words use the plural forms of their language", () => {
    assert.equal(say("pl").say("votes", { count: 3 }), "3 głosy");
    assert.equal(say("pl").say("votes", { count: 12 }), "12 głosów");
    assert.equal(say("ar").say("votes", { count: 2 }), "صوتان");
    assert.equal(say("sv").say("ballots", { count: 0 }), "Ingen läsare har röstat ännu.");
  });

  it("Words name time zones in Europe and in America", () => {
    const at = Date.parse("2026-11-20T17:04:12Z");
    const now = at + 3 * 24 * 3_600_000;
    assert.equal(say("en").when(at, now), "20 Nov, 18:04 CET");
    assert.equal(say("en").dated(at), "20 November 2026 at 18:04 CET");
    assert.equal(new Words("en", "America/New_York").when(at, now), "Nov 20, 12:04 EST");
  });

  it("Words give the script every plural form, with # for the number", () => {
    assert.deepEqual(say("pl").pluralForms("votes"), {
      one: "# głos",
      few: "# głosy",
      many: "# głosów",
      other: "# głosów",
      exact0: "# głosów",
    });
    const forms = say("en").pluralForms("ofReaders", { share: "{share}" });
    assert.equal(forms.other, "{share} of # readers");
  });

  it("Words cache parsers and formatters", () => {
    const words = wordsIn("pl", "Europe/Warsaw");
    assert.equal(wordsIn("pl", "Europe/Warsaw"), words);
    assert.notEqual(wordsIn("pl", "UTC"), words);
    const now = Date.parse("2026-11-21T12:00:00Z");
    const everything = () => [
      words.say("votes", { count: 1_234 }),
      words.pluralForms("ballots"),
      words.when(now + 3 * 86_400_000, now),
      words.precisely(now),
      words.time(now),
      words.percent(54),
    ];
    const first = everything();
    const made = (["DateTimeFormat", "NumberFormat", "PluralRules"] as const).map(name =>
      mock.method(Intl, name),
    );
    try {
      assert.deepEqual(everything(), first);
      assert.deepEqual(
        made.map(spy => spy.mock.callCount()),
        [0, 0, 0],
      );
    } finally {
      mock.restoreAll();
    }
  });
});
