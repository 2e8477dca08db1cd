/**
 * Reader-facing text: one catalogue for each language, in ICU message format; numbers, dates and plurals
 * by `Intl`.
 */
import { IntlMessageFormat } from "intl-messageformat";
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

  /** A moment for people, with its zone: "Sunday 22 November at 20:00 CET". */
  moment(ms: number): string {
    return new Intl.DateTimeFormat(this.locale, {
      weekday: "long",
      day: "numeric",
      month: "long",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone: this.timeZone,
      timeZoneName: "short",
    }).format(ms);
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
