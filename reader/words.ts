/**
 * Reader-facing text: one catalogue for each language, in ICU message format; numbers, dates and plurals
 * by `Intl`.
 */
import { IntlMessageFormat } from "intl-messageformat";
import { momentIn } from "./when.ts";
import en from "./words/en.json" with { type: "json" };

export type WordKey = keyof typeof en;
export type WordValues = Readonly<Record<string, string | number>>;

const catalogues: Readonly<Record<string, Readonly<Record<WordKey, string>>>> = { en };

export class Words {
  readonly locale: string;
  readonly timeZone: string;
  readonly #catalogue: Readonly<Record<WordKey, string>>;

  constructor(locale: string, timeZone: string) {
    this.locale = locale in catalogues ? locale : "en";
    this.timeZone = timeZone;
    this.#catalogue = catalogues[this.locale] ?? en;
  }

  /** The text of `key` in this language. */
  say(key: WordKey, values: WordValues = {}): string {
    return String(new IntlMessageFormat(this.#catalogue[key], this.locale).format({ ...values }));
  }

  /**
   * A message with a `{count}` for each plural form of this language, with `#` where the number goes: for
   * scripts, which then need no message parser. `exact0` is the form for nothing at all, where the
   * catalogue has one.
   */
  pluralForms(key: WordKey, values: WordValues = {}): Readonly<Record<string, string>> {
    const rules = new Intl.PluralRules(this.locale);
    const forms: Record<string, string> = {};
    const say = (count: number) =>
      this.say(key, { ...values, count }).replace(this.number(count), "#");
    for (let count = 1; count <= 200; count++) forms[rules.select(count)] ??= say(count);
    forms.other ??= say(1_000_000);
    return { ...forms, exact0: say(0) };
  }

  /** A moment for people, with its zone, as seen from `nowMs`: "Sunday 20:00 CET". */
  when(ms: number, nowMs: number): string {
    return momentIn(this.locale, this.timeZone, ms, nowMs);
  }

  /** A time of day with seconds: "18:04:12". */
  time(ms: number): string {
    return new Intl.DateTimeFormat(this.locale, {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZone: this.timeZone,
    }).format(ms);
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.locale).format(value);
  }
}
