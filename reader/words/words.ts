/**
 * Reader-facing text: one catalogue for each language, in ICU message format; numbers, dates and plurals
 * by `Intl`.
 */
import { IntlMessageFormat } from "intl-messageformat";
import { directionOf, type Language } from "#lib/base/languages.ts";
import ar from "./ar.json" with { type: "json" };
import da from "./da.json" with { type: "json" };
import de from "./de.json" with { type: "json" };
import en from "./en.json" with { type: "json" };
import es from "./es.json" with { type: "json" };
import fi from "./fi.json" with { type: "json" };
import { formatDated, formatMoment, newFormat } from "./format-time.ts";
import fr from "./fr.json" with { type: "json" };
import it from "./it.json" with { type: "json" };
import nb from "./nb.json" with { type: "json" };
import nl from "./nl.json" with { type: "json" };
import { isolated } from "./outcome-sentence.ts";
import pl from "./pl.json" with { type: "json" };
import pt from "./pt.json" with { type: "json" };
import sv from "./sv.json" with { type: "json" };

export type WordKey = keyof typeof en;
export type WordValues = Readonly<Record<string, string | number>>;

export const catalogues: Readonly<Record<Language, Readonly<Record<WordKey, string>>>> = {
  ar,
  da,
  de,
  en,
  es,
  fi,
  fr,
  it,
  nb,
  nl,
  pl,
  pt,
  sv,
};

/**
 * Texts of one language, with the site's time zone.
 *
 * Parsed messages and formatters are cached: both cost far more to make than to use, and their number is bounded.
 * All pages share one instance per language: see `wordsIn`.
 */
export class Words {
  readonly locale: Language;
  readonly timeZone: string;
  readonly #catalogue: Readonly<Record<WordKey, string>>;
  readonly #messages = new Map<WordKey, IntlMessageFormat>();
  readonly #numbers: Intl.NumberFormat;
  readonly #percents: Intl.NumberFormat;
  readonly #dates = new Map<string, Intl.DateTimeFormat>();
  /** A sample number for each plural form of the language. */
  #plurals: ReadonlyMap<string, number> | undefined;

  constructor(locale: Language, timeZone: string) {
    this.locale = locale;
    this.timeZone = timeZone;
    this.#catalogue = catalogues[locale];
    this.#numbers = new Intl.NumberFormat(locale);
    this.#percents = new Intl.NumberFormat(locale, { style: "percent" });
  }

  /** The text of `key` in this language. */
  say(key: WordKey, values: WordValues = {}): string {
    let message = this.#messages.get(key);
    if (!message) {
      message = new IntlMessageFormat(this.#catalogue[key], this.locale);
      this.#messages.set(key, message);
    }
    return String(message.format({ ...values }));
  }

  /**
   * A message with a `{count}`, once for each plural form, with `#` in place of the number: the script then
   * needs no message parser. `exact0` is the text for 0.
   */
  pluralForms(key: WordKey, values: WordValues = {}): Readonly<Record<string, string>> {
    const textFor = (count: number) =>
      this.say(key, { ...values, count }).replace(this.number(count), "#");
    this.#plurals ??= pluralSamples(this.locale);
    const forms: Record<string, string> = {};
    for (const [form, count] of this.#plurals) forms[form] = textFor(count);
    return { ...forms, exact0: textFor(0) };
  }

  /** A time with its zone, relative to `nowMs`: "Sunday 20:00 CET". */
  when(ms: number, nowMs: number): string {
    return formatMoment(this.locale, this.timeZone, ms, nowMs, this.#dateFormat);
  }

  /** A time with its full date, for readers much later: "21 November 2026 at 18:04 CET". */
  dated(ms: number): string {
    return formatDated(this.locale, this.timeZone, ms, this.#dateFormat);
  }

  /** A time to the second, with date and zone: "21 Nov, 18:04:12 CET". */
  precisely(ms: number): string {
    return this.#dateFormat(this.locale, {
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZone: this.timeZone,
      timeZoneName: "short",
    }).format(ms);
  }

  /** A time of day with seconds: "18:04:12". */
  time(ms: number): string {
    return this.#dateFormat(this.locale, {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZone: this.timeZone,
    }).format(ms);
  }

  /** "Ada, Ben, and Cem". */
  list(items: readonly string[]): string {
    return new Intl.ListFormat(this.locale).format(items);
  }

  number(value: number): string {
    return this.#numbers.format(value);
  }

  /** A name inside a sentence; its direction does not spread to the words around it. */
  isolated(name: string): string {
    return isolated(name, directionOf(this.locale) === "rtl");
  }

  /** A mean grade: "4.20". */
  mean(value: number): string {
    return new Intl.NumberFormat(this.locale, { minimumFractionDigits: 2 }).format(value);
  }

  /** A whole percentage: "54%", "54 %". */
  percent(share: number): string {
    return this.#percents.format(share / 100);
  }

  readonly #dateFormat = (locale: string, options: Intl.DateTimeFormatOptions) => {
    const name = locale + JSON.stringify(options);
    let format = this.#dates.get(name);
    if (!format) {
      format = newFormat(locale, options);
      this.#dates.set(name, format);
    }
    return format;
  };
}

function pluralSamples(locale: Language): ReadonlyMap<string, number> {
  const rules = new Intl.PluralRules(locale);
  const samples = new Map<string, number>();
  for (let count = 1; count <= 200; count++) {
    const form = rules.select(count);
    if (!samples.has(form)) samples.set(form, count);
  }
  if (!samples.has("other")) samples.set("other", 1_000_000);
  return samples;
}

const KEY = Symbol.for("floodgate.words");

/**
 * The shared `Words` of a language and time zone, made once per process: formats take long to make. They are kept on
 * `globalThis`, because a process may hold two copies of this module (`docs/decisions/0001-two-copies-of-lib.md`).
 */
export function wordsIn(locale: Language, timeZone: string): Words {
  const holder = globalThis as { [KEY]?: Map<string, Words> };
  holder[KEY] ??= new Map();
  const name = `${locale} ${timeZone}`;
  let words = holder[KEY].get(name);
  if (!words) {
    words = new Words(locale, timeZone);
    holder[KEY].set(name, words);
  }
  return words;
}
