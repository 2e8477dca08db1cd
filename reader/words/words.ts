/**
 * Reader-facing text: one catalogue for each language, in ICU message format; numbers, dates and plurals
 * by `Intl`.
 */
import { IntlMessageFormat } from "intl-messageformat";
import type { Language } from "#lib/base/languages.ts";
import ar from "./ar.json" with { type: "json" };
import da from "./da.json" with { type: "json" };
import de from "./de.json" with { type: "json" };
import en from "./en.json" with { type: "json" };
import es from "./es.json" with { type: "json" };
import fi from "./fi.json" with { type: "json" };
import { formatMoment, newFormat } from "./format-time.ts";
import fr from "./fr.json" with { type: "json" };
import it from "./it.json" with { type: "json" };
import nb from "./nb.json" with { type: "json" };
import nl from "./nl.json" with { type: "json" };
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
 * It keeps the messages that it has parsed and the formatters that it has made: both cost far more to make
 * than to use, and there are only so many. So one is shared by all pages: see `wordsIn`.
 */
export class Words {
  readonly locale: Language;
  readonly timeZone: string;
  readonly #catalogue: Readonly<Record<WordKey, string>>;
  readonly #messages = new Map<WordKey, IntlMessageFormat>();
  readonly #numbers: Intl.NumberFormat;
  readonly #percents: Intl.NumberFormat;
  readonly #dates = new Map<string, Intl.DateTimeFormat>();
  /** For each plural form of the language, a number that has it. */
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
   * A message with a `{count}` for each plural form of this language, with `#` where the number goes: for
   * scripts, which then need no message parser. `exact0` is the form for nothing at all, where the
   * catalogue has one.
   */
  pluralForms(key: WordKey, values: WordValues = {}): Readonly<Record<string, string>> {
    const say = (count: number) =>
      this.say(key, { ...values, count }).replace(this.number(count), "#");
    this.#plurals ??= pluralSamples(this.locale);
    const forms: Record<string, string> = {};
    for (const [form, count] of this.#plurals) forms[form] = say(count);
    return { ...forms, exact0: say(0) };
  }

  /** A moment for people, with its zone, as seen from `nowMs`: "Sunday 20:00 CET". */
  when(ms: number, nowMs: number): string {
    return formatMoment(this.locale, this.timeZone, ms, nowMs, this.#dateFormat);
  }

  /** A moment for whoever may look at it much later: "21 November 2026 at 18:04 CET". */
  dated(ms: number): string {
    return this.#dateFormat(this.locale, {
      day: "numeric",
      month: "long",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone: this.timeZone,
      timeZoneName: "short",
    }).format(ms);
  }

  /** A moment to the second, with its day and zone: "21 Nov, 18:04:12 CET". */
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

/** The words of this process in a language: made once, and shared by all pages. */
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
