/** The languages of readers' pages: each has a catalogue in `reader/words/`. */

export const languages = [
  "ar",
  "da",
  "de",
  "en",
  "es",
  "fi",
  "fr",
  "it",
  "nb",
  "nl",
  "pl",
  "pt",
  "sv",
] as const;

export type Language = (typeof languages)[number];

const rightToLeft: ReadonlySet<string> = new Set<Language>(["ar"]);

/** Browsers also send older codes for Norwegian. */
const otherNames: ReadonlyMap<string, Language> = new Map([
  ["no", "nb"],
  ["nn", "nb"],
]);

export function directionOf(language: Language): "ltr" | "rtl" {
  return rightToLeft.has(language) ? "rtl" : "ltr";
}

/** The language of a tag like `pt-BR`, without its region; `undefined` when there is no catalogue for it. */
export function languageOfTag(tag: string): Language | undefined {
  const base = tag.toLowerCase().split("-")[0] ?? "";
  return languages.find(language => language === base) ?? otherNames.get(base);
}
