/**
 * Moments and distances in words, the same on the server and in the reader's browser, so that nothing
 * changes its width when the script says a time in the reader's own zone. Imports nothing.
 */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** `setTimeout` and readers alike have no use for more. */
const weekdayWithinMs = 6 * dayMs;

/** Makes a formatter, or gives one that it has made before. */
type DateFormats = (locale: string, options: Intl.DateTimeFormatOptions) => Intl.DateTimeFormat;

/**
 * A formatter of moments. English of no country is that of America, which has no names for Europe's zones
 * and puts the day behind the month: there, it is British ("21 Nov, 20:00 CET", not "Nov 21, 20:00 GMT+1").
 */
export const newFormat: DateFormats = (locale, options) => {
  const zone = options.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const british = locale === "en" && zone.startsWith("Europe/");
  return new Intl.DateTimeFormat(british ? "en-GB" : locale, options);
};

/** "20:00 CET" today, "Sunday 20:00 CET" within six days, else with the date. */
export function formatMoment(
  locale: string,
  timeZone: string | undefined,
  ms: number,
  nowMs: number,
  format: DateFormats = newFormat,
) {
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = format("en-CA", { dateStyle: "short", ...zone });
  const year = (at: number) => day.format(at).slice(0, 4);
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...zone } as const;
  const zoned = { ...time, timeZoneName: "short" } as const;
  if (day.format(ms) === day.format(nowMs)) {
    return format(locale, zoned).format(ms);
  }
  if (ms > nowMs && ms - nowMs < weekdayWithinMs) {
    return format(locale, { weekday: "long", ...zoned }).format(ms);
  }
  const date = { day: "numeric", month: "short", ...zoned } as const;
  return format(locale, year(ms) === year(nowMs) ? date : { ...date, year: "numeric" }).format(ms);
}

/** "in 2 days", "in 12 minutes", "in 40 seconds"; never less than now. */
export function formatDistance(locale: string, deltaMs: number): string {
  const words = new Intl.RelativeTimeFormat(locale);
  const seconds = Math.max(0, Math.round(deltaMs / 1000));
  if (seconds < 90) return words.format(seconds, "second");
  if (seconds < 90 * 60) return words.format(Math.round(seconds / 60), "minute");
  if (seconds < 36 * 3600) return words.format(Math.round(seconds / 3600), "hour");
  return words.format(Math.round(seconds / (24 * 3600)), "day");
}
